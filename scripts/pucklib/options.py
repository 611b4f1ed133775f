# SPDX-License-Identifier: GPL-2.0-or-later
"""Options are looked at before anything is built or booted for them.

A word that nobody could use is refused with its place, a file that is not there is
missed at once, and an option that the command would ignore is an error: whoever gave it
believes that it did something.
"""

import os
import re
from pathlib import Path

from .base.util import PuckError
from .build import apt, client_image, kernel, qemu_stock, words
from .build.qemu_stock import DEBIAN, SOURCE
from .commands import bench, build, clients, run, test
from .labs import lab as labs
from .runs import mapper
from .suites import guesttests
from .suites import labs as labsuite
from .vm.drivers import DRIVERS

IOMMUS = ("puck", "intel", "virtio", "none")
# Of `run`: what the mapper's run takes, and what the other kinds of run do not.
MAPPED = ("dma", "module", "workload", "file", "explain")


def known_words():
    """{dest: words} of the options and arguments that have a list of their own, for a shell's completion."""
    return {"iommu": IOMMUS, "iommus": IOMMUS, "kernel": kernel.NAMES, "qemu": (SOURCE, DEBIAN), "driver": DRIVERS,
            "workload": ("block", "net"), "what": build.STEPS, "suites": (*test.SUITES, *test.LONG_SUITES),
            "parts": bench.PARTS, "names": list(clients.by_name())}


def given(args, *names):
    """Those of these options that were given."""
    return [name for name in names if getattr(args, name, None) not in (None, "", False, [])]


def flag(name):
    return "--" + name.replace("_", "-")


def no_effect(args, names, why):
    """An error if any of these was given."""
    for name in given(args, *names):
        raise PuckError(f"{flag(name)} has no effect {why}")


def check(args):
    """PuckError for the first thing that is wrong."""
    check_numbers(args)
    if args.command_name in ("run", "guest", "shell", "test", "clients", "soak", "bench", "build", "module", "lab"):
        kdir = getattr(args, "kdir", None)
        apt.check_system(own_trees=bool(kdir and (args.command_name in ("module", "build")
                                                  or getattr(args, "qemu_src", None))))
    check_words(args)
    check_files(args)
    check_qemu(args)
    special = {"run": check_run, "shell": check_machine, "guest": check_machine, "test": check_test,
               "clients": check_clients, "soak": check_soak, "build": check_build, "lab": check_lab}.get(args.command_name)
    if special:
        special(args)


def check_numbers(args):
    for name, least in (("timeout", 0.001), ("smp", 1), ("jobs", 1), ("runs", 1), ("seed", 0), ("policies", 1)):
        value = getattr(args, name, None)
        if value is not None and not value >= least:
            raise PuckError(f"{flag(name)} {value}: at least {least:g}")
    memory = getattr(args, "memory", None)
    if memory is not None and not re.fullmatch(r"\d+[MG]?", memory):
        raise PuckError(f"--memory {memory}: a number, and M or G")
    if getattr(args, "accel", None) == "kvm" and not os.path.exists("/dev/kvm"):
        raise PuckError("--accel kvm: this machine has no /dev/kvm")


def check_words(args):
    iommu = getattr(args, "iommu", None)
    if iommu is not None and iommu not in IOMMUS:
        raise PuckError(f"--iommu {iommu}: {', '.join(IOMMUS)}")
    words.check("--mischief", "mischief", getattr(args, "mischief", None))
    words.check("--dma", "policy", getattr(args, "dma", None))
    client_image.names(getattr(args, "packages", None))
    if getattr(args, "filter", None):
        try:
            re.compile(args.filter)
        except re.error as err:
            raise PuckError(words.wrong("--filter", args.filter, err.pos or 0, err.msg)) from err


def check_files(args):
    for item in getattr(args, "file", None) or []:
        inside, equals, path = item.partition("=")
        if not (inside and equals and path):
            raise PuckError(f"--file {item}: GUEST=HOST")
        missed("--file", path)
    for path in getattr(args, "module", None) or []:
        if path.endswith(".ko"):
            missed("--module", path)
    for name in ("events", "junit", "json", "screen"):
        path = getattr(args, name, None)
        if path:
            writable(flag(name), Path(path))
    wanted = getattr(args, "run_dir", None)
    if wanted and Path(wanted).exists() and not Path(wanted).is_dir():
        raise PuckError(f"--run-dir: {wanted} is a file")


def check_qemu(args):
    which = getattr(args, "qemu", None)
    if not which:
        return
    if args.qemu_src:
        raise PuckError("--qemu and --qemu-src: which of them is it to be?")
    if which not in (SOURCE, DEBIAN):
        missed("--qemu", which)


def missed(option, path):
    if not Path(path).is_file():
        raise PuckError(f"{option}: there is no file {path}")


def writable(option, path):
    if path.is_dir():
        raise PuckError(f"{option}: {path} is a folder")
    if not path.resolve().parent.is_dir():
        raise PuckError(f"{option}: there is no folder {path.resolve().parent}")
    if not os.access(path if path.exists() else path.resolve().parent, os.W_OK):
        raise PuckError(f"{option}: {path} cannot be written")


def check_machine(args):
    """A kernel of one's own is an image and what modules are built against."""
    if args.kernel not in kernel.NAMES:
        if not args.kdir:
            raise PuckError(f"--kernel {args.kernel}: {', '.join(kernel.NAMES)}, or the image of a kernel of your own, "
                            "with --kdir for its build or headers folder")
        missed("--kernel", args.kernel)
        kernel.check_own(args.kernel, args.kdir)
    elif args.kdir:
        raise PuckError("--kdir belongs to a kernel of your own: --kernel IMAGE --kdir DIR")
    else:
        kernel.check(args.kernel)
    if args.icount and args.accel == "kvm":
        raise PuckError("--icount counts TCG's instructions: not with --accel kvm")


def check_run(args):
    check_machine(args)
    if args.clients:
        no_effect(args, ("driver", "device", *MAPPED, "events", "compare", "screen", "no_gpu", "load", "json", "junit"),
                  "with --clients")
        return
    if args.driver or args.device:
        no_effect(args, ("load", "no_gpu", "screen"), "here: the mapper's run chooses modules and devices itself")
        return
    no_effect(args, MAPPED, "without --driver or --device")
    if not run.with_screen(args):
        no_effect(args, ("screen",), "with --compare, unless instructions are counted")
    no_effect(args, ("no_gpu",), "here: the show is about puck-gpu; give --driver or --device, or use puck guest")


def check_test(args):
    names = test.chosen_suites(args)
    guests = set(test.GUEST_SUITES) & set(names)
    if not guests:
        no_effect(args, ("accel",), "on suites without a guest")
    if not guests and "qtest" not in names:
        no_effect(args, ("qemu",), "on suites without QEMU" if "sanitize" not in names else
                  "on sanitize, whose QEMU is built from source")
    if args.filter and not guests | ({"qtest", "sanitize"} & set(names)):
        raise PuckError(f"--filter has no effect on {', '.join(names)}: it is for guest tests and qtests")
    if args.filter and len(names) == 1 and guests:
        if names == [labsuite.SUITE]:
            if not labsuite.chosen(args):
                raise PuckError(f"--filter {args.filter}: no variant of a lab matches")
            return
        path = guesttests.LISTS[names[0]]
        if not guesttests.chosen_tests(args.filter, args.kernel, guesttests.parse_list(path)):
            raise PuckError(f"--filter {args.filter}: no test of test-images/{path.name} matches")


def check_clients(args):
    machines = clients.chosen(args)
    if args.list:
        no_effect(args, ("kernel", "filter", "run_dir", "qemu", "qemu_src", "accel"), "with --list")
    elif args.kernel:
        kernel.check(args.kernel)
    if args.filter and not guesttests.chosen_tests(args.filter, args.kernel, machines):
        raise PuckError(f"--filter {args.filter}: no test of {', '.join(args.names)} matches")


def check_lab(args):
    """Only a folder that is graded or tried takes a machine."""
    if args.number is None:
        no_effect(args, ("check", "dir", "json", "run_dir", "qemu", "qemu_src", "accel"), "without the number of a lab")
        return
    lab = labs.find(args.number)
    if not args.check:
        no_effect(args, ("json",), "without --check")
    if args.dir and Path(args.dir).exists() and not Path(args.dir).is_dir():
        raise PuckError(f"--dir: {args.dir} is a file")
    if args.seed != 1 and not lab.seeds:
        raise PuckError(f"--seed has no effect on lab {lab.number}: it is the same for all")
    kernel.check(args.kernel)


def check_soak(args):
    if args.boots is None:
        no_effect(args, ("machine", "plain", "smp", "append", "qemu_args"), "without --boots")
        for name, usual in (("iommus", "puck,intel,virtio"), ("policies", 200), ("kernel", "stock")):
            if getattr(args, name) is None:
                setattr(args, name, usual)
        if given(args, "device", "module", "workload"):
            mapper.check_subject("--drivers", args.drivers, args.device, args.module, args.workload)
    else:
        no_effect(args, ("drivers", "iommus", "policies", "device", "module", "workload"), "with --boots")


def check_build(args):
    if args.what and not {"qemu", "qemu-module", "qtests", "all"} & set(args.what):
        no_effect(args, ("qemu", "qemu_src"), "unless QEMU or its tests are built")
    if "qemu-module" in args.what and qemu_stock.from_source(args):
        raise PuckError("qemu-module is for a QEMU that others built: what is built from source has Puck in it")
    modules = not args.what or {"modules", "all"} & set(args.what)
    if not modules:
        no_effect(args, ("drivers", "kdir"), "unless modules are built")
    if args.kdir and not (Path(args.kdir) / "Makefile").exists():
        raise PuckError(f"--kdir: {args.kdir} is no kernel build or headers folder (it has no Makefile)")
