# SPDX-License-Identifier: GPL-2.0-or-later
"""The time line: its events for the script that draws it, and for readers without one the few
that matter as text."""

import base64
import json
import zlib

from ..trace.event import DEVICE, KINDS, NAMES, NOTABLE
from .tags import code, escape, table, tag

MOST_EVENTS, MOST_NOTABLE, MOST_TEXT, MOST_ARROWS = 120_000, 150, 240, 5000


def cut(events):
    """(events, how many were left out). Registers go first, then what is neither notable nor a span."""
    if len(events) <= MOST_EVENTS:
        return events, 0
    kept = [one for one in events if one.kind not in ("register", "translate")]
    if len(kept) > MOST_EVENTS:
        notable = {id(one) for one in kept if one.kind in NOTABLE or one.length}
        room = MOST_EVENTS - len(notable)
        plain = [one for one in kept if id(one) not in notable]
        last = {id(one) for one in plain[-room:]} if room > 0 else set()
        kept = [one for one in kept if id(one) in notable or id(one) in last][-MOST_EVENTS:]
    return kept, len(events) - len(kept)


def lanes(events):
    """Lanes in order: waits of programs, then for each device its driver's and its own."""
    found = {}
    for one in events:
        found.setdefault((one.lane, one.side), 0)
        found[one.lane, one.side] += 1

    def rank(key):
        (device, what), side = key
        top = 0 if device == "waits" else 2 if device == "IOMMU" else 1
        last = what == "registers"
        return top, device, last, not what.startswith(("ring", "head")), what, side == DEVICE
    return sorted(found, key=rank)


class Payload:
    """Events as columns, texts once each."""

    def __init__(self, line):
        self.events, self.left_out = cut(line.events)
        self.lanes = lanes(self.events)
        numbers = {key: n for n, key in enumerate(self.lanes)}
        self.zero = self.events[0].time if self.events else 0
        jobs, texts, at = {}, {}, {id(one): n for n, one in enumerate(self.events)}
        columns = {"t": [], "n": [], "k": [], "l": [], "d": [], "j": []}
        before = self.zero
        for one in self.events:
            columns["t"].append(one.time - before)
            before = one.time
            columns["n"].append(numbers[one.lane, one.side])
            columns["k"].append(NAMES.index(one.kind))
            columns["l"].append(one.length)
            columns["d"].append(texts.setdefault(one.text[:MOST_TEXT], len(texts)))
            columns["j"].append(jobs.setdefault(one.job, len(jobs)) if one.job else -1)
        arrows = [(at[id(a)], at[id(b)]) for a, b in line.arrows if id(a) in at and id(b) in at]
        self.value = {"zero": self.zero, "kinds": KINDS, "texts": list(texts), "events": columns,
                      "lanes": [[device, what, side] for (device, what), side in self.lanes], "arrows": arrows[:MOST_ARROWS],
                      "jobs": [f"{device} ring {ring} seqno {seqno}" for device, ring, seqno in jobs]}

    def text(self):
        """For the page: base64 of zlib, which browsers unpack."""
        return base64.b64encode(zlib.compress(json.dumps(self.value, separators=(",", ":")).encode(), 6)).decode()


CONTROLS = """
<div class="controls" hidden>
<span class="filters" role="group" aria-label="kinds of events"></span>
<label class="search">find <input type="search" placeholder="seqno 7, fault, 0xffe0..." aria-label="find events"></label>
<span class="buttons"><button type="button" data-do="out" title="zoom out (-)">&minus;</button><button type="button"
data-do="in" title="zoom in (+)">+</button><button type="button" data-do="all" title="all (0)">all</button><button
type="button" data-do="next" title="next fault, finding or injected event (n)">next trouble</button> <button
type="button" data-do="fold" aria-pressed="false" title="only lanes with something in view (f)">fold lanes</button></span>
</div>
<div class="canvas" hidden><canvas tabindex="0" role="application" aria-label="time line: arrow keys move, plus and
minus zoom, n goes to the next trouble, Enter tells of the event"></canvas><div class="tip" hidden></div></div>
<p class="told" aria-live="polite" hidden></p>
"""


def section(run):
    line = run.timeline
    payload = Payload(line)
    notes = line.notes + ([f"{payload.left_out} events are left out here; the Perfetto file has all"] if payload.left_out else [])
    said = tag("ul", *(tag("li", escape(note)) for note in notes), class_="notes dim")
    if not payload.events:
        return tag("p", "There are no events with times.", class_="dim") + said
    text = tag("p", f"{len(payload.events)} events of guest and devices on one virtual clock. Wheel or +/− zooms, "
                    "dragging or arrow keys move, a click on an event shows its whole job, and what ended a wait.", class_="dim")
    data = f'<script type="application/octet-stream" id="events">{payload.text()}</script>'
    return text + CONTROLS + data + notable(payload) + said


def notable(payload):
    """What went wrong, as text."""
    found = [one for one in payload.events if one.kind in NOTABLE]
    if not found:
        return tag("p", "No fault, no finding, no error, nothing injected.", class_="dim")
    words = dict(KINDS)
    rows = [[code(f"{(one.time - payload.zero) / 1e6:.3f} ms"), tag("span", escape(words[one.kind]), class_=f"kind of-{one.kind}"),
             escape(f"{one.lane[0]} {one.lane[1]}"), code(one.text[:MOST_TEXT])] for one in found[:MOST_NOTABLE]]
    more = tag("p", f"and {len(found) - MOST_NOTABLE} more", class_="dim") if len(found) > MOST_NOTABLE else ""
    head = tag("summary", f"Faults, findings, errors and what was injected: {len(found)}")
    few = "" if len(found) < 40 else None
    return tag("details", head, table(("when", "what", "where", "event"), rows, "notable"), more, open=few)
