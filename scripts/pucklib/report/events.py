# SPDX-License-Identifier: GPL-2.0-or-later
"""The device events of a run as an order: what, on which ring, with which seqno.

Times are left out, and so are memory addresses, so that runs of different
kernels, machines and hosts can be compared.
"""

import re
from pathlib import Path

EVENT = re.compile(r"(puck_\w+) (.*)")
# Not part of the order: when something was, by the virtual clock.
TIME = re.compile(r"\b(\w*_ns|now|deadline|t|time) ?[=:]? ?-?\d+")

ADDRESS = re.compile(r"\b0x[0-9a-f]{5,}\b")


def order(path):
    """Every Puck event of a QEMU trace log, in order."""
    path = Path(path)
    if not path.exists():
        return []
    found = []
    for line in path.read_text(errors="replace").splitlines():
        match = EVENT.search(line)
        if match:
            detail = ADDRESS.sub("@", TIME.sub(lambda m: m[1], match[2]))
            found.append(f"{match[1]} {detail}".rstrip())
    return found


def first_difference(first, second, what="event"):
    """A line about where two orders part, or None."""
    for number, (a, b) in enumerate(zip(first, second), start=1):
        if a != b:
            return f"{what} {number} is '{a}' in one run and '{b}' in the other"
    if len(first) != len(second):
        return f"{len(first)} {what}s in one run, {len(second)} in the other"
    return None
