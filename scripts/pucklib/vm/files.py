# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine finds in its run folder: disks, pictures for its camera, FIFOs.

An item is NAME:SIZE, all zeroes; NAME:y4m:SAMPLING:WxH:PICTURES, noise, the same for the same
item; or NAME:fifo.
"""

import os
import random
import re

from ..base.util import PuckError

SIZE = re.compile(r"(\d+)([KMG])")
Y4M = re.compile(r"y4m:(420|422|444|mono):([1-9]\d*)x([1-9]\d*):([1-9]\d*)")
# Samples for two pixels.
SAMPLES = {"420": 3, "422": 4, "444": 6, "mono": 2}


def parts(item):
    """NAME, and what it is."""
    name, _, kind = item.partition(":")
    if not name or "/" in name or not (kind == "fifo" or SIZE.fullmatch(kind) or Y4M.fullmatch(kind)):
        raise PuckError(f"'{item}' is no NAME:SIZE, NAME:y4m:SAMPLING:WxH:PICTURES or NAME:fifo")
    return name, kind


def make(rundir, items):
    for item in items:
        name, kind = parts(item)
        path = rundir / name
        if kind == "fifo":
            os.mkfifo(path)
        elif pictures := Y4M.fullmatch(kind):
            path.write_bytes(y4m(item, pictures[1], *map(int, pictures.groups()[1:])))
        else:
            with open(path, "wb") as f:
                f.truncate(size_bytes(kind))


def size_bytes(text):
    number, unit = SIZE.fullmatch(text).groups()
    return int(number) << {"K": 10, "M": 20, "G": 30}[unit]


def y4m(seed, sampling, width, height, count):
    noise = random.Random(seed)
    head = f"YUV4MPEG2 W{width} H{height} F30:1 Ip C{sampling}\n".encode()
    pictures = [b"FRAME\n" + noise.randbytes(width * height * SAMPLES[sampling] // 2) for _ in range(count)]
    return head + b"".join(pictures)


def shared(rundir, items):
    """The pictures, by their paths in the guest: it compares them with what its camera shows."""
    named = (parts(item) for item in items)
    return {f"puck/{name}": rundir / name for name, kind in named if kind.startswith("y4m")}


def tidy(rundir):
    """After the run nobody shall wait for a FIFO's other end."""
    for path in rundir.iterdir():
        if path.is_fifo():
            path.unlink()
