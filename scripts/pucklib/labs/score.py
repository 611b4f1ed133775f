# SPDX-License-Identifier: GPL-2.0-or-later
"""A graded answer told: to the learner, and to a teacher's programs (docs/labs.rst)."""

import re
import textwrap

from ..base.util import version
from . import grade

SCHEMA = "puck-lab-1"
WIDTH = 100
FIRST = "      "
# Lines of what was seen that are shown of a point; the log has them all.
MOST = 8


def show(lab, turn):
    """A line for each point; below one that is lost what was seen, and its hint."""
    for warning in turn.warnings:
        print(f"warning    {warning}")
    if turn.broken:
        print(turn.broken)
    for outcome in turn.outcomes:
        point = outcome.point
        print(f"{'ok' if outcome.reached else 'LOST':4}  {point.worth:2}  {point.id:16} {point.title}")
        if not outcome.reached and not turn.broken:
            show_why(outcome, turn.lines)
    print(f"lab {lab.number}, {lab.title}: {grade.score(turn.outcomes)} of {lab.total} points")


def show_why(outcome, lines):
    for text in outcome.seen[:MOST]:
        wrapped("seen  ", text)
    if len(outcome.seen) > MOST:
        wrapped("      ", f"and {len(outcome.seen) - MOST} lines more")
    for group in outcome.findings:
        wrapped("found ", f"{group.first.kind}: {group.first.text}")
        for role, place in places(group, lines):
            wrapped("      ", f"{role:8} {place}")
    wrapped("hint  ", outcome.point.hint)


def wrapped(head, text):
    print(textwrap.fill(text, WIDTH, initial_indent=FIRST + head, subsequent_indent=FIRST + " " * len(head),
                        break_long_words=False, break_on_hyphens=False))


def places(group, lines):
    """(role, function and line) of the calls of the learner's that a finding names."""
    found = []
    for role, site in group.first.sites.items():
        function, line = lines.place(group.callers(role)[0], role, group.first.kind) if lines else (site.function, None)
        found.append((role, f"{function}() {short(line) if line else ''}".strip()))
    return found


def short(line):
    """Of a file in the cache's tree the part that the learner knows."""
    return re.sub(r"\S*/own-[0-9a-f]+/src/", "", line)


def collect(lab, turn, seed, folder):
    """What is written with --json."""
    return {
        "schema": SCHEMA, "puck": version(), "lab": lab.number, "name": lab.name, "title": lab.title,
        "folder": str(folder), "seed": seed, "kernel": turn.kernel, "run_folder": str(turn.rundir),
        "result": result(turn), "score": grade.score(turn.outcomes), "of": lab.total,
        "build": {"ok": not turn.broken, "errors": turn.broken, "warnings": turn.warnings},
        "trouble": turn.trouble or None,
        "points": [one(outcome, turn) for outcome in turn.outcomes],
        "seconds": {step: round(seconds, 1) for step, seconds in turn.seconds.items()},
    }


def result(turn):
    """`error` says nothing about the answer."""
    if turn.trouble:
        return "error"
    return "fail" if grade.lost(turn.outcomes) else "pass"


def one(outcome, turn):
    point = outcome.point
    return {"id": point.id, "title": point.title, "worth": point.worth, "reached": outcome.reached,
            "seen": outcome.seen, "hint": None if outcome.reached else point.hint,
            "findings": [{"class": group.first.kind, "text": group.first.text,
                          "places": dict(places(group, turn.lines))} for group in outcome.findings]}
