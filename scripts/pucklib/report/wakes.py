# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a fence takes from the renderer to a program of the guest: out of QEMU's trace.

test-images/bench/wake.c makes the marks, and says which. A line of Puck's begins with the time of the virtual
clock, which is the host's CLOCK_MONOTONIC less when the machine began to run; with QEMU's own, which has that of
the day alone, it shares the second time stamp of the line (-msg timestamp=on).
"""

import collections
import re
import statistics
from dataclasses import asdict, dataclass

# puck_cam.h's FORMATS, STATUS, VERSION, of a camera that nobody else reads
MARKER = "mark"
BEGIN, POLL, AWAKE = 0x18, 0xc, 0x4
SUBMIT = 42             # puck_render3d.h
# Of puck-gpu, and of QEMU's virtio-gpu-gl, whose fences virglrenderer calls back about when QEMU asks it.
EVENTS = ["puck_cam_reg_read", "puck_gpu_render", "puck_gpu_irq"]
QEMU_EVENTS = ["virtio_gpu_fence_resp", "virtio_notify"]

LINE = re.compile(r"(?:(?P<ns>\d+) )?(?:\d+@(?P<s>\d+)\.(?P<us>\d{6}):)?(?P<event>[a-z]\w+) (?P<rest>.*)")
MARK = re.compile(rf"{MARKER}: addr 0x([0-9a-f]+) size 4 ")
RENDER = re.compile(rf"\S+: ring \d+ seqno \d+ opcode {SUBMIT} is done, error 0, age_ns (-?\d+)")


@dataclass
class Wake:
    """A fence, in nanoseconds of one clock."""
    begin: int          # the program is about to submit
    poll: int = 0       # it has, and is about to wait
    callback: int = 0   # virglrenderer says that the fence has signalled
    device: int = 0     # the device knows; of virtio-gpu-gl that is one with the callback
    sent: int = 0       # its interrupt is sent
    awake: int = 0      # the program goes on
    again: int = 0      # it has made the same mark once more

    def whole(self):
        stamps = [self.begin, self.callback, self.device, self.sent, self.awake, self.again]
        return all(stamps) and self.poll > 0 and stamps == sorted(stamps)


# What is told of each: its name, from where to where.
STAGES = [("callback to device", "callback", "device"), ("device to interrupt sent", "device", "sent"),
          ("interrupt sent to program awake", "sent", "awake"), ("callback to program awake", "callback", "awake"),
          ("a mark", "awake", "again")]
WHOLE = "callback to program awake"
# And of all turns, of those as well that nobody slept in.
TURN = "submission to end, all turns"


def stamps(lines):
    """(when, event, the rest) of each line, when by the virtual clock.

    A line's time of the day is taken first, and a thread may have to wait before it takes the other one: so
    the least distance of the two clocks is the true one.
    """
    found = [line for line in map(LINE.fullmatch, (text.rstrip("\n") for text in lines)) if line]
    apart = min((int(line["ns"]) - day_of(line) for line in found if line["ns"] and line["s"]), default=None)
    for line in found:
        if line["ns"]:
            yield int(line["ns"]), line["event"], line["rest"]
        elif line["s"] and apart is not None:
            yield day_of(line) + apart, line["event"], line["rest"]


def day_of(line):
    return int(line["s"] + line["us"]) * 1000


class Reader:
    """Takes the events of a trace, and has the fences that are whole."""

    def __init__(self):
        self.wakes, self.early, self.left_out = [], [], 0
        self.now = None         # the fence in work

    def event(self, stamp, name, rest):
        mark = MARK.match(rest) if name == "puck_cam_reg_read" else None
        wake = self.now
        if mark:
            self.mark(int(mark[1], 16), stamp)
        elif not wake or wake.awake:
            return
        elif name == "puck_gpu_render":
            done = RENDER.fullmatch(rest)
            if done and not wake.device:
                wake.device, wake.callback = stamp, stamp - int(done[1])
        elif name == "virtio_gpu_fence_resp" and not wake.device:
            wake.device = wake.callback = stamp
        elif name in ("puck_gpu_irq", "virtio_notify") and wake.device and not wake.sent:
            wake.sent = stamp

    def mark(self, addr, stamp):
        if addr == BEGIN:
            self.left_out += self.now is not None
            self.now = Wake(stamp)
        elif self.now and addr == POLL:
            self.now.poll = stamp
        elif self.now and addr == AWAKE:
            if not self.now.awake:
                self.now.awake = stamp
            else:
                self.now.again = stamp
                self.end()

    def end(self):
        wake, self.now = self.now, None
        if not wake.whole():
            self.left_out += 1
        elif wake.callback < wake.poll:
            # The program was not asleep.
            self.early.append(wake)
        else:
            self.wakes.append(wake)


def read(lines):
    reader = Reader()
    for one in stamps(lines):
        reader.event(*one)
    return reader


def spans(wakes, start, end):
    """Microseconds, in the fences' order."""
    return [(getattr(wake, end) - getattr(wake, start)) / 1000 for wake in wakes]


def turns(reader):
    """What they took, microseconds."""
    return spans([*reader.wakes, *reader.early], "begin", "awake")


def percentile(values, part):
    """The least of them that so many per cent are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)]


def bucket(value):
    """Which power of two it is not below: 0 for what is less than two."""
    return max(0, int(value).bit_length() - 1)


def histogram(values):
    """[(the least and the end of a bucket, how many)], from the first that has one to the last."""
    counts = collections.Counter(map(bucket, values))
    return [(1 << at if at else 0, 2 << at, counts[at]) for at in range(min(counts), max(counts) + 1)] if counts else []


BAR = 40


def show(values):
    """A histogram as lines of text."""
    rows = histogram(values)
    most = max((count for _, _, count in rows), default=0)
    return [f"  {least:7} to {end:7} us {count:6} {'#' * -(-count * BAR // most)}".rstrip() for least, end, count in rows]


def table(wakes, whole):
    """A row for each stage, microseconds, and one for what whole turns took. Of virtio-gpu-gl the first stage is none."""
    rows = [(name, spans(wakes, start, end)) for name, start, end in STAGES]
    lines = [f"  {'':34} {'count':>6} {'median':>9} {'p95':>9} {'p99':>9} {'max':>9}"]
    for name, values in [*rows, (TURN, whole)]:
        if not any(values):
            continue
        cells = [statistics.median(values), percentile(values, 95), percentile(values, 99), max(values)]
        lines.append(f"  {name:34} {len(values):6} " + " ".join(f"{cell:9.1f}" for cell in cells))
    return lines


def raw(reader):
    """All stamps, for other programs."""
    return {"fences": [asdict(wake) for wake in reader.wakes], "early": [asdict(wake) for wake in reader.early],
            "left_out": reader.left_out}
