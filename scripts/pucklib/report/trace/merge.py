# SPDX-License-Identifier: GPL-2.0-or-later
"""Both sides of a run as one time line: names, jobs, spans, and which fence ended which wait."""

import re
from dataclasses import dataclass, field

from ..names import Devices
from . import clock, guest, host
from .event import DEVICE, GUEST, event

DMA_FENCE = re.compile(r"context=(\d+) seqno=(\d+)")


@dataclass
class Timeline:
    """`events` in the order of time. `arrows` are pairs of events, from what ended a wait to it."""
    events: list = field(default_factory=list)
    arrows: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    clock: object = None
    jobs: dict = field(default_factory=dict)        # {(device, ring, seqno): {name: time}}


def read(folder, devices=None):
    """The Timeline of a run folder."""
    devices = devices or Devices.of(folder)
    ours, theirs = guest.read(folder / "guest-events.gz"), host.read(folder / "events.log")
    theirs.events += host.mischief(folder / "mischief.jsonl")
    return merge(ours, theirs, devices)


def merge(ours, theirs, devices):
    line = Timeline()
    if not theirs.timed:
        line.notes.append("the devices' log has no times: it is of an older Puck, and not on the time line")
        theirs.events = [one for one in theirs.events if one.kind == "mischief"]
    if any(one.at["name"] == "puck_dma_fault" for one in ours.events):
        # The mapper hears of each of these, and says more.
        ours.events = [one for one in ours.events if one.at["name"] != "io_page_fault"]
    name_devices(ours.events, devices)
    number_jobs(ours.events)
    line.clock = clock.fit(ours.events, theirs.events)
    tell_clock(line, ours, theirs)
    for one in ours.events:
        one.time = line.clock.of_guest(one.time) if line.clock else one.time
    tell_losses(line, ours, theirs)
    spans, line.arrows = waits(ours.events)
    line.events = sorted([*(one for one in ours.events if one.kind != "wait"), *theirs.events, *spans, *stages(theirs.events)],
                         key=lambda one: one.time)
    line.jobs = ways(line.events)
    return line


def tell_clock(line, ours, theirs):
    if line.clock:
        line.notes.append(f"guest and devices on one clock by {line.clock.pairs} bounds of jobs and frames that both tell of"
                          + (f"; {line.clock.wrong} of them disagree" if line.clock.wrong else ""))
    elif ours.events and theirs.events:
        # What is in both logs is missing: each side has its order, and the two begin together.
        shift = theirs.events[0].time - ours.events[0].time
        line.clock = clock.Clock(shift)
        line.notes.append("no job is told of by both sides: that the two begin together is a guess")


def tell_losses(line, ours, theirs):
    line.notes += theirs.notes
    if not ours.events:
        line.notes.append("nothing of the guest's kernel: it hands its events over when it ends, and this one did not, "
                          "or has no tracefs")
    if ours.left_out or theirs.left_out:
        line.notes.append(f"left out, for their number: {ours.left_out} events of the guest's, {theirs.left_out} of the devices'")


def name_devices(events, devices):
    """Lanes of the guest's are of PCI addresses; the devices have names."""
    cameras = [name for name, kind in devices.kinds.items() if kind == "puck-cam"]
    for one in events:
        where, what = one.lane
        if where == "camera" and len(cameras) == 1:
            where = cameras[0]
        one.lane = devices.name(where), what


def number_jobs(events):
    """Each event of a job gets what the device calls the job, which the doorbell tells."""
    called = {}
    for one in events:
        if one.at["name"] == "puck_doorbell":
            called[one.lane[0], one.at["ring"], one.at["job"]] = one.at["seqno"]
    for one in events:
        at = one.at
        if "ring" not in at or one.side != GUEST:
            continue
        seqno = at.get("seqno") or called.get((one.lane[0], at["ring"], at.get("job")))
        if seqno and at["name"].startswith("puck_"):
            one.job = one.lane[0], at["ring"], seqno


def waits(events):
    """([spans], [arrows]) of waits for fences, by what began and ended in one task."""
    begun, signalled, spans, arrows = {}, {}, [], []
    for one in events:
        fence = DMA_FENCE.search(one.text)
        if one.at["name"] == "dma_fence_signaled" and fence:
            signalled[fence.groups()] = one
        elif one.at["name"] == "dma_fence_wait_start" and fence:
            begun[one.at["pid"], fence.groups()] = one
        elif one.at["name"] == "dma_fence_wait_end" and fence:
            start = begun.pop((one.at["pid"], fence.groups()), None)
            span = wait_span(start or one, one.time, fence)
            spans.append(span)
            if fence.groups() in signalled:
                arrows.append((signalled[fence.groups()], span))
        elif one.kind == "wait" and one.at["name"] == "puck_cam_wait":
            spans.append(one)
    spans += [wait_span(start, events[-1].time, None) for start in begun.values()]
    return spans, arrows


def wait_span(start, end, fence):
    timeline = guest.TIMELINE.search(start.text)
    what = "a wait for " + ("{}, context {} seqno {}".format(*timeline.groups()) if timeline else start.text)
    what = what if fence else f"never ended: {what}"
    return event(start.time, GUEST, "wait" if fence else "error", start.lane, what, start.at, max(end - start.time, 1))


def stages(events):
    """What the device does with a job: works on it, and holds its fence back."""
    begun, entered, frames, spans = {}, {}, {}, []
    for one in events:
        if one.kind == "camera" and "frame" in one.at:
            frame = one.lane, one.at["frame"]
            if " begins" in one.text:
                frames[frame] = one
            elif one.text.startswith("done ") and frame in frames:
                spans.append(frame_of(frames.pop(frame), one))
        if one.kind == "command" and one.job:
            begun.setdefault(one.job, one)
        elif one.kind == "fence" and one.text.endswith(" enter"):
            entered[one.job] = one
            start = begun.pop(one.job, None)
            if start and one.time > start.time:
                spans.append(span_of(start, one, "command", "the device works on seqno {}"))
        elif one.kind == "fence" and one.text.endswith(" complete"):
            start = entered.pop(one.job, None)
            if start and one.time > start.time:
                spans.append(span_of(start, one, "fence", "in the completion stage: seqno {}"))
    return spans


def frame_of(start, end):
    length = max(1, end.time - start.time)
    return event(start.time, DEVICE, "camera", start.lane, f"frame {start.at['frame']} is written, {host.duration(length)}",
                 start.at, length)


def span_of(start, end, kind, text):
    return event(start.time, DEVICE, kind, start.lane, f"{text.format(start.job[2])}, {host.duration(end.time - start.time)}",
                 start.at, end.time - start.time, start.job)


def ways(events):
    """{job: {hop: time of its first event}}."""
    found = {}
    for one in events:
        if one.job:
            hop = one.at.get("name", "").removeprefix("puck_") if one.side == GUEST else hop_of(one)
            if hop:
                found.setdefault(one.job, {}).setdefault(hop, one.time)
    return found


def hop_of(one):
    if one.kind == "fence":
        stage = one.text.rpartition(" ")[2]
        return stage if not one.length and stage in ("enter", "complete") else None
    return "device" if one.kind == "command" else None
