# SPDX-License-Identifier: GPL-2.0-or-later
"""What all readers of traces make: events, each with a time, a lane and a kind."""

from dataclasses import dataclass, field

GUEST, DEVICE = "guest", "device"

# Kinds in the order of a job's way: (name, what the reader is told of it).
KINDS = (
    ("submit", "ioctl"), ("resv", "dma_resv locked"), ("arm", "job armed"), ("doorbell", "doorbell"),
    ("command", "command"), ("dma", "DMA"), ("translate", "translation"), ("fault", "fault"),
    ("mischief", "injected"), ("fence", "fence"), ("irq", "interrupt"), ("signal", "fence signalled"),
    ("wait", "wait"), ("map", "mapping"), ("unmap", "unmapping"), ("sync", "sync"), ("finding", "finding"),
    ("camera", "camera"), ("display", "display"), ("sched", "scheduler"), ("iommu", "IOMMU command"),
    ("register", "register"), ("error", "error"),
)
NAMES = [name for name, _ in KINDS]
# What somebody who looks for what went wrong wants to see first.
NOTABLE = ("fault", "finding", "error", "mischief")


@dataclass
class Event:
    """`lane` is (device, what of it). With `length` it is something that lasts."""
    __slots__ = ("time", "side", "kind", "lane", "text", "at", "length", "job")
    time: int                   # ns
    side: str
    kind: str
    lane: tuple
    text: str
    at: dict                    # words of the line
    length: int
    job: tuple                  # (device, ring, seqno), as the device names it; or None


def event(time, side, kind, lane, text, at=None, length=0, job=None):
    return Event(time, side, kind, lane, text, at or {}, length, job)


@dataclass
class Trace:
    """The events of one side. `timed` is false of a log whose lines have no times."""
    events: list = field(default_factory=list)
    timed: bool = True
    left_out: int = 0
    notes: list = field(default_factory=list)
