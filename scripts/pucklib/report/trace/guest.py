# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's side: what its kernel's trace points have noted, as test-images/initramfs/trace
hands it over."""

import re
import zlib

from .event import GUEST, Trace, event

LINE = re.compile(r"\s*(.+)-(\d+)\s+(?:\([^)]*\)\s+)?\[\d+\]\s+(?:[^\s:]{4,6}\s+)?(\d+)\.(\d+): (\w+): (.*)")
PAIR = re.compile(r"(\w+)=(0x[0-9a-f]+|-?\d+)\b")
TIMELINE = re.compile(r"timeline=(.*) context=(\d+) seqno=(\d+)")
DEVICE = re.compile(r"(?:dev=)?((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b")
FIRST = re.compile(r"(\S+)")
LOST = re.compile(r"CPU:\d+ \[LOST (\d+) EVENTS\]")
# What a run's buffers hold at most, as text, several times over.
ALL = "all:"
MOST_BYTES = 64 << 20
KINDS = {
    "puck_submit": "submit", "puck_resv": "resv", "puck_job_arm": "arm", "puck_doorbell": "doorbell",
    "puck_fence_signal": "signal", "puck_error": "error", "puck_skip": "error", "puck_reset": "error",
    "irq_handler_entry": "irq", "dma_fence_signaled": "signal", "dma_fence_wait_start": "wait",
    "dma_fence_wait_end": "wait", "dma_map_sg": "map", "dma_map_page": "map", "dma_map_phys": "map",
    "dma_unmap_sg": "unmap", "dma_unmap_page": "unmap", "dma_unmap_phys": "unmap", "puck_dma_map": "map",
    "puck_dma_unmap": "unmap", "puck_dma_sync": "sync", "puck_dma_finding": "finding", "puck_dma_fault": "fault",
    "io_page_fault": "fault", "puck_display_commit": "display", "puck_display_flip": "display",
    "puck_display_written": "display", "puck_cam_error": "error", "puck_cam_wait": "wait",
    "puck_iommu_command": "iommu",
}


def unpacked(path):
    """The text of a gzip file, as far as it goes: a guest that died did not end it."""
    if not path.exists():
        return ""
    try:
        return zlib.decompressobj(wbits=31).decompress(path.read_bytes(), MOST_BYTES).decode(errors="replace")
    except (zlib.error, OSError):
        return ""


def kind_of(name):
    if name in KINDS:
        return KINDS[name]
    return "camera" if name.startswith("puck_cam_") else "sched" if name.startswith("drm_") else "map" \
        if name.startswith("puck_share") else "command"


def lane_of(name, rest, at, task):
    """(device, what of it); of a PCI address, which the reader of both sides gives its name."""
    if name.startswith("dma_fence_wait") or name == "puck_cam_wait":
        return "waits", task
    if name.startswith("dma_") and not name.startswith("dma_fence"):
        # The device stands first, whatever bus it is on.
        return FIRST.match(rest)[1], "DMA API"
    fence, device = TIMELINE.search(rest), DEVICE.search(rest)
    if name in ("irq_handler_entry", "dma_fence_signaled", "puck_fence_signal") or fence:
        ring = re.search(r"\bring ?=?(\d+)", fence[1] if fence else rest)
        where = device[1] if device else "camera" if "puck-cam" in rest else "fences"
        if name == "irq_handler_entry" and where == "fences":
            return "interrupts", ""
        return where, f"ring {ring[1]}" if ring else fence[1] if fence else "interrupts"
    if device and "ring" in at:
        return device[1], f"ring {at['ring']}"
    if name.startswith("puck_display") and "head" in at:
        return "display", f"head {at['head']}"
    if name.startswith("puck_cam"):
        return "camera", ""
    if name.startswith("drm_"):
        return (device[1], "scheduler") if device else ("scheduler", "")
    return (device[1] if device else "kernel"), "DMA API" if "dma" in name else ""


def read(path):
    """The Trace of a run; times are the guest's own (CLOCK_MONOTONIC), in ns."""
    trace, first = Trace(), []
    for line in unpacked(path).splitlines():
        match = LINE.match(line)
        if not match:
            lost = LOST.search(line)
            trace.left_out += int(lost[1]) if lost else 0
            if line == ALL:
                first, trace.events = trace.events, []
            continue
        task, pid, seconds, part, name, rest = match.groups()
        at = {word: int(value, 16 if value.startswith("0x") else 10) for word, value in PAIR.findall(rest)}
        at["name"], at["pid"] = name, pid
        trace.events.append(event(int(seconds) * 10**9 + int(part.ljust(9, "0")), GUEST, kind_of(name),
                                  lane_of(name, rest, at, f"{task.strip()} {pid}"), f"{name} {rest}", at))
    # What led to the first finding, as far as it is not among all the rest.
    begin = min((one.time for one in trace.events), default=0)
    trace.events += [one for one in first if one.time < begin or not begin]
    trace.events.sort(key=lambda one: one.time)
    return trace
