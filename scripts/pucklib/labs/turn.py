# SPDX-License-Identifier: GPL-2.0-or-later
"""One turn of a learner's: the module of his folder built, booted and graded.

The guest gets the lab's program and his module, and nothing else that takes time to unpack.
"""

import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..base.util import PuckError, in_parallel
from ..build import apt, kernel
from ..report.lines import Lines, release_of
from ..vm import ending
from ..vm.guest import Bench
from . import build, grade

# Of modules in the guest
PLACE = "puck/labs"
# The debug kernel tells what memory nobody knows any more: kmemleak spares what is younger than
# 5 s, and tells by a line in the log.
LEAKS = """
if [ -e /sys/kernel/debug/kmemleak ]; then
	sleep 5; echo scan >/sys/kernel/debug/kmemleak
	sleep 1; echo scan >/sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak
fi
"""


@dataclass
class Turn:
    """What came of one. Without outcomes there is no result: `trouble` says why."""
    outcomes: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    broken: str = ""            # what the compiler said of a folder that does not build
    trouble: str = ""
    rundir: Path = None
    kernel: str = ""
    lines: Lines = None
    seconds: dict = field(default_factory=dict)     # {step: how long it took}


def module_name(lab):
    return f"puck_lab{lab.number}"


def in_guest(module):
    return f"/{PLACE}/{module.name}"


def program_line(lab, module, seed=None):
    """The program that grades a module."""
    return shlex.join([lab.program, in_guest(module), *([f"seed={seed}"] if seed is not None else [])])


def loading(modules):
    """The line that loads what modules need; what is there already, or built in, is no error."""
    needs = dict.fromkeys(name for module in modules for name in build.needs(module))
    return f"modprobe -a {' '.join(needs)}\n" if needs else ""


def bench(args, lab):
    return Bench(args, args.kernel, programs={lab.program})


def own_module(args, lab, folder):
    """(the learner's module, warnings); PuckError if it does not build. Puck's modules have to be there first: it may
    need what they export."""
    drivers = kernel.get(args.kernel).drivers()
    drivers.ensure()
    return build.Builder(drivers).own(folder.resolve(), module_name(lab))


def prepare(args, lab, folder, turn):
    """(what a guest needs, the module). Both are made at a time: neither has work for two CPUs."""
    apt.ensure_host()
    kernel.get(args.kernel).drivers().ensure()

    def module():
        start = time.monotonic()
        try:
            path, turn.warnings = own_module(args, lab, folder)
        except PuckError as err:
            turn.broken = str(err)
            return None
        turn.seconds["build"] = time.monotonic() - start
        return path

    return in_parallel(lambda step: step(), [lambda: bench(args, lab), module], 2)


def take(args, lab, folder, rundir, seed):
    """Build, boot, grade."""
    turn, start = Turn(rundir=rundir), time.monotonic()
    kit, module = prepare(args, lab, folder, turn)
    if turn.broken:
        turn.outcomes = [grade.Outcome(point, False, ["there is no module"]) for point in lab.points]
        return turn
    turn.seconds["all that is built"] = time.monotonic() - start
    start = time.monotonic()
    spec = lab.spec()
    spec.seed = args.seed
    script = loading([module]) + program_line(lab, module, seed) + "\nstatus=$?\n" + LEAKS + "exit $status\n"
    result = kit.boot_excused(rundir, spec, script, int(lab.machine["timeout"]), extra={in_guest(module): module})
    turn.seconds["guest"] = time.monotonic() - start
    turn.rundir, turn.kernel = result.rundir, release_of(result.console) or ""
    end = ending.classify(result)
    if end.trouble:
        turn.trouble = end.reason
        return turn
    turn.lines = Lines([str(module)], turn.kernel)
    turn.outcomes = grade.judge(lab.points, result.output, result.console, how_ended(result, end))
    return turn


def how_ended(result, end):
    """Why the program came to no end, or nothing."""
    problem = result.problem()
    return f"{end.reason or problem}; its log is {result.rundir}/console.log" if problem else ""
