# SPDX-License-Identifier: GPL-2.0-or-later
"""The device events of a run as an order, free of times."""

import re
from pathlib import Path

EVENT = re.compile(r"(puck_\w+) (.*)")
# Not part of the order: when something was, by the virtual clock.
TIME = re.compile(r"\b(\w*_ns|now|deadline|t|time) ?[=:]? ?-?\d+")


def order(path):
    """Every Puck event of a QEMU trace log, in order."""
    path = Path(path)
    if not path.exists():
        return []
    found = []
    for line in path.read_text(errors="replace").splitlines():
        match = EVENT.search(line)
        if match:
            found.append(f"{match[1]} {TIME.sub(lambda m: m[1], match[2])}".rstrip())
    return found


def first_difference(first, second):
    """A line about where two orders part, or None."""
    for number, (a, b) in enumerate(zip(first, second), start=1):
        if a != b:
            return f"event {number} is '{a}' in one run and '{b}' in the other"
    if len(first) != len(second):
        return f"{len(first)} events in one run, {len(second)} in the other"
    return None
