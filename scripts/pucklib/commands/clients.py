# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck clients: programs that people use, in a guest with Puck's devices."""

import datetime
import re

from ..base.util import REPO, PuckError, say, version
from ..build import apt, client_image
from ..report import junit, verdict
from ..report.expectations import Expectations, name_of, test_of
from ..report.verdict import Case
from ..suites import guesttests
from ..vm.rundirs import new as new_rundir
from . import test

LIST = REPO / "test-images/clients.list"


def descriptions(text):
    """{machine: the line of comment above it} of a list."""
    return {name: what for what, name in re.findall(r"^# (.+)\nmachine (\S+)", text, re.M)}


def by_name():
    """{name: machines}: each machine by its own, and those of a group by the group's."""
    found = {}
    for machine in guesttests.parse_list(LIST):
        found[machine.name] = [machine]
        if machine.group:
            found.setdefault(machine.group, []).append(machine)
    return found


def chosen(args):
    """The machines that are named; nothing is built before they are known to be there."""
    machines = by_name()
    known = ", ".join(machines)
    for name in args.names:
        if name not in machines:
            raise PuckError(f"no client '{name}': {known}")
    if args.names and args.list:
        raise PuckError("--list is of all clients: not with a NAME")
    if not args.names and not args.list:
        raise PuckError(f"which clients? {known}; --list tells more of them")
    return list({machine.name: machine for name in args.names for machine in machines[name]}.values())


def show():
    """A table of what there is; the last column is what the image takes of the cache."""
    what = descriptions(LIST.read_text())
    print(f"{'name':12} {'tests':>5} {'packages':44} {'image':>8}")
    for machine in guesttests.parse_list(LIST):
        image = client_image.Image(machine.packages)
        known = image.known()
        size = f"{client_image.size(image.path(known)) >> 20} MiB" if known else "-"
        print(f"{machine.name:12} {len(machine.tests):5} {' '.join(machine.packages):44} {size:>8}")
        print(f"    {what[machine.name]}")


class Expected:
    """What is expected of each machine."""

    def __init__(self, machines, kernel):
        self.of = {machine.name: Expectations((machine.name, kernel or machine.kernel)) for machine in machines}

    def without_skips(self, machines):
        """Takes the tests that are not to be run out of the machines; their cases."""
        cases = []
        for machine in machines:
            found = {test.name: self.of[machine.name].skipped(test.name) for test in machine.tests}
            machine.tests = [test for test in machine.tests if not found[test.name]]
            cases += [Case(f"clients.{machine.name}", name, "skipped", line.why)
                      for name, line in found.items() if line]
        return cases

    def judge(self, cases):
        """The cases as they count, and those of lines that are about nothing."""
        more = []
        for name, expected in self.of.items():
            suite, seen, ran = f"clients.{name}", {}, set()
            for case in cases:
                test = test_of(case, suite)
                if test and case.result != verdict.NOTE:
                    seen.setdefault(test, []).append(name_of(case, test))
                    ran |= {test} if case.result != "skipped" else set()
                    expected.judged(case, test)
            for test in sorted(ran):
                more += expected.missed(suite, test, seen[test])
        return cases + more


def run(args, machines):
    expected = Expected(machines, args.kernel)
    rundir = new_rundir("clients", args.run_dir)
    cases, start = [], datetime.datetime.now(datetime.timezone.utc)
    say(f"clients: {', '.join(args.names)}; run folder: {rundir}")
    try:
        skipped = expected.without_skips(machines)
        cases = verdict.guarded(guesttests.Suite(args, rundir, "clients", machines, lean=True).run,
                                "clients", "machines")
        cases = skipped + expected.judge(cases)
        cases = cases or [Case("clients", "machines", "error", "no test ran")]
    finally:
        known = {"puck": version(), "clients": " ".join(args.names), "kernel": args.kernel or "each machine's own",
                 "seed": args.seed}
        junit.write(cases, rundir / "junit.xml", known, start)
    return test.conclude(cases, rundir)


def cmd_clients(args):
    machines = chosen(args)
    if args.list:
        show()
        return 0
    apt.ensure_host({**apt.HOST_PACKAGES, **apt.KERNEL_PACKAGES})
    return run(args, machines)
