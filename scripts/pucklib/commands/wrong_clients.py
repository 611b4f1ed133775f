# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck run --clients: wrong clients under puck-dma on each IOMMU, and
without it on a machine that has none, side by side."""

import re
from dataclasses import dataclass, field

from ..base.util import say
from ..report import verdict
from ..runs import results
from ..vm.guest import spec_from
from ..vm.rundirs import new as new_rundir
from . import run

PROGRAM = "dma_clients"
LINE = re.compile(r"^client: (\S+) (buggy|fixed) (.*)$")
FOUND = re.compile(r"caught by puck-dma: ([\w-]+): ")
CAUGHT = re.compile(r"caught by ([\w -]+): ")


@dataclass
class Column:
    """A machine: its IOMMU, and what its clients came to."""
    title: str
    iommu: str
    policy: str = ""            # of dma_clients: its default, or "none"
    results: dict = field(default_factory=dict)

    def take(self, output):
        for line in output.splitlines():
            match = LINE.match(line)
            if match:
                self.results[match[1], match[2]] = match[3]

    def cell(self, client, variant):
        """A result in a few characters."""
        text = self.results.get((client, variant), "-")
        found, caught = FOUND.match(text), CAUGHT.match(text)
        return found[1] if found else f"seen: {caught[1]}" if caught else text[:18]


def columns():
    return [Column("puck-iommu", "puck"), Column("intel-iommu", "intel"),
            Column("virtio-iommu", "virtio"), Column("plain x86", "none", "none")]


def boot(bench, args, rundir, column):
    """One machine; returns what went wrong in it."""
    spec = spec_from(args)
    spec.iommu, spec.guest_trace = column.iommu, True
    result = bench.boot_excused(rundir / column.iommu, spec, f"exec {PROGRAM} {column.policy}\n", args.timeout)
    column.take(result.output)
    problem = result.problem() or (f"{PROGRAM} ended with {result.status}" if result.status else None)
    reasons = [problem] if problem else []
    cases = verdict.parse_ktap(result.output, PROGRAM)
    reasons += [case.name for case in cases if case.result == "failed"]
    reasons += verdict.check_console(result.console)
    page = results.report(result.rundir)
    say(f"{column.title}: {result.elapsed:.1f} s" + (f"; report: {page}" if page else ""))
    return [f"{column.title}: {reason}" for reason in reasons]


def rows(machines):
    """The clients, in the order of the first machine that told of them."""
    names = {}
    for column in machines:
        names.update(dict.fromkeys(name for name, _ in column.results))
    return list(names)


def show(machines):
    print(f"{'':31}under puck-dma on{'':36}without")
    print(f"{'':23}" + "".join(f"{column.title:18}" for column in machines))
    for client in rows(machines):
        for variant in ("buggy", "fixed"):
            name = client if variant == "buggy" else "  fixed"
            print(f"{name:23}" + "".join(f"{column.cell(client, variant):18}" for column in machines))
    print("what puck-dma said, on each:")
    for client in rows(machines):
        for column in machines:
            text = column.results.get((client, "buggy"), "")
            if FOUND.match(text):
                print(f"  {column.title:13} {text.removeprefix('caught by puck-dma: ')}")


def unequal(machines):
    """Every machine has to tell of the same clients."""
    names = rows(machines)
    missing = [f"{column.title}: nothing of {name}.{variant}" for column in machines for name in names
               for variant in ("buggy", "fixed") if (name, variant) not in column.results]
    return missing if names else ["no client has run"]


def cmd_clients(args):
    bench = run.prepare(args, PROGRAM)
    rundir = new_rundir("clients", args.run_dir)
    machines = columns()
    reasons = []
    for column in machines:
        reasons += boot(bench, args, rundir, column)
    show(machines)
    say(f"everything about these runs: {rundir}")
    return run.conclude(reasons + unequal(machines))
