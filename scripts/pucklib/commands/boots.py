# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck soak --boots: machines of tests.list, booted and powered off again and again.

How often does a machine end otherwise than by itself? Each boot loads the machine's
modules, runs nothing and powers off. Folders of those that did not end well are kept.
"""

import re
import shlex
import shutil
import threading
from dataclasses import dataclass, field

from ..base.util import PuckError, in_parallel, say
from ..suites import guesttests
from ..vm import accel, ending
from ..vm.guest import Bench
from ..vm.patience import Limit
from ..vm.rundirs import new as new_rundir

# Numbers that are of one boot: addresses, jiffies, stamps, process ids.
NUMBERS = re.compile(r"0x[0-9a-f]+|\b\d[\d.]*\b")
EVERY = 25


@dataclass
class Tally:
    """How the boots of one machine ended."""
    machine: object
    good: int = 0
    ends: dict = field(default_factory=dict)        # what is said of an end: run folders

    def take(self, end, console, folder):
        """True if it ended well."""
        if end.kind == ending.ENDED and not end.reason:
            found = ending.own_findings(console)
            if not found:
                self.good += 1
                return True
            end = ending.Ending(ending.FINDING, found[0])
        self.ends.setdefault((end.kind, NUMBERS.sub("N", end.reason)[:200]), []).append(folder)
        return False

    def bad(self):
        return sum(len(folders) for folders in self.ends.values())

    def trouble(self):
        return sum(len(folders) for (kind, _), folders in self.ends.items() if kind == ending.TROUBLE)


def machines(args):
    """Those of the list that are meant."""
    known = {machine.name: machine for machine in guesttests.parse_list()}
    for name in args.machine or []:
        if name not in known:
            raise PuckError(f"--machine: no machine '{name}' in tests.list: {', '.join(known)}")
    if args.boots < 1:
        raise PuckError("--boots wants at least 1")
    chosen = [m for name, m in known.items() if (name in args.machine if args.machine else not m.only)]
    for machine in chosen:
        machine.kernel = args.kernel or machine.kernel
    return chosen


def changed(spec, args):
    """The machine with what the options change of it, to find out what an end depends on."""
    spec.smp = args.smp or spec.smp
    spec.append = " ".join(filter(None, (spec.append, args.append)))
    spec.qemu_args = spec.qemu_args + args.qemu_args
    if args.plain:
        spec.gpu, spec.mischief, spec.load = False, "", "none"
        spec.iommu = "none" if spec.iommu == "puck" else spec.iommu
    return spec


class Loop:
    """All boots, some at a time."""

    def __init__(self, args, rundir):
        self.args, self.rundir = args, rundir
        self.lock, self.done = threading.Lock(), 0
        self.benches = {}
        self.tallies = [Tally(machine) for machine in machines(args)]

    def run(self):
        for name in {tally.machine.kernel for tally in self.tallies}:
            self.benches[name] = Bench(self.args, name)
        first = next(iter(self.benches.values()))
        accel.announce(first.accel, first.why)
        turns = [(tally, number) for number in range(1, self.args.boots + 1) for tally in self.tallies]
        say(f"{len(turns)} boots, {self.args.jobs} at a time; run folder: {self.rundir}")
        in_parallel(lambda turn: self.boot(*turn, len(turns)), turns, self.args.jobs)

    def boot(self, tally, number, of):
        machine = tally.machine
        folder = self.rundir / f"{machine.name}-{number}"
        spec = changed(guesttests.machine_spec(machine, self.args.seed), self.args)
        spec.trace = False
        result = self.benches[machine.kernel].boot(folder, spec, "true\n", Limit(min(self.args.timeout, guesttests.BOOT_TIME)))
        end = ending.classify(result)
        with self.lock:
            self.done += 1
            if tally.take(end, result.console, folder):
                shutil.rmtree(folder, ignore_errors=True)
            else:
                why = end.reason.splitlines()[0] if end.reason else "complaints"
                say(f"  {machine.name}, boot {number}: {end.kind}: {why}; {folder}")
            if self.done % EVERY == 0:
                say(f"  {self.done} of {of} boots, {sum(t.bad() for t in self.tallies)} ended otherwise")


def show(tallies):
    print(f"\n{'machine':24} {'boots':>6} {'good':>6} {'trouble':>8} {'other':>6}")
    for tally in tallies:
        print(f"{tally.machine.name:24} {tally.good + tally.bad():6} {tally.good:6} {tally.trouble():8} "
              f"{tally.bad() - tally.trouble():6}")
    for tally in tallies:
        for (kind, reason), folders in sorted(tally.ends.items(), key=lambda item: -len(item[1])):
            print(f"{tally.machine.name}: {len(folders)} times {kind}: {reason}")
            print("".join(f"    {folder}\n" for folder in folders[:5]), end="")


def again(args):
    """The words of the command line that change the machines."""
    words = (["--plain"] if args.plain else []) + (["--smp", str(args.smp)] if args.smp else [])
    words += ["--kernel", args.kernel] if args.kernel else []
    words += ["--append", args.append] if args.append else []
    return shlex.join(words + (["--qemu-args", shlex.join(args.qemu_args)] if args.qemu_args else []))


def cmd_boots(args):
    machines(args)          # before anything is built
    rundir = new_rundir("boots", args.run_dir)
    loop = Loop(args, rundir)
    loop.run()
    show(loop.tallies)
    good, bad = sum(t.good for t in loop.tallies), sum(t.bad() for t in loop.tallies)
    trouble = sum(t.trouble() for t in loop.tallies)
    print(f"{good + bad} boots {again(args)}".rstrip() + f": {good} good, {trouble} trouble of the infrastructure, "
          f"{bad - trouble} other", flush=True)
    return 1 if bad else 0
