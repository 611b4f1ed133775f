# SPDX-License-Identifier: GPL-2.0-or-later
"""The devices' side: events.log, with the time of the virtual clock in each line, and
mischief.jsonl."""

import io
import json
import re

from .event import DEVICE, Trace, event

LINE = re.compile(r"(?:(\d+) )?puck_(gpu|cam|iommu)_(\w+) (?:([\w.-]+): )?(.*)")
# "ring 0 seqno 1 opcode 3": a word, and its number.
PAIR = re.compile(r"([a-z]\w*) (0x[0-9a-f]+|-?\d+)\b")
KINDS = {
    "doorbell": "doorbell", "cmd": "command", "translate": "translate", "dma": "dma", "fence": "fence", "irq": "irq",
    "error": "error", "skip": "error", "reset": "error", "flush": "iommu", "stale": "fault", "commit": "display",
    "vblank": "display", "flip": "display", "head_crc": "display", "head_fault": "fault", "reg_read": "register",
    "reg_write": "register", "frame": "camera", "lines": "camera", "done": "camera", "fault": "fault",
}
# More of them than a reader can use: they go first when there is too much.
COMMON = ("register", "translate")
LIMIT, MOST_BYTES = 150_000, 48 << 20


def number(text):
    return int(text, 0)


def lane_of(model, device, name, at):
    if model == "iommu":
        return "IOMMU", ""
    if "ring" in at:
        return device, f"ring {at['ring']}"
    if "head" in at:
        return device, f"head {at['head']}"
    return device, "registers" if name.startswith("reg_") else ""


def kind_of(model, name):
    if model == "iommu" and name in ("cmd", "reset"):
        return "iommu"
    if model == "gpu" and name == "reset":
        return "command"
    return KINDS.get(name, "command")


def read(path):
    """The Trace of an events.log; an empty one if there is none."""
    trace = Trace()
    if not path.exists():
        return trace
    with open(path, "rb") as log:
        skipped = path.stat().st_size - MOST_BYTES
        if skipped > 0:
            # Each translation is a line, if somebody asks for that.
            log.seek(skipped)
            log.readline()
            trace.notes.append(f"the first {skipped >> 20} MiB of the devices' log are left out")
        lines = io.TextIOWrapper(log, errors="replace")
        matches = [match for match in map(LINE.match, lines) if match]
    common = len(matches) > LIMIT
    for time, model, name, device, rest in (match.groups() for match in matches):
        kind = kind_of(model, name)
        if time is None:
            trace.timed = False
        if common and kind in COMMON:
            trace.left_out += 1
            continue
        at = {word: number(value) for word, value in PAIR.findall(rest)}
        device = device or "iommu"
        job = (device, at["ring"], at["seqno"]) if "seqno" in at and "ring" in at else None
        if model == "iommu" and kind == "iommu":
            # The name of an invalidation stands first.
            at["what"] = rest.partition(" ")[0]
        trace.events.append(event(int(time or 0), DEVICE, kind, lane_of(model, device, name, at),
                                  f"{name} {rest}", at, job=job))
    return trace


def duration(ns):
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns} ns"


def mischief(path):
    """Events of the rules that acted; a delay lasts as long as it is."""
    found = []
    if not path.exists():
        return found
    for line in path.read_text(errors="replace").splitlines():
        try:
            told = json.loads(line)
            found.append(acted(told))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue        # of a run that was cut off
    return found


def acted(told):
    what = told.get("action") or told.get("event") or "acts"
    value, device = told.get("value"), str(told["device"])
    delayed = what in ("delay", "stall") and isinstance(value, int)
    ring, seqno = told.get("ring"), told.get("seqno")
    lane = (device, f"ring {ring}") if ring is not None else (device or "IOMMU", "")
    rest = " ".join(f"{key} {item}" for key, item in told.items()
                    if key not in ("t", "device", "site", "rule", "action", "event", "value"))
    shown = f" {duration(value)}" if delayed else f" {value}" if value is not None else ""
    # That it is over is told as well, and is nothing new.
    kind = "mischief" if "action" in told else "fence"
    return event(int(told["t"]), DEVICE, kind, lane, f"rule {told['rule']}: {what}{shown} at {told['site']} {rest}".rstrip(),
                 told, value if delayed else 0, (device, ring, seqno) if seqno is not None else None)
