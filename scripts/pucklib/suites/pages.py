# SPDX-License-Identifier: GPL-2.0-or-later
"""The suite report: pages of recorded runs, opened in a browser. What stands in them
tests/tool/test_report.py looks at; here it is seen, pointed at, zoomed and printed."""

import base64
import gzip
import shutil
import time

from ..base.util import REPO, PuckError, say
from ..build import chromium
from ..report.html import compare, page
from ..report.verdict import Case
from .browser import Browser

SUITE = "report"
RUNS = REPO / "tests/tool/runs"
MANY = 100_000
EVENT = "{t} puck_gpu_dma gpu0: ring {ring} seqno {seqno} list 1 desc 0 addr 0xffe00000 len 4096\n"
HOSTILE = "</script><script>window.bad = 1</script><img src=x onerror='window.bad = 1'>"
FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
# The element that is red, and whether it can be seen in its picture.
RED = """(() => {
  const red = document.querySelector('.wrong-access rect.wrong'), picture = red.closest('svg').getBoundingClientRect();
  const box = red.getBoundingClientRect(), [r, g, b] = getComputedStyle(red).fill.match(/\\d+/g).map(Number);
  return {iova: red.closest('g').dataset.iova, red: r > 150 && r > 1.5 * g && r > 1.5 * b, wide: box.width > 3,
          inside: box.left >= picture.left && box.right <= picture.right && box.bottom <= picture.bottom,
          told: red.querySelector('title').textContent};
})()"""


class Failed(Exception):
    """What a page does not do."""


def expect(what, value, wanted=True):
    if value != wanted:
        raise Failed(f"{what}: {value!r}, and not {wanted!r}")


class Pages:
    """The pages, and the browser that shows one after the other."""

    def __init__(self, rundir, browser):
        self.rundir, self.browser = rundir, browser

    def copy(self, name):
        place = self.rundir / name
        if not place.exists():
            shutil.copytree(RUNS / name, place)
            (place / "guest-events.gz").write_bytes(gzip.compress((place / "guest-events.txt").read_bytes()))
        return place

    def show(self, path, **how):
        self.browser.open(path, **how)
        if how.get("script", True):
            self.browser.value("window.puck.ready")
            self.browser.value(FRAMES)

    def picture(self, name, **how):
        self.browser.picture(self.rundir / f"{name}.png", **how)

    def view(self, expression):
        return self.browser.value(f"(() => {{ const view = puck.view; return {expression}; }})()")

    def wrong_list(self):
        """The red access is on the picture, and nothing is complained of."""
        self.show(page.write(self.copy("edu")))
        red = self.browser.value(RED)
        expect("what is red", red["iova"], "0x5eadffff7000")
        for what in ("red", "wide", "inside"):
            expect(f"the access, {what}", red[what])
        expect("what it is about", "access-tail" in red["told"])
        hidden = "[...document.querySelectorAll('svg.mapping + .told')].every(one => one.hidden)"
        expect("nothing is told before anything is pointed at", self.browser.value(hidden))
        x, y = self.browser.value("(() => { const e = document.querySelector('rect.entry'), b = (e.scrollIntoView(), "
                                  "e.getBoundingClientRect()); return [b.left + b.width / 2, b.top + b.height / 2]; })()")
        self.browser.point("mouseMoved", x, y)
        said = "document.querySelector('svg.mapping + .told').textContent"
        expect("addresses of what is pointed at", self.browser.value(f"/^entry 0: memory 0x.*sees it at 0xec00$/.test({said})"))
        self.browser.value("document.querySelector('svg.mapping').focus()")
        self.browser.key("ArrowRight")
        expect("the next one, by key", self.browser.value(f"/^entry 1: memory 0x/.test({said})"))
        self.picture("wrong-list", whole=True)
        self.picture("wrong-list-mappings", selector="#mappings")

    def dark(self):
        self.show(page.write(self.copy("edu")), dark=True)
        dark = self.browser.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(c => c < 60)")
        expect("a dark page", dark)
        self.picture("wrong-list-dark")

    def zoom(self):
        """By wheel around the pointer, by keys, and back."""
        self.show(page.write(self.copy("late")))
        expect("events", self.view("view.data.count > 100"))
        before = self.view("view.to - view.from")
        self.browser.value("document.querySelector('canvas').scrollIntoView()")
        x, y = self.browser.value("(() => { const b = document.querySelector('canvas').getBoundingClientRect(); "
                                  "return [b.left + b.width * 0.6, b.top + 80]; })()")
        at = self.view(f"view.timeAt({x} - document.querySelector('canvas').getBoundingClientRect().left)")
        self.browser.point("mouseWheel", x, y, deltaX=0, deltaY=-300)
        self.browser.value(FRAMES)
        after = self.view("view.to - view.from")
        expect("the wheel zooms in", after < before / 2)
        expect("around the pointer", self.view(f"view.from < {at} && view.to > {at}"))
        self.browser.value("document.querySelector('canvas').focus()")
        self.browser.key("+")
        expect("the key + zooms in", self.view("view.to - view.from") < after)
        self.browser.key("0")
        expect("the key 0 shows all", self.view("view.from <= view.data.begin && view.to >= view.data.end"))
        self.late_fence()

    def late_fence(self):
        """Pointing at the stage that holds a fence back tells how long; a click shows its whole job."""
        where = self.view("(() => { const d = view.data; "
                          "const i = d.kind.findIndex((k, i) => d.names[k] === 'fence' && d.length[i] > 4e7); view.around(i); view.choose(-1); const b = view.canvas.getBoundingClientRect(); "
                          "return [b.left + view.x(d.time[i] + d.length[i] / 2), b.top + view.y(d.lane[i]) + 11]; })()")
        self.browser.value(FRAMES)
        self.browser.point("mouseMoved", *where)
        expect("the tip", self.browser.value("/completion stage: seqno 39, 50/.test(document.querySelector('.tip').textContent)"))
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.point(kind, *where, button="left", clickCount=1)
        expect("its job", self.browser.value("/job: gpu0 ring 0 seqno 39/.test(document.querySelector('#time .told').textContent)"))
        self.picture("late-fence", selector="#time")

    def filters(self):
        """Kinds are hidden and shown, and words are found."""
        self.show(page.write(self.copy("late")))
        lanes = self.view("view.shown.length")
        button = "[...document.querySelectorAll('.filters button')].find(one => one.textContent === 'scheduler')"
        self.browser.value(f"{button}.click()")
        expect("lanes of the scheduler go", self.view("view.shown.length") < lanes)
        self.browser.value(f"{button}.click()")
        expect("and come back", self.view("view.shown.length"), lanes)
        self.browser.value("(() => { const input = document.querySelector('.search input'); input.value = 'seqno 39'; "
                           "input.dispatchEvent(new Event('input')); })()")
        expect("events found", self.view("view.found.length > 5 && view.found.every(i => "
                                         "/seqno.?39/.test(view.describe(i)))"))

    def no_script(self):
        """The text is there without a script."""
        self.show(page.write(self.copy("edu")), script=False)
        self.picture("no-script")
        text = self.browser.ask("DOM.getOuterHTML", nodeId=self.browser.ask("DOM.getDocument")["root"]["nodeId"])["outerHTML"]
        for words in ("orig_nents where nents belongs", "Faults, findings, errors and what was injected", "edu_dma.c:190"):
            expect(f"'{words}'", words in text)
        expect("what needs the script is hidden", '<div class="canvas" hidden' in text)

    def many(self):
        """So many events are shown, found and zoomed into."""
        place = self.rundir / "many"
        place.mkdir(exist_ok=True)
        (place / "events.log").write_text("".join(EVENT.format(t=n * 997, ring=n % 4, seqno=n // 40) for n in range(MANY)))
        (place / "run.json").write_text("{}")
        start = time.monotonic()
        self.show(page.write(place))
        drawn = self.view("(() => { const t = performance.now(); view.draw(); return performance.now() - t; })()")
        say(f"  {MANY} events: a page of {(place / page.NAME).stat().st_size >> 10} KiB, made and shown after "
            f"{time.monotonic() - start:.1f} s, {drawn:.0f} ms a picture")
        expect("events", self.view("view.data.count"), MANY)
        self.view("(view.zoom(0.001), view.draw())")
        expect("one is found where it is drawn",
               self.view("(() => { const d = view.data, lane = d.of[view.shown[0]]; "
                         "const i = lane[d.first(lane, (view.from + view.to) / 2)]; return view.pick(view.x(d.time[i]), view.y(d.lane[i]) + 11) === i; })()"))
        self.picture("many", selector=".canvas")

    def hostile(self):
        """Nothing that a log says is run."""
        place = self.rundir / "hostile"
        shutil.copytree(self.copy("edu"), place, dirs_exist_ok=True)
        for name in ("console.log", "events.log", "output.log", "result.json"):
            text = (place / name).read_text()
            (place / name).write_text(text.replace("from an entry", HOSTILE))
        self.show(page.write(place))
        expect("a script of a log's", self.browser.value("window.bad === undefined"))

    def printed(self):
        self.show(page.write(self.copy("edu")))
        raw = base64.b64decode(self.browser.ask("Page.printToPDF", printBackground=True)["data"])
        (self.rundir / "printed.pdf").write_bytes(raw)
        expect("a PDF", raw[:5], b"%PDF-")

    def compared(self):
        path = self.rundir / "compared.html"
        path.write_text(compare.page([self.copy("late"), self.copy("edu")]))
        self.show(path)
        expect("both verdicts", self.browser.value("document.querySelectorAll('.two .verdict').length"), 2)
        self.picture("compared")


TESTS = ("wrong_list", "dark", "zoom", "filters", "no_script", "many", "hostile", "printed", "compared")


def run(_args, rundir):
    place = rundir / SUITE
    place.mkdir(parents=True, exist_ok=True)
    try:
        program = chromium.ensure()
    except PuckError as err:
        return [Case(SUITE, "pages", "skipped", f"no Chromium: {err}")]
    with Browser(program) as browser:
        cases = [one(Pages(place, browser), name) for name in TESTS]
    say(f"  screenshots: {place}")
    return cases


def one(pages, name):
    start = time.monotonic()
    try:
        getattr(pages, name)()
        wrong = pages.browser.errors()
        detail = "\n".join(wrong)
    except (Failed, PuckError) as err:
        detail = str(err)
    return Case(SUITE, name.replace("_", " "), "failed" if detail else "passed", detail, time.monotonic() - start)
