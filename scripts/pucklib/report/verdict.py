# SPDX-License-Identifier: GPL-2.0-or-later
"""Judging a run: splats and faults on the console, KTAP results.

A guest program announces what it is about to provoke, in the kernel log:

    puck-expect: begin <regular expression>
    puck-expect: end

Inside such a bracket a splat is accepted when one of its lines matches.
"""

import re
import traceback
from dataclasses import dataclass, field

from ..base.util import PuckError, say

STAMP = re.compile(r"^(<\d+>)?\[\s*\d+\.\d+\](\[[^]]*\])? ?")
CUT, END_TRACE = "[ cut here ]", "---[ end trace"

SPLATS = [re.compile(p) for p in (
    r"\bWARNING: ", r"\bBUG: ", r"\bBUG at ", r"Oops: ", r"general protection fault", r"Kernel panic",
    r"Unable to handle kernel", r"INFO: (?!lockdep is turned off)(task|rcu|possible|inconsistent|trying)",
    r"possible (circular|recursive) locking", r"inconsistent lock state", r"suspicious RCU usage",
    r"sleeping function called from invalid context", r"scheduling while atomic", r"held lock freed",
    r"bad unlock balance", r"DMA-API: (?!debugging (enabled|disabled)|preallocated|dma_debug)",
    r"refcount_t: ", r"UBSAN: ", r"KASAN: ", r"KFENCE: ", r"kmemleak: \d+ new suspected", r"kmemleak: .* disabled",
    r"unreferenced object", r"ODEBUG: (?!selftest)", r"list_(add|del) corruption", r"rcu:.*detected.*stall",
    r"soft lockup", r"workqueue lockup", r"swiotlb buffer is full", r"DMAR: .*fault", r"nobody cared",
    r"Trying to vfree", r"Bad page state", r"Freeing alive", r"unexpectedly still has",
    r"virtio_iommu.*\bfault from EP\b", r"puck-dma \S+: finding: ",
)]
FAULT = re.compile(r"puck[-_]iommu.*\b(fault|blocked)\b", re.I)
# Lines of a healthy boot that look like one of the above.
HARMLESS = re.compile(r"Kprobe smoke test|kmemleak: Kernel memory leak detector init|Warning: unable to open an initial"
                      r"|fault_injection|FAULT_INJECTION|page_fault|default_?fault|DMAR-IR")
EXPECT = re.compile(r"puck-expect: (begin|end)\s*(.*)")


def units(console):
    """The console as units: single lines, and whole 'cut here' blocks."""
    block = None
    for line in console.splitlines():
        text = STAMP.sub("", line).rstrip()
        if CUT in text:
            if block:
                yield block
            block = [text]
        elif block is not None:
            block.append(text)
            if END_TRACE in text or len(block) > 200:
                yield block
                block = None
        else:
            yield [text]
    if block:
        yield block


def complaint(unit):
    """The line of a unit that makes it a finding, or None."""
    for text in unit:
        if HARMLESS.search(text):
            continue
        if FAULT.search(text) or any(p.search(text) for p in SPLATS):
            return text
    return None


def matches(pattern, unit):
    try:
        return any(re.search(pattern, text) for text in unit)
    except re.error:
        return any(pattern in text for text in unit)


def check_console(console):
    """Splats and faults that nobody asked for."""
    findings, allowed = [], []
    for unit in units(console):
        expect = EXPECT.search(unit[0])
        if expect:
            if expect[1] == "begin":
                allowed.append(expect[2].strip())
            elif allowed:
                allowed.pop()
            continue
        text = complaint(unit)
        if text and not any(matches(pattern, unit) for pattern in allowed):
            findings.append(text)
    if allowed:
        findings.append(f"'puck-expect: begin {allowed[-1]}' was never ended")
    return findings


@dataclass
class Case:
    suite: str
    name: str
    result: str                 # passed, failed, error, skipped, or note
    detail: str = ""
    seconds: float = 0.0


def guarded(run, suite, name):
    """The cases of run(); that it cannot run is an error, never silence."""
    try:
        return run()
    except PuckError as err:
        say(f"error: {err}")
        if err.code == 3:
            raise
        return [Case(suite, name, "error", str(err))]
    except Exception:                                   # noqa: a bug of ours must not read as a pass
        case = Case(suite, name, "error", traceback.format_exc())
        say(case.detail)
        return [case]


RESULT = re.compile(r"^(\s*)(ok|not ok)\s+(\d+)\s*(?:-\s*)?(.*?)(?:\s*#\s*(SKIP|TODO|skip|todo)\b\s*(.*))?$")
PLAN = re.compile(r"^(\s*)1\.\.(\d+)(?:\s*#\s*(?:SKIP|skip)\s*(.*))?\s*$")


@dataclass
class Level:
    """What is known of one indentation depth while parsing."""
    indent: int
    planned: int = None
    seen: int = 0
    cases: list = field(default_factory=list)


def parse_ktap(text, suite):
    """Leaf results of (nested) KTAP or TAP 13; a broken plan is a failure."""
    levels, notes = [Level(0)], []
    for line in text.splitlines():
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            level = at_level(levels, len(plan[1]))
            level.planned = int(plan[2])
            if plan[3] is not None and level.planned == 0:
                level.cases.append(Case(suite, suite, "skipped", plan[3]))
        elif result:
            take_result(levels, result, suite, notes)
            notes = []
        elif line.strip().startswith("#"):
            notes.append(line.strip()[1:].strip())
    while len(levels) > 1:
        fold(levels)
    close(levels[0], suite)
    return levels[0].cases


def at_level(levels, indent):
    while len(levels) > 1 and levels[-1].indent > indent:
        fold(levels)
    if levels[-1].indent < indent:
        levels.append(Level(indent))
    return levels[-1]


def fold(levels):
    """A subtest whose parent result never came: keep its cases."""
    child = levels.pop()
    close(child, "subtest")
    levels[-1].cases += child.cases


def close(level, name):
    if level.planned is not None and level.seen < level.planned:
        level.cases.append(Case(name, "plan", "failed", f"{level.planned} tests planned, {level.seen} reported"))


def take_result(levels, match, suite, notes):
    indent, good, name = len(match[1]), match[2] == "ok", match[4].strip() or f"test {match[3]}"
    children = []
    while levels[-1].indent > indent:
        child = levels.pop()
        close(child, name)
        children = child.cases + children
    level = at_level(levels, indent)
    level.seen += 1
    if children:
        for case in children:
            case.name = f"{name}.{case.name}"
        level.cases += children
        if not good and not any(c.result == "failed" for c in children):
            level.cases.append(Case(suite, name, "failed", "\n".join(notes)))
        return
    directive = (match[5] or "").lower()
    outcome = "skipped" if directive == "skip" else "passed" if good or directive == "todo" else "failed"
    detail = match[6] or ("" if outcome == "passed" else "\n".join(notes[-20:]))
    level.cases.append(Case(suite, name, outcome, detail))


RESULTS = ("passed", "failed", "error", "skipped")
# Of a case that is none: something that a reader of the results has to know.
NOTE = "note"
BAD = ("failed", "error")


def tally(cases):
    """The last line of a run of tests, and how many are bad. An error is a test without a result."""
    count = {r: sum(c.result == r for c in cases) for r in RESULTS}
    bad = sum(count[r] for r in BAD)
    return f"{count['passed']} passed, {bad} failed, {count['skipped']} skipped", bad
