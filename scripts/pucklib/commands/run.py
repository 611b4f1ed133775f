# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck run: from whatever there is to a verdict, on one screen."""

import contextlib
import threading
import time
from pathlib import Path

from ..base.util import START, PuckError, say
from ..build import apt, kernel, modules
from ..report import events, findings, verdict
from ..runs import explain, mapper, mirror, results
from ..runs.job import Job
from ..vm import accel
from ..vm.guest import Bench, qemu_binary, spec_from
from ..vm.machine import read_text
from ..vm.rundirs import new as new_rundir

PROGRAM = "first-light"
# What two runs with the same seed have to agree in under --icount.
SAME = ("mischief.jsonl", "events.log", "console.log", mirror.NAME)


class Ahead(threading.Thread):
    """Make what the guest is of while QEMU is fetched: one waits for the network, the
    other for the processors."""

    def __init__(self, name, programs):
        super().__init__(daemon=True)
        self.kernel_name, self.programs = name, programs

    def run(self):
        # What fails here fails once more where it is asked for, and is told there.
        with contextlib.suppress(PuckError, OSError):
            if self.kernel_name == "stock":
                kernel.stock().drivers().ensure()
                modules.programs(only=self.programs)


def prepare(args, *programs):
    """All that is needed, with these guest programs or else all."""
    apt.ensure_host()
    ahead = Ahead(args.kernel, programs or None)
    ahead.start()
    qemu_binary(args)
    ahead.join()
    bench = Bench(args, args.kernel, programs=programs or None)
    counted = args.icount or args.record
    accel.announce("tcg" if counted else bench.accel, "instruction counting needs it" if counted else bench.why)
    return bench


def first_light(args):
    spec = spec_from(args)
    spec.guest_trace = True
    job = Job(spec, f"exec {PROGRAM}\n", programs=(PROGRAM,))
    # What two devices do side by side has an order of its own in each run, unless
    # instructions are counted.
    return mirror.add(job, args.screen) if with_screen(args) else job


def with_screen(args):
    """Whether a camera and a screen are in the show."""
    return args.icount or not args.compare


def one_run(bench, job, args, rundir):
    """Boot, show, judge; returns the reasons it failed, and the folder with the logs of the
    boot that counts."""
    result = bench.boot_excused(rundir, job.spec, job.command, args.timeout, on_line=job.on_line, extra=job.extra)
    reasons = job.report(result)
    problem = result.problem()
    if problem:
        reasons.append(problem)
    elif result.status:
        reasons.append(f"the command in the guest ended with {result.status}")
    cases = verdict.parse_ktap(result.output, "run")
    reasons += [f"{c.name}: {c.detail or 'failed'}" for c in cases if c.result == "failed"]
    found = [text for text in verdict.check_console(result.console) if not job.is_known(text)]
    # Those of the mapper are in its report, and need not be told twice.
    told = [text for text in found if mapper.wanted(args) and findings.LINE.search(text)]
    reasons += [f"the mapper found {len(told)} wrong (above)"] if told else []
    reasons += [text for text in found if text not in told]
    say(f"guest: {result.elapsed:.1f} s; everything about this run: {result.rundir}")
    return reasons, result.rundir


def cmd_run(args):
    job = mapper.job(args) if mapper.wanted(args) else first_light(args)
    bench = prepare(args, *job.programs)
    rundir = new_rundir("run", args.run_dir)
    say(f"booting Linux {bench.kernel.release}")
    reasons, folder = one_run(bench, job, args, rundir)
    if args.events:
        order = events.order(folder / "events.log")
        Path(args.events).write_text("\n".join(order) + "\n")
        say(f"{len(order)} events: {args.events}")
    if args.compare:
        say("once more, with the same seed")
        more, again = one_run(bench, job, args, rundir / "again")
        reasons += more + compare(args, folder, again)
    results.write(args, folder, reasons)
    shown = results.report(folder)
    if args.explain and reasons:
        explain.explain(args, folder, lambda changed, place: one_run(bench, mapper.job(changed), changed, place))
    return conclude(reasons, shown)


def compare(args, *folders):
    """The same machine and seed twice: the same events in the same order? When
    instructions are counted, also the same to the nanosecond and the byte."""
    orders = [events.order(folder / "events.log") for folder in folders]
    difference = events.first_difference(*orders)
    if difference:
        return [f"the order of events differs: {difference}"]
    print(f"event order: {len(orders[0])} events, identical in both runs (seed {args.seed})")
    reasons = []
    for name in SAME if args.icount else ():
        if not any((folder / name).exists() for folder in folders):
            continue
        texts = [lines_of(folder / name) for folder in folders]
        difference = events.first_difference(*texts, "line")
        print(f"{name}: " + (difference or f"{len(texts[0])} lines, identical in both runs"))
        reasons += [f"{name} differs"] if difference else []
    return reasons


def lines_of(path):
    """Of a log; a picture has lines of its bytes."""
    if path.suffix == ".png":
        return path.read_bytes().hex(" ", 16).split() if path.exists() else []
    return read_text(path).splitlines()


def conclude(reasons, report=None):
    for reason in reasons:
        print(f"  problem: {reason}")
    if report:
        print(f"report: {report}")
    elapsed = time.monotonic() - START
    print(f"{'FAIL' if reasons else 'PASS'} after {elapsed:.1f} s", flush=True)
    return 1 if reasons else 0
