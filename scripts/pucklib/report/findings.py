# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines in which puck-dma.ko tells what it found (docs/dma.rst): read, sorted, shown once each."""

import re
from dataclasses import dataclass, field

LINE = re.compile(r"puck-dma (\S+): finding: ([a-z][a-z-]+): (.*)")
SUSPECT = re.compile(r"puck-dma (\S+): suspect: ([a-z][a-z-]+): (.*)")
SITE = re.compile(r"(\bmapped [^,()]*?|\bunmapped [^,()]*?|,)? ?\bby (\w[\w.]*)\+(0x[0-9a-f]+)/(0x[0-9a-f]+)"
                  r"(?: \[([\w-]+)\])?")
ROUND = re.compile(r"puck-sweep: ([\w-]+): (.*)")
ENDED = re.compile(r"puck-sweep: ([\w-]+) ended (\d+)")
STAMP = re.compile(r"^\[ *(\d+\.\d+)\]")
NUMBERS = re.compile(r"0x[0-9a-f]+|\b\d+\b")
RECORD = re.compile(r"puck-dma (\S+): record: n=(\d+) ")
STACK = re.compile(r"puck-dma (\S+): stack: n=(\d+) (mapped|unmapped|call) (.*)")
COUNT = re.compile(r"puck-dma (\S+): count: n=(\d+) class=\S+ (\d+) times")
STACK_SITE = re.compile(r"(\w[\w.]*)\+(0x[0-9a-f]+)/(0x[0-9a-f]+)(?:\[([\w-]+)\])?")
# What puck-dma-run calls the rounds that it compares a failed one with.
UNMERGED, COHERENT, WATCHED = "-unmerged", "-coherent", "-watched"
# Status of work that had no device.
SKIPPED = 4
# Rounds whose work may fail.
FAILING = "fail-"
MORE = re.compile(r"puck-dma \S+: finding: (\d+ more are in debugfs alone|leak: \d+ more mappings)")


@dataclass(frozen=True)
class Site:
    """A call of the driver's: where its return address is."""
    function: str
    offset: int
    size: int
    module: str = ""            # none of the kernel itself

    def __str__(self):
        return f"{self.function}+{self.offset:#x}/{self.size:#x}" + (f" [{self.module}]" if self.module else "")


@dataclass
class Finding:
    """One line. `sites` are the calls named in it: mapped, unmapped and call, the one that is wrong."""
    device: str
    kind: str                   # class, in the words of docs/dma.rst
    text: str
    sites: dict

    def key(self):
        """What two findings that are the same one agree in: numbers and times do not count."""
        calls = tuple(sorted((role, site.function, site.module) for role, site in self.sites.items()))
        bare = SITE.sub("", self.text)
        return self.device, self.kind, calls, NUMBERS.sub("N", bare) if not calls else ""

    def functions(self):
        return {site.function for site in self.sites.values()}


def role_of(word):
    for role in ("unmapped", "mapped"):
        if word and word.lstrip().startswith(role):
            return role
    return "call"


def parse(line, form=LINE):
    """The Finding of a line of the kernel's log, or None."""
    match = form.search(line)
    if not match or MORE.search(line):
        return None
    sites = {}
    for word, function, offset, size, module in SITE.findall(match[3]):
        sites.setdefault(role_of(word), Site(function, int(offset, 16), int(size, 16), module))
    return Finding(match[1], match[2], match[3], sites)


@dataclass
class Group:
    """The same finding, each time it came."""
    first: Finding
    line: str                   # the first one's
    after: float = None         # seconds from the first round to it
    count: int = 0
    most: int = 0               # how often it came while a driver was bound once, at most
    rounds: list = field(default_factory=list)
    why: str = ""               # of a suspect: what makes it a finding
    stacks: dict = field(default_factory=dict)      # {role: [Site]}, from the call of the DMA API outwards

    def callers(self, role):
        return self.stacks.get(role) or [self.first.sites[role]]


class Reader:
    """Goes through a console and groups what it finds."""

    def __init__(self):
        self.groups = {}
        self.suspects = {}      # the same of suspects
        self.ended = {}         # {round: status of its work}
        self.began = self.now = None
        self.round = ""
        self.last = {}          # of a device: the group of its latest finding
        self.numbered = {}      # (device, number): groups; a binding counts from 1 on

    def line(self, line):
        stamp = STAMP.match(line)
        self.now = float(stamp[1]) if stamp else self.now
        begins, ends = ROUND.search(line), ENDED.search(line)
        if begins:
            self.round = begins[1]
            self.began = self.now if self.began is None else self.began
        elif ends:
            self.ended[ends[1]] = int(ends[2])
        elif "puck-dma " in line and not self.finding(line):
            self.more(line)

    def finding(self, line):
        finding, suspect = parse(line), parse(line, SUSPECT)
        if not finding and not suspect:
            return False
        groups, one = (self.groups, finding) if finding else (self.suspects, suspect)
        group = self.last[one.device] = groups.setdefault(one.key(), Group(one, line))
        if not group.count and self.began is not None:
            group.after = self.now - self.began
        group.count += 1
        group.most = max(group.most, 1)
        if self.round and self.round not in group.rounds:
            group.rounds.append(self.round)
        return True

    def more(self, line):
        """What follows the line of a finding, or comes at the unbind."""
        record, stack, count = RECORD.search(line), STACK.search(line), COUNT.search(line)
        if record and record[1] in self.last:
            self.numbered[record[1], record[2]] = self.last[record[1]]
        told = stack or count
        group = self.numbered.get((told[1], told[2])) if told else None
        if group and count:
            group.count += int(count[3]) - 1
            group.most = max(group.most, int(count[3]))
        elif group and stack:
            sites = [Site(f, int(o, 16), int(s, 16), m) for f, o, s, m in STACK_SITE.findall(stack[4])]
            group.stacks.setdefault(stack[3], sites)

    def blamed(self):
        """Suspects that are findings: the work of a round failed, was good without merging, or
        without copies, and nothing was found that may be why. A leak is no reason to fail."""
        if any(group.first.kind != "leak" for group in self.groups.values()):
            return []
        return [group for name, status in self.ended.items() if status for group in self.blamed_in(name)]

    def blamed_in(self, name):
        unmerged, coherent = self.ended.get(name + UNMERGED), self.ended.get(name + COHERENT)
        if unmerged == 0 and coherent and coherent != SKIPPED:
            return self.because(name, (name,), "list-merged", "merge=none")
        if coherent == 0 and unmerged != 0:
            return self.because(name, (name, name + WATCHED), "sync-missing", "sync=coherent")
        return []

    def because(self, name, rounds, kind, word):
        """Those of a class that came in one of the rounds. What came while all was good, too, is
        a habit of the driver's, and to blame only if there is nothing else."""
        came = [group for group in self.suspects.values() if group.first.kind == kind and set(rounds) & set(group.rounds)]
        if kind == "sync-missing":
            good = {one for one, status in self.ended.items() if status == 0 and not one.startswith(FAILING)}
            came = [group for group in came if not good & set(group.rounds)] or came
        for group in came:
            group.why = f"the work failed under {name}, and did not with {word}"
        return came


def grouped(console):
    """The console's findings, each once, in the order in which they came first; suspects that
    are findings come last."""
    reader = Reader()
    for line in console.splitlines():
        reader.line(line)
    return [*reader.groups.values(), *reader.blamed()]
