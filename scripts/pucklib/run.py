# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck run: from whatever there is to a verdict, on one screen."""

import time
import threading
from pathlib import Path

from . import accel, apt, events, kernel, verdict
from .guest import Bench, new_rundir, spec_from
from .util import START, PuckError, say
from .qemu import Qemu

PROGRAM = "first-light"
PREFIX = "puck: "


class Ahead(threading.Thread):
    """Fetch the guest's kernel while QEMU compiles: one waits for the network,
    the other for the processors."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.kernel_name, self.error = name, None

    def run(self):
        try:
            if self.kernel_name == "stock":
                kernel.stock()
        except (PuckError, OSError) as err:
            self.error = err

    def wait(self):
        self.join()
        if self.error:
            raise PuckError(f"the guest's kernel: {self.error}")


def prepare(args, program=PROGRAM):
    apt.ensure_host()
    ahead = Ahead(args.kernel)
    ahead.start()
    Qemu(args.qemu_src).ensure()
    ahead.wait()
    bench = Bench(args, args.kernel, programs=[program])
    accel.announce("tcg" if args.icount else bench.accel, "instruction counting needs it" if args.icount else bench.why)
    if program not in bench.programs:
        raise PuckError(f"test-images/guest/{program}.c is missing: nothing to show")
    return bench


def show(line):
    """The guest's report, live; everything else it says is in the run folder."""
    if line.startswith(PREFIX):
        print(line.removeprefix(PREFIX), flush=True)


def one_run(bench, args, rundir):
    """Boot, show, judge; returns (reasons it failed, result)."""
    result = bench.boot(rundir, spec_from(args), f"exec {PROGRAM}\n", args.timeout, on_line=show)
    reasons = []
    problem = result.problem()
    if problem:
        reasons.append(problem)
    elif result.status:
        reasons.append(f"{PROGRAM} ended with {result.status}")
    cases = verdict.parse_ktap(result.output, "run")
    reasons += [f"{c.name}: {c.detail or 'failed'}" for c in cases if c.result == "failed"]
    reasons += verdict.check_console(result.console)
    return reasons, result


def cmd_run(args):
    bench = prepare(args)
    rundir = new_rundir("run", args.run_dir)
    say(f"booting Linux {bench.kernel.release}")
    reasons, result = one_run(bench, args, rundir)
    say(f"guest: {result.elapsed:.1f} s; everything about this run: {rundir}")
    order = events.order(rundir / "events.log")
    if args.events:
        Path(args.events).write_text("\n".join(order) + "\n")
        say(f"{len(order)} events: {args.events}")
    if args.compare:
        reasons += compare(bench, args, rundir, order)
    return conclude(reasons)


def compare(bench, args, rundir, first):
    """The same machine and seed once more: the same events in the same order?"""
    say("once more, with the same seed")
    reasons, _ = one_run(bench, args, rundir / "again")
    second = events.order(rundir / "again" / "events.log")
    difference = events.first_difference(first, second)
    if difference:
        return [*reasons, f"the order of events differs: {difference}"]
    print(f"event order: {len(first)} events, identical in both runs (seed {args.seed})")
    return reasons


def conclude(reasons):
    for reason in reasons:
        print(f"  problem: {reason}")
    elapsed = time.monotonic() - START
    print(f"{'FAIL' if reasons else 'PASS'} after {elapsed:.1f} s", flush=True)
    return 1 if reasons else 0
