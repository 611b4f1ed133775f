// SPDX-License-Identifier: GPL-2.0-or-later
// The time line, and what else moves. The page says all that matters without it.
"use strict";
(() => {
const GUTTER = 178, LANE = 22, ROW = 13, MOST_ROWS = 5, AXIS = 26, MAP = 30, REACH = 7, MOST_LINES = 300;
// Okabe and Ito's colours, which differ for all eyes; what is in trouble has a shape of its own, too.
const COLOURS = {
  submit: "#0072b2", resv: "#56b4e9", arm: "#56b4e9", doorbell: "#0072b2", command: "#009e73", dma: "#3bbf98",
  translate: "#9aa3ab", fault: "#d55e00", mischief: "#e69f00", fence: "#cc79a7", irq: "#a34c7e",
  signal: "#cc79a7", wait: "#8b95a0", map: "#56b4e9", unmap: "#2c7fb8", sync: "#7bccc4", finding: "#d55e00",
  camera: "#009e73", display: "#56b4e9", sched: "#0072b2", iommu: "#9aa3ab", register: "#b4bcc4",
  error: "#d55e00" };
const FAMILY = "system-ui, 'DejaVu Sans', sans-serif", SMALL = `11px ${FAMILY}`, BOLD = `600 11px ${FAMILY}`;
const TROUBLE = ["fault", "finding", "error", "mischief"];
const QUIET = ["register", "translate"];            // not shown unless asked for
const $ = (selector, from = document) => from.querySelector(selector);

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.onclick = async () => {
    const text = button.closest("tr").querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      button.textContent = "select it";
    }
  };
}
// A picture of a mapping tells of the part that is pointed at; arrow keys go from one to the next.
for (const picture of document.querySelectorAll("svg.mapping")) {
  const told = document.createElement("p"), parts = [...picture.querySelectorAll("rect")];
  let at = -1;
  told.className = "told"; told.setAttribute("aria-live", "polite"); told.hidden = true;
  picture.after(told);
  const tell = n => {
    if (parts[at]) parts[at].classList.remove("at");
    at = n;
    told.hidden = !parts[at];
    if (parts[at]) { parts[at].classList.add("at"); told.textContent = parts[at].querySelector("title").textContent; }
  };
  picture.onpointerover = event => { if (event.target.tagName === "rect") tell(parts.indexOf(event.target)); };
  picture.onkeydown = event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { tell((at + step + parts.length) % parts.length); event.preventDefault(); }
  };
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(one => { one.open = true; }));

async function unpack(text) {
  const raw = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

class Data {
  constructor(told) {
    const { t, n, k, l, d, j } = told.events;
    Object.assign(this, { lane: n, kind: k, length: l, text: d, job: j, count: t.length, told });
    this.time = new Float64Array(t.length);
    let now = 0;
    t.forEach((step, i) => { now += step; this.time[i] = now; });
    this.end = 1;
    this.of = told.lanes.map(() => []);             // events of each lane, in order
    this.spans = told.lanes.map(() => []);
    this.jobs = new Map();
    this.names = told.kinds.map(kind => kind[0]);
    this.trouble = [];
    for (let i = 0; i < t.length; i++) {
      (l[i] ? this.spans : this.of)[n[i]].push(i);
      this.end = Math.max(this.end, this.time[i] + l[i]);
      if (j[i] >= 0) { if (!this.jobs.has(j[i])) this.jobs.set(j[i], []); this.jobs.get(j[i]).push(i); }
      if (TROUBLE.includes(this.names[k[i]])) this.trouble.push(i);
    }
    this.stack();
    const guest = t.findIndex((_, i) => told.lanes[n[i]][2] === "guest");
    this.begin = guest < 0 ? 0 : this.time[guest];
    this.arrows = new Map();
    for (const [from, to] of told.arrows) { this.arrows.set(to, from); }
  }
  stack() {                                         // rows for what lasts, so that none covers another
    this.row = new Uint8Array(this.count);
    this.rows = this.spans.map(list => {
      const ends = [];
      for (const i of list) {
        let row = ends.findIndex(end => end <= this.time[i]);
        if (row < 0) row = ends.length < MOST_ROWS ? ends.length : ends.indexOf(Math.min(...ends));
        ends[row] = Math.max(ends[row] || 0, this.time[i] + this.length[i]);
        this.row[i] = row;
      }
      return Math.max(1, ends.length);
    });
  }
  first(list, time) {                               // of a lane's events, the first not before a time
    let low = 0, high = list.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.time[list[mid]] < time) low = mid + 1; else high = mid;
    }
    return low;
  }
  say(i) { return this.told.texts[this.text[i]]; }
}

const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
const unit = ns => UNITS.find(([size]) => Math.abs(ns) >= size) || UNITS[3];
const shown = ns => { const [size, name] = unit(ns); return `${+(ns / size).toPrecision(6)} ${name}`; };

class View {
  constructor(data) {
    Object.assign(this, { data, from: 0, to: data.end, hidden: new Set(), chosen: -1, found: null, hover: -1 });
    this.canvas = $(".canvas canvas"); this.tip = $(".tip"); this.told = $("#time .told");
    this.pen = this.canvas.getContext("2d");
    data.names.forEach((name, k) => { if (QUIET.includes(name)) this.hidden.add(k); });
    $(".canvas").hidden = $(".controls").hidden = false;
    this.pattern = this.hatch();
    this.filters(); this.events();
    this.lanes();
    if ($("header.fail") && data.trouble.length) { this.around(data.trouble[0]); this.fold(true); } else this.fit();
  }
  hatch() {
    const tile = document.createElement("canvas"); tile.width = tile.height = 6;
    const pen = tile.getContext("2d"); pen.fillStyle = "#e69f00"; pen.fillRect(0, 0, 6, 6);
    pen.strokeStyle = "#5a3d00"; pen.lineWidth = 1.4;
    pen.beginPath(); pen.moveTo(-1, 7); pen.lineTo(7, -1); pen.stroke();
    return this.pen.createPattern(tile, "repeat");
  }
  lanes() {                                         // those with anything to show
    const seen = new Set(), d = this.data;
    for (let i = 0; i < d.count; i++) {
      const inside = !this.folded || (d.time[i] <= this.to && d.time[i] + d.length[i] >= this.from);
      if (inside && !this.hidden.has(d.kind[i])) seen.add(d.lane[i]);
    }
    if (!seen.size) d.lane.forEach(lane => seen.add(lane));
    this.shown = this.data.told.lanes.map((_, n) => n).filter(n => seen.has(n));
    this.tops = new Map();
    let y = MAP + AXIS;
    for (const n of this.shown) { this.tops.set(n, y); y += this.tall(n); }
    this.height = y + 6;
    this.resize();
  }
  resize() {
    const width = this.canvas.parentElement.clientWidth, ratio = devicePixelRatio || 1;
    this.width = width; this.canvas.style.height = `${this.height}px`;
    this.canvas.width = width * ratio; this.canvas.height = this.height * ratio;
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.count();
    this.draw();
  }
  count() {                                         // events in each two pixels of the strip at the top
    const d = this.data, bins = this.bins = new Uint32Array(Math.max(1, Math.floor((this.width - GUTTER - 8) / 2)));
    for (let i = 0; i < d.count; i++) {
      if (!this.hidden.has(d.kind[i])) bins[Math.min(bins.length - 1, Math.floor(d.time[i] / d.end * bins.length))]++;
    }
  }
  x(time) { return GUTTER + (time - this.from) / (this.to - this.from) * (this.width - GUTTER - 8); }
  timeAt(x) { return this.from + (x - GUTTER) / (this.width - GUTTER - 8) * (this.to - this.from); }
  y(lane) { return this.tops.get(lane); }
  tall(lane) { return LANE + (this.data.rows[lane] - 1) * ROW; }    // what overlaps lies in rows
  laneAt(y) { return this.shown.find(n => y >= this.y(n) && y < this.y(n) + this.tall(n)); }
  set(from, to) {
    const room = Math.max(200, Math.min(to - from, this.data.end * 1.1));
    from = Math.max(-this.data.end * 0.05, Math.min(from, this.data.end * 1.05 - room));
    this.from = from; this.to = from + room; this.later();
    if (this.folded) { clearTimeout(this.folding); this.folding = setTimeout(() => this.lanes(), 150); }
  }
  fold(on = !this.folded) {
    this.folded = on;
    $("[data-do=fold]").setAttribute("aria-pressed", String(on));
    this.lanes();
  }
  later() { if (!this.asked) { this.asked = true; requestAnimationFrame(() => { this.asked = false; this.draw(); }); } }
  fit() {                                           // all of it, from where the guest has something to tell
    const room = (this.data.end - this.data.begin) * 0.01;
    this.set(this.data.begin - room, this.data.end + room);
  }
  zoom(by, time = (this.from + this.to) / 2) { this.set(time - (time - this.from) * by, time + (this.to - time) * by); }
  pan(share) { const step = (this.to - this.from) * share; this.set(this.from + step, this.to + step); }
  around(i) {                                       // an event and what belongs to it
    const mates = this.data.job[i] >= 0 ? this.data.jobs.get(this.data.job[i]) : [i], time = this.data.time;
    const low = Math.min(...mates.map(m => time[m])), high = Math.max(...mates.map(m => time[m] + this.data.length[m]));
    // Of an event that belongs to no job, its neighbours.
    const near = step => Math.abs(time[Math.max(0, Math.min(this.data.count - 1, i + step))] - time[i]);
    const room = Math.max((high - low) * 0.4, mates.length > 1 ? 0 : Math.min(near(-25), near(25)), 2e5);
    this.choose(i); this.set(low - room, high + room);
  }
  choose(i) {
    this.chosen = i;
    this.told.hidden = i < 0;
    this.told.textContent = i < 0 ? "" : this.describe(i);
    this.later();
  }
  describe(i) {
    const d = this.data, [device, what, side] = d.told.lanes[d.lane[i]], lines = [];
    const lasts = d.length[i] ? `, lasts ${shown(d.length[i])}` : "", who = side === "guest" ? "driver" : "device";
    lines.push(`${shown(d.time[i])}  ${d.told.kinds[d.kind[i]][1]}${lasts}  ·  ${device} ${what} (${who})`, d.say(i));
    if (d.arrows.has(i)) lines.push(`ended by: ${d.say(d.arrows.get(i))} at ${shown(d.time[d.arrows.get(i)])}`);
    if (d.job[i] >= 0) lines.push(`job: ${d.told.jobs[d.job[i]]}, ${d.jobs.get(d.job[i]).length} events`);
    return lines.join("\n");
  }
  next(step = 1) {
    const list = this.found || this.data.trouble;
    if (!list.length) return;
    const at = list.indexOf(this.chosen);
    this.around(list[(at + step + list.length) % list.length]);
  }
  draw() {
    const pen = this.pen, style = getComputedStyle(document.body);
    this.ink = style.color; this.soft = style.getPropertyValue("--soft"); this.dim = style.getPropertyValue("--dim");
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = SMALL; pen.textBaseline = "middle";
    this.drawRows(); this.drawAxis();
    pen.save(); pen.beginPath(); pen.rect(GUTTER, MAP + AXIS, this.width - GUTTER, this.height); pen.clip();
    const job = this.chosen >= 0 ? this.data.job[this.chosen] : -1;
    const mates = new Set(job >= 0 ? this.data.jobs.get(job) : [this.chosen]);
    const light = this.found && new Set(this.found);
    this.bright = i => light ? light.has(i) : this.chosen < 0 || mates.size < 2 || mates.has(i);
    for (const lane of this.shown) this.drawLane(lane);
    this.drawArrows(mates); this.drawJob(mates);
    pen.restore();
    this.drawMap();
  }
  drawRows() {
    const pen = this.pen;
    let before = "";
    this.shown.forEach((n, at) => {
      const [device, what, side] = this.data.told.lanes[n], y = this.y(n);
      if (at % 2) { pen.fillStyle = this.soft; pen.fillRect(0, y, this.width, this.tall(n)); }
      pen.fillStyle = this.ink; pen.textAlign = "left";
      pen.font = BOLD;
      if (device !== before) pen.fillText(this.short(device, 86), 6, y + LANE / 2, 88);
      before = device;
      pen.font = SMALL; pen.fillStyle = this.dim; pen.textAlign = "right";
      const name = device === "waits" ? this.short(what, 104) : `${this.short(what, 66)} ${side === "guest" ? "driver" : "device"}`;
      pen.fillText(name, GUTTER - 8, y + LANE / 2, 108);
    });
    pen.textAlign = "left";
  }
  short(text, room) {
    while (text.length > 3 && this.pen.measureText(text).width > room) text = text.replace(/.…?$/, "…");
    return text;
  }
  drawAxis() {
    const pen = this.pen, range = this.to - this.from, rough = range / 8, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough);
    const [size, name] = unit(Math.max(step, Math.abs(this.from) / 1e4));
    pen.font = SMALL; pen.fillStyle = this.dim; pen.strokeStyle = this.dim; pen.globalAlpha = 1;
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) {
      const x = this.x(at);
      pen.globalAlpha = 0.18;
      pen.beginPath(); pen.moveTo(x, MAP + AXIS - 4); pen.lineTo(x, this.height); pen.stroke();
      pen.globalAlpha = 1;
      pen.textAlign = "center"; pen.fillText(`${+(at / size).toFixed(6)} ${name}`, x, MAP + AXIS / 2);
    }
    pen.textAlign = "left";
  }
  drawLane(lane) {
    const d = this.data, pen = this.pen, top = this.y(lane), last = new Array(64).fill(-9);
    for (const i of d.spans[lane]) {
      const start = d.time[i], end = start + d.length[i], k = d.kind[i];
      if (end < this.from || start > this.to || this.hidden.has(k)) continue;
      const x = Math.max(this.x(start), GUTTER - 4), right = Math.min(this.x(end), this.width + 4), name = d.names[k];
      pen.globalAlpha = this.bright(i) ? (name === "mischief" ? 0.85 : 0.5) : 0.13;
      pen.fillStyle = name === "mischief" ? this.pattern : COLOURS[name];
      const alone = d.rows[lane] < 2, height = alone ? LANE - 8 : ROW - 2, y = top + 4 + d.row[i] * ROW;
      pen.fillRect(x, y, Math.max(right - x, 1), height);
      if (i === this.chosen) this.frame(x, y, Math.max(right - x, 2), height);
      if (right - x > 90 && this.bright(i)) {
        pen.globalAlpha = 1; pen.fillStyle = this.ink; pen.font = SMALL;
        pen.fillText(this.short(d.say(i), right - x - 10), x + 5, y + height / 2 + 1);
      }
    }
    const list = d.of[lane];
    for (let at = d.first(list, this.from); at < list.length && d.time[list[at]] <= this.to; at++) {
      const i = list[at], k = d.kind[i];
      if (this.hidden.has(k)) continue;
      const x = this.x(d.time[i]), bright = this.bright(i), key = bright ? k : k + 32;
      // One for each pixel and kind: the others would lie under it.
      if (x - last[key] < 0.7 && i !== this.chosen) continue;
      last[key] = x;
      this.drawMark(i, x, top, bright);
    }
    pen.globalAlpha = 1;
  }
  drawMark(i, x, top, bright) {
    const pen = this.pen, name = this.data.names[this.data.kind[i]], middle = top + LANE / 2;
    pen.globalAlpha = bright ? 1 : 0.16; pen.fillStyle = COLOURS[name];
    pen.beginPath();
    if (name === "fault" || name === "error") this.corners([x, top + 2], [x + 7, top + LANE - 4], [x - 7, top + LANE - 4]);
    else if (name === "finding" || name === "mischief")
      this.corners([x, top + 2], [x + 7, middle], [x, top + LANE - 2], [x - 7, middle]);
    else if (name === "irq" || name === "signal") pen.arc(x, middle, 3.6, 0, 7);
    else pen.rect(x - 1.3, top + 4, 2.6, LANE - 8);
    pen.fill();
    if (i === this.chosen || i === this.hover) this.frame(x - 8, top + 1, 16, LANE - 2);
  }
  corners(...points) { points.forEach(([x, y], n) => this.pen[n ? "lineTo" : "moveTo"](x, y)); }
  frame(x, y, width, height) {
    this.pen.globalAlpha = 1; this.pen.lineWidth = 1.5; this.pen.strokeStyle = this.ink;
    this.pen.strokeRect(x, y, width, height);
  }
  drawArrows(mates) {
    const d = this.data, pen = this.pen;
    const seen = [...d.arrows].filter(([to, from]) => {
      if ([to, from].some(i => !this.tops.has(d.lane[i]) || this.hidden.has(d.kind[i]))) return false;
      const x = this.x(d.time[from]), end = this.x(d.time[to] + d.length[to]);
      return Math.max(x, end) >= GUTTER && Math.min(x, end) <= this.width;
    });
    // Of many together nobody can follow one.
    const plain = seen.length > 40 ? 0.18 : 0.9;
    pen.strokeStyle = pen.fillStyle = COLOURS.signal;
    for (const [to, from] of seen.slice(0, MOST_LINES)) {
      const x = this.x(d.time[from]), end = this.x(d.time[to] + d.length[to]);
      const y = this.y(d.lane[from]) + LANE / 2, below = this.y(d.lane[to]) + LANE / 2;
      const meant = to === this.chosen || mates.has(from) || mates.has(to);
      pen.globalAlpha = meant ? 0.9 : this.chosen < 0 ? plain : 0.12;
      pen.lineWidth = 1.2; pen.beginPath(); pen.moveTo(x, y);
      pen.bezierCurveTo(x, (y + below) / 2, end, (y + below) / 2, end, below); pen.stroke();
      const tip = below < y ? 6 : -6;
      pen.beginPath(); this.corners([end, below], [end - 4, below + tip], [end + 4, below + tip]); pen.fill();
    }
    pen.globalAlpha = 1;
  }
  drawJob(mates) {
    if (mates.size < 2) return;
    const d = this.data, pen = this.pen;
    pen.strokeStyle = this.ink; pen.lineWidth = 1; pen.globalAlpha = 0.55; pen.setLineDash([3, 3]); pen.beginPath();
    [...mates].filter(i => !this.hidden.has(d.kind[i]) && this.tops.has(d.lane[i])).forEach((i, n) => {
      pen[n ? "lineTo" : "moveTo"](this.x(d.time[i]), this.y(d.lane[i]) + LANE / 2);
    });
    pen.stroke(); pen.setLineDash([]); pen.globalAlpha = 1;
  }
  drawMap() {                                       // all of the run, and where in it this is
    const d = this.data, pen = this.pen, room = this.width - GUTTER - 8, bins = this.bins;
    const at = time => Math.min(bins.length - 1, Math.floor(time / d.end * bins.length));
    const most = Math.log(1 + bins.reduce((a, b) => Math.max(a, b), 1));
    pen.fillStyle = this.dim; pen.globalAlpha = 0.6;
    bins.forEach((count, n) => {
      const height = count ? 2 + (MAP - 10) * Math.log(1 + count) / most : 0;
      pen.fillRect(GUTTER + n * 2, MAP - 4 - height, 1.6, height);
    });
    pen.globalAlpha = 1;
    for (const i of d.trouble) {
      pen.fillStyle = COLOURS[d.names[d.kind[i]]];
      pen.fillRect(GUTTER + at(d.time[i]) * 2, 1, 2, 5);
    }
    const x = GUTTER + Math.max(0, this.from / d.end) * room, right = GUTTER + Math.min(1, this.to / d.end) * room;
    pen.globalAlpha = 0.16; pen.fillStyle = "#0072b2"; pen.fillRect(x, 0, Math.max(2, right - x), MAP - 3);
    pen.globalAlpha = 1; pen.strokeStyle = "#0072b2"; pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, 0.5, Math.max(2, right - x), MAP - 4);
    pen.fillStyle = this.dim; pen.font = SMALL; pen.fillText("the whole run", 6, MAP / 2);
  }
  pick(x, y) {                                      // the event at a place of the canvas, or -1
    const lane = this.laneAt(y), d = this.data;
    if (lane === undefined || x < GUTTER) return -1;
    let best = -1, near = REACH;
    const list = d.of[lane], time = this.timeAt(x), reach = this.timeAt(x + REACH) - time;
    for (let at = d.first(list, time - reach); at < list.length && d.time[list[at]] <= time + reach; at++) {
      const i = list[at], away = Math.abs(this.x(d.time[i]) - x) - (TROUBLE.includes(d.names[d.kind[i]]) ? 2 : 0);
      if (!this.hidden.has(d.kind[i]) && away < near) { near = away; best = i; }
    }
    // Where bars lie in rows, that of the row.
    const row = d.rows[lane] < 2 ? 0 : Math.floor((y - this.y(lane) - 4) / ROW);
    for (const i of best < 0 || row > 0 ? d.spans[lane] : []) {
      const under = d.row[i] === row && d.time[i] <= time && d.time[i] + d.length[i] >= time;
      if (under && !this.hidden.has(d.kind[i])) best = i;
    }
    return best;
  }
  filters() {
    const place = $(".filters"), seen = new Set(this.data.kind);
    this.data.told.kinds.forEach(([name, words], k) => {
      if (!seen.has(k)) return;
      const button = document.createElement("button"), swatch = document.createElement("i");
      button.type = "button"; swatch.style.background = COLOURS[name];
      button.append(swatch, words); button.setAttribute("aria-pressed", String(!this.hidden.has(k)));
      button.onclick = () => {
        this.hidden.has(k) ? this.hidden.delete(k) : this.hidden.add(k);
        button.setAttribute("aria-pressed", String(!this.hidden.has(k))); this.lanes();
      };
      place.append(button);
    });
  }
  search(text) {
    const words = text.trim().toLowerCase(), d = this.data;
    if (!words) { this.found = null; this.told.hidden = true; this.later(); return; }
    const hit = d.told.texts.map(one => one.toLowerCase().includes(words));
    const kinds = d.told.kinds.map(one => one[1].toLowerCase().includes(words));
    const jobs = d.told.jobs.map(one => one.includes(words));
    this.found = [];
    for (let i = 0; i < d.count; i++) {
      if (hit[d.text[i]] || kinds[d.kind[i]] || (d.job[i] >= 0 && jobs[d.job[i]])) this.found.push(i);
    }
    this.told.hidden = false; this.told.textContent = `${this.found.length} events; Enter goes from one to the next`;
    this.later();
  }
  events() {
    const canvas = this.canvas, input = $(".search input");
    let held = null;
    addEventListener("resize", () => this.resize());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.later());
    canvas.onwheel = event => {
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan((event.deltaX || event.deltaY) / 800);
      else this.zoom(Math.exp(event.deltaY / 300), this.timeAt(Math.max(event.offsetX, GUTTER)));
      event.preventDefault();
    };
    canvas.onpointerdown = event => {
      held = { x: event.offsetX, from: this.from, to: this.to, moved: false, map: event.offsetY < MAP };
      canvas.setPointerCapture(event.pointerId);
    };
    canvas.onpointermove = event => {
      if (!held) { this.point(event); return; }
      const step = event.offsetX - held.x;
      held.moved ||= Math.abs(step) > 3;
      if (held.map) this.centre(event.offsetX);
      else if (held.moved) {
        const time = step / (this.width - GUTTER - 8) * (held.to - held.from);
        this.set(held.from - time, held.to - time);
      }
    };
    canvas.onpointerup = event => {
      if (held && !held.moved && held.map) this.centre(event.offsetX);
      else if (held && !held.moved) this.choose(this.pick(event.offsetX, event.offsetY));
      held = null;
    };
    canvas.onpointerleave = () => { this.tip.hidden = true; };
    canvas.ondblclick = event => { const i = this.pick(event.offsetX, event.offsetY); if (i >= 0) this.around(i); };
    canvas.onkeydown = event => {
      const keys = {
        ArrowLeft: () => this.pan(-0.15), ArrowRight: () => this.pan(0.15), "+": () => this.zoom(0.6),
        "=": () => this.zoom(0.6), "-": () => this.zoom(1.6), 0: () => this.fit(), f: () => this.fold(),
        n: () => this.next(1), p: () => this.next(-1), Enter: () => this.step(1), " ": () => this.step(1),
        Escape: () => this.choose(-1) };
      if (keys[event.key] && !event.ctrlKey && !event.metaKey) { keys[event.key](); event.preventDefault(); }
    };
    $(".buttons").onclick = event => {
      const todo = {
        in: () => this.zoom(0.5), out: () => this.zoom(2), all: () => { this.choose(-1); this.fit(); },
        next: () => this.next(1), fold: () => this.fold() }[event.target.dataset.do];
      if (todo) todo();
    };
    input.oninput = () => this.search(input.value);
    input.onkeydown = event => { if (event.key === "Enter") this.next(event.shiftKey ? -1 : 1); };
  }
  step(by) {                                        // to the next event of the same lane, for the keyboard
    const d = this.data, list = this.chosen < 0 ? d.of[this.shown[0]] : d.of[d.lane[this.chosen]];
    const at = this.chosen < 0 ? d.first(list, this.from) - 1 : list.indexOf(this.chosen), i = list[at + by];
    if (i === undefined) return;
    this.choose(i);
    const room = (this.to - this.from) / 2;
    if (d.time[i] < this.from || d.time[i] > this.to) this.set(d.time[i] - room, d.time[i] + room);
  }
  centre(x) {
    const time = (x - GUTTER) / (this.width - GUTTER - 8) * this.data.end, room = (this.to - this.from) / 2;
    this.set(time - room, time + room);
  }
  point(event) {
    const i = this.pick(event.offsetX, event.offsetY);
    if (i !== this.hover) { this.hover = i; this.later(); }
    this.tip.hidden = i < 0;
    if (i < 0) return;
    this.tip.textContent = this.describe(i);
    this.tip.style.top = `${event.offsetY + 16}px`;
    const left = event.offsetX > this.width / 2;
    this.tip.style.left = left ? "" : `${event.offsetX + 12}px`;
    this.tip.style.right = left ? `${this.width - event.offsetX + 12}px` : "";
  }
}

const packed = $("#events");
async function start() {
  if (!packed) return false;
  window.puck.view = new View(new Data(await unpack(packed.textContent)));
  return true;
}

window.puck = {};
window.puck.ready = start();
})();
