# SPDX-License-Identifier: GPL-2.0-or-later
"""The host half of a lab's grader: which points an answer has, from what the guest and its kernel said.

The program in the guest says of each point whether it is reached, and above it what was
seen. What puck-dma finds, and what the kernel and the IOMMU complain of, loses the point
that lays claim to it in the lab's file, or else the last one.
"""

import re
from dataclasses import dataclass, field

from ..report import findings, verdict
from .lab import CLEAN

RESULT = re.compile(r"^(not ok|ok) \d+ ([a-z][a-z0-9-]*)\s*$")
NOTE = re.compile(r"^# (?!Totals: )(.*)$")
# What an access that the IOMMU has refused leaves in the log besides the mapper's finding.
ACCESS = "access-"


@dataclass
class Outcome:
    """Of one point; `seen` are lines on why it is lost."""
    point: object
    reached: bool
    seen: list = field(default_factory=list)
    findings: list = field(default_factory=list)        # report.findings.Group


def told(output):
    """{point: (reached, notes)} of what the program in the guest said, and the notes behind the last of them."""
    found, notes = {}, []
    for line in output.splitlines():
        result, note = RESULT.match(line), NOTE.match(line)
        if result:
            found[result[2]] = (result[1] == "ok", notes)
            notes = []
        elif note:
            notes.append(note[1])
    return found, notes


def judge(points, output, console, end=""):
    """An Outcome for each of a lab's points. `end` is why the program, or the guest, came to no end."""
    said, left = told(output)
    outcomes = [from_guest(point, said, [*left, *([end] if end else [])]) for point in points]
    complaints = verdict.check_console(console)
    groups = [group for group in findings.grouped(console) if any(group.first.text in text for text in complaints)]
    for group in groups:
        outcome = claimant(outcomes, lambda point: group.first.kind in point.findings)
        outcome.findings.append(group)
        outcome.reached = False
    # The refused access that the mapper has explained is not told again.
    explained = any(group.first.kind.startswith(ACCESS) for group in groups)
    for text in complaints:
        if findings.parse(text) or findings.MORE.search(text) or (explained and verdict.FAULT.search(text)):
            continue
        outcome = claimant(outcomes, lambda point: point.console and re.search(point.console, text))
        outcome.seen.append(text)
        outcome.reached = False
    return outcomes


def from_guest(point, said, why):
    if point.by == "host":
        return Outcome(point, True)
    if point.id not in said:
        return Outcome(point, False, ["it was not come to", *why])
    reached, notes = said[point.id]
    return Outcome(point, reached, [] if reached else list(notes))


def claimant(outcomes, fits):
    """The first whose point lays claim to a complaint; else that of the last point."""
    for outcome in outcomes:
        if outcome.point.id != CLEAN and fits(outcome.point):
            return outcome
    return outcomes[-1]


def lost(outcomes):
    return tuple(outcome.point.id for outcome in outcomes if not outcome.reached)


def score(outcomes):
    return sum(outcome.point.worth for outcome in outcomes if outcome.reached)
