# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines in which puck-dma.ko tells what it found (docs/dma.rst): read, sorted, shown once each."""

import re
from dataclasses import dataclass, field

LINE = re.compile(r"puck-dma (\S+): finding: ([a-z][a-z-]+): (.*)")
SITE = re.compile(r"(\bmapped [^,()]*?|\bunmapped [^,()]*?|,)? ?\bby (\w[\w.]*)\+(0x[0-9a-f]+)/(0x[0-9a-f]+)"
                  r"(?: \[([\w-]+)\])?")
ROUND = re.compile(r"puck-sweep: ([\w-]+): (.*)")
STAMP = re.compile(r"^\[ *(\d+\.\d+)\]")
NUMBERS = re.compile(r"0x[0-9a-f]+|\b\d+\b")
RECORD = re.compile(r"puck-dma (\S+): record: n=(\d+) ")
STACK = re.compile(r"puck-dma (\S+): stack: n=(\d+) (mapped|unmapped|call) (.*)")
COUNT = re.compile(r"puck-dma (\S+): count: n=(\d+) class=\S+ (\d+) times")
STACK_SITE = re.compile(r"(\w[\w.]*)\+(0x[0-9a-f]+)/(0x[0-9a-f]+)(?:\[([\w-]+)\])?")
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


def parse(line):
    """The Finding of a line of the kernel's log, or None."""
    match = LINE.search(line)
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
    stacks: dict = field(default_factory=dict)      # {role: [Site]}, from the call of the DMA API outwards

    def callers(self, role):
        return self.stacks.get(role) or [self.first.sites[role]]


class Reader:
    """Goes through a console and groups what it finds."""

    def __init__(self):
        self.groups = {}
        self.began = self.now = None
        self.round = ""
        self.last = {}          # of a device: the group of its latest finding
        self.numbered = {}      # (device, number): groups; a binding counts from 1 on

    def line(self, line):
        stamp = STAMP.match(line)
        self.now = float(stamp[1]) if stamp else self.now
        begins = ROUND.search(line)
        if begins:
            self.round = begins[1]
            self.began = self.now if self.began is None else self.began
        elif "puck-dma " in line and not self.finding(line):
            self.more(line)

    def finding(self, line):
        finding = parse(line)
        if not finding:
            return False
        group = self.last[finding.device] = self.groups.setdefault(finding.key(), Group(finding, line))
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


def grouped(console):
    """The console's findings, each once, in the order in which they came first."""
    reader = Reader()
    for line in console.splitlines():
        reader.line(line)
    return list(reader.groups.values())
