# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck guest and shell: the standard machine, with commands of the user's."""

import shlex
from pathlib import Path

from ..base.util import heard, say
from ..report import verdict
from ..runs import results
from ..vm import accel
from ..vm.guest import Bench, at_port, files, spec_from
from ..vm.rundirs import new as new_rundir


def cmd_guest(args):
    """scripts/puck guest: run a command in the standard machine."""
    drivers = args.drivers.split(",") if args.drivers else None
    bench = Bench(args, args.kernel, drivers)
    accel.announce(bench.accel, bench.why)
    spec = spec_from(args, guest_rules=True)
    spec.guest_trace = args.report
    rundir = new_rundir("guest", args.run_dir)
    command = "\n".join(["cd /", " ".join(args.command)]) + "\n"
    extra = files(args)
    result = bench.boot(rundir, spec, command, args.timeout, on_line=print_line, extra=extra, every=True)
    status = report(result, args.check)
    page = results.report(result.rundir) if args.report else None
    if page:
        say(f"report: {page}")
    return status


def print_line(line):
    if not line.startswith("puck-exit:"):
        print(line, flush=True)
        heard()


def report(result, check):
    """Exit status of a guest command, worsened by what the console shows."""
    say(f"run folder: {result.rundir} ({result.elapsed:.1f} s)")
    problem = result.problem()
    if problem:
        say(f"error: {problem}")
        return 124 if result.timed_out else 125
    findings = verdict.check_console(result.console)
    for finding in findings:
        say(f"console: {finding}")
    if findings and check:
        return result.status or 1
    return result.status


def cmd_shell(args):
    """scripts/puck shell: an interactive guest."""
    bench = Bench(args, args.kernel)
    accel.announce(bench.accel, bench.why)
    spec = spec_from(args, guest_rules=True)
    spec.shell = True
    extra = files(args)
    if args.device:
        spec.qemu_args = [*spec.qemu_args, "-device", at_port(args.device)]
    command = "".join(load_module(name, extra) for name in args.module or [])
    machine = bench.machine(new_rundir("shell", args.run_dir), spec)
    cmd = machine.prepare(bench.modules, bench.programs, command, extra)
    say(f"kernel messages: {machine.console}; QMP: {machine.qmp_path()}; leave with 'exit' or Ctrl-A x")
    return machine.interactive(cmd)


def module_there(name, extra):
    """What the guest knows a module by, one of the kernel's or a file, which is added to `extra`."""
    if not name.endswith(".ko"):
        return name
    place = f"puck/{Path(name).name}"
    extra[place] = name
    return "/" + place


def load_module(name, extra):
    """The line that loads it."""
    there = module_there(name, extra)
    return f"{'insmod' if there != name else 'modprobe'} {shlex.quote(there)}\n"
