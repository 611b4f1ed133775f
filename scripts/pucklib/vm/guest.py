# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a guest for a command: the common road of run, test, bench and shell."""

import functools
import re

from ..base.util import PuckError, run_quiet, say
from ..build import apt, client_image, kernel, modules, qemu_module
from ..build.qemu import Qemu
from ..build.qemu_stock import from_source
from . import accel, drivers, ending, ports
from .machine import Machine, Spec, check_spec


@functools.lru_cache(maxsize=None)
def qemu_ready(which, qemu_src, source):
    """Made once in a run of the tool: all its guests are of the same QEMU."""
    binary = Qemu(qemu_src).ensure() if source else qemu_module.stock(which).ensure()
    say(run_quiet(binary, "--version").partition("\n")[0] + (", built with Puck" if source else ""))
    return binary


def qemu_binary(args):
    """The QEMU that the options choose."""
    return qemu_ready(getattr(args, "qemu", None), getattr(args, "qemu_src", None), from_source(args))


class Bench:
    """Everything built that a guest needs, ready for any number of boots."""

    def __init__(self, args, kernel_name, only=None, programs=None):
        apt.ensure_host()
        self.qemu = qemu_binary(args)
        self.accel, self.why = accel.choose(self.qemu, getattr(args, "accel", None))
        kdir = getattr(args, "kdir", None)
        self.kernel = kernel.own(kernel_name, kdir) if kdir else kernel.get(kernel_name)
        keep = getattr(args, "keep_going", False)
        self.modules = self.build_modules(only, keep)
        self.programs = modules.programs(keep, programs)

    def build_modules(self, only, keep_going):
        try:
            return self.kernel.drivers().ensure(only)
        except PuckError as err:
            if not keep_going:
                raise
            say(f"going on without modules: {err}")
            return []

    def machine(self, rundir, spec):
        check_spec(spec)
        spec.accel = "tcg" if spec.icount else self.accel
        return Machine(self.qemu, self.kernel, rundir, spec)

    def boot(self, rundir, spec, command, timeout, on_line=None, extra=None, every=False):
        """With the programs that the command names, or with every one that there is."""
        machine = self.machine(rundir, spec)
        # The kernel unpacks them before anything else, which takes seconds for all of them.
        programs = self.programs if every else modules.named(self.programs, command + drivers.table(spec.drivers))
        cmd = machine.prepare(self.modules, programs, command, extra)
        return machine.run(cmd, timeout, on_line)

    def boot_excused(self, rundir, spec, command, timeout, on_again=None, **how):
        """The same, and once more when trouble of the infrastructure was all that came of it:
        that is said, and on_again() called. The second time counts."""
        result = self.boot(rundir, spec, command, timeout, **how)
        end = ending.classify(result)
        if not end.trouble:
            return result
        print(f"note: {end.reason}; once more. Logs of this one: {rundir}", flush=True)
        if on_again:
            on_again()
        return self.boot(rundir / "once-more", spec, command, timeout, **how)


def spec_from(args, guest_rules=False):
    """The machine that the common options describe. Where the user gives the guest's
    commands, these may add rules as well."""
    return Spec(iommu=args.iommu, smp=args.smp, memory=args.memory, seed=args.seed,
                icount=args.icount or args.record, replay="record" if args.record else "",
                load=args.load or "", append=args.append or "", qemu_args=args.qemu_args,
                trace_all=args.trace_all, gpu=not args.no_gpu, mischief=args.mischief,
                guest_rules=guest_rules, clients=clients(args))


def clients(args):
    """The image with the packages that the options name; made at its first use."""
    image = client_image.ensure(client_image.names(getattr(args, "packages", None)))
    return str(image) if image else ""


def files(args):
    """What goes into the guest besides: its path there, and the file here."""
    return dict(item.split("=", 1) for item in args.file or [])


def at_port(device):
    """A device of the user's, at a port that is free if it names no bus."""
    return device if re.search(r"(?:^|,)bus=", device) else f"{device},bus={ports.free()[0]}"
