# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line of scripts/puck."""

import argparse
import contextlib
import errno
import os
import shlex
import signal
import sys
import threading

from . import options
from .base import children
from .base.util import PuckError, check_cache, cpus, heartbeat, need_space, say, version
from .build import kernel as kernels
from .commands import clean
from .vm import rundirs
from .vm.drivers import DRIVERS

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")

DESCRIPTION = """\
Puck in a virtual machine: build it, show it, test it, measure it.

Everything made is kept outside the clone, in $PUCK_CACHE or ~/.cache/puck.
Debian packages that are missing on this machine are installed with apt-get
where that is possible; what and why is said first."""

TIMEOUT = ("ended after so many seconds without a line of output, and ten times that in all; those in which the "
           "host was busy with something else do not count (default {})")


def cmd_build(args):
    from .commands import build
    return build.cmd_build(args)


def cmd_module(args):
    from .commands import module
    return module.cmd_module(args)


def cmd_guest(args):
    from .commands import guest
    return guest.cmd_guest(args)


def cmd_shell(args):
    from .commands import guest
    return guest.cmd_shell(args)


def cmd_run(args):
    from .commands import run, wrong_clients
    return wrong_clients.cmd_clients(args) if args.clients else run.cmd_run(args)


def cmd_test(args):
    from .commands import test
    return test.cmd_test(args)


def cmd_clients(args):
    from .commands import clients
    return clients.cmd_clients(args)


def cmd_bench(args):
    from .commands import bench
    return bench.cmd_bench(args)


def cmd_repro(args):
    from .commands import repro
    return repro.cmd_repro(args)


def cmd_soak(args):
    from .commands import boots, soak
    return boots.cmd_boots(args) if args.boots is not None else soak.cmd_soak(args)


def cmd_catalogue(args):
    from .commands import catalogue
    return catalogue.cmd_catalogue(args)


def cmd_report(args):
    from .commands import report
    return report.cmd_report(args)


def cmd_completion(_args):
    from .commands import completion
    return completion.cmd_completion(parser(), options.known_words())


def cmd_manual(_args):
    from .commands import manual
    return manual.cmd_manual(parser())


def cmd_lab(args):
    from .commands import lab
    return lab.cmd_lab(args)


def cmd_clean(args):
    return clean.cmd_clean(args)


def add(sub, name, func, text, more=""):
    p = sub.add_parser(name, help=text, description=text + "\n\n" + more,
                       formatter_class=argparse.RawDescriptionHelpFormatter)
    p.set_defaults(func=func)
    return p


def qemu_options(p):
    p.add_argument("--qemu", metavar="WHICH", help="the program of a Debian package; debian: as Debian 13 ships it; source: "
                   "built with Puck in it (default: the system's own from 10.0 on, else debian)")
    p.add_argument("--qemu-src", metavar="DIR", help="build it from this tree (10.0 or newer; it is not changed)")


def common(p):
    qemu_options(p)
    p.add_argument("--accel", choices=("kvm", "tcg"), help="do not probe, use this")
    p.add_argument("--run-dir", metavar="DIR", help="where command line, console, events go "
                                                    "(default: a new folder in the cache)")


def guest_files(p):
    p.add_argument("--file", action="append", metavar="GUEST=HOST", help="put a file into the guest")


def guest_packages(p):
    p.add_argument("--packages", metavar="A,B", help="of Debian 13, for client_run in the guest (docs/clients.rst)")


def machine_options(p, kernel="stock"):
    p.add_argument("--kernel", default=kernel, metavar="KERNEL",
                   help=f"{', '.join(kernels.NAMES)}, or the image of one of your own (default {kernel})")
    p.add_argument("--kdir", metavar="DIR", help="the build or headers folder of your own kernel")
    p.add_argument("--iommu", default="puck", help="puck, intel, virtio or none (default puck)")
    p.add_argument("--smp", type=int, default=2, metavar="N", help="virtual CPUs (default 2)")
    p.add_argument("--memory", default="1G", metavar="SIZE", help="guest memory (default 1G)")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all randomness (default 1)")
    p.add_argument("--mischief", default="", metavar="'RULE;RULE'", help="what goes wrong: docs/specs/mischief.rst; "
                                                                        "log: mischief.jsonl in the run folder")
    p.add_argument("--icount", action="store_true", help="count instructions instead of time: TCG, one CPU")
    p.add_argument("--record", action="store_true", help="keep all for 'puck repro', which replays it; as --icount")
    p.add_argument("--load", metavar="A,B", help="modules to load first (default puck-iommu,puck; 'none')")
    p.add_argument("--append", metavar="WORDS", help="more words for the kernel command line")
    p.add_argument("--qemu-args", type=shlex.split, default=[], metavar="'ARGS'", help="more QEMU arguments")
    p.add_argument("--no-gpu", action="store_true", help="a machine without puck-gpu")
    p.add_argument("--trace-all", action="store_true", help="record every translation too (large)")
    p.add_argument("--keep-going", action="store_true", help="leave out what does not compile")


def add_build(sub):
    p = add(sub, "build", cmd_build, "build parts of Puck",
            "WHAT: qemu (and Puck's devices for it), qemu-module (these alone), modules, programs, qtests,\n"
            "kernel (the debug kernel), kasan (that with KASAN), stock (Debian's kernel, unpacked),\n"
            "render3d (the program that draws for puck-gpu's 3D rings),\n"
            "or all of qemu, stock, modules and programs (the default).")
    p.add_argument("what", nargs="*", metavar="WHAT")
    qemu_options(p)
    p.add_argument("--kdir", metavar="DIR", help="build the guest modules against this kernel")
    p.add_argument("--drivers", metavar="A,B", help="only these subfolders of guest-driver")
    p.add_argument("--print-paths", action="store_true", help="print KEY=VALUE lines of where things are")


def add_module(sub):
    p = add(sub, "module", cmd_module, "build a kernel module of your own for the guest's kernel",
            "DIR has a Kbuild or Makefile with obj-m. The .ko files come to lie there, and their\n"
            "paths are printed.")
    p.add_argument("folder", nargs="?", default=".", metavar="DIR")
    p.add_argument("--kernel", choices=[n for n in kernels.NAMES if n != "7"], default="stock",
                   help="guest kernel (default stock)")
    p.add_argument("--kdir", metavar="DIR", help="build it against this kernel instead")


def add_guest(sub):
    p = add(sub, "guest", cmd_guest, "run a command in the standard machine",
            "Ports: rp1 (with puck-gpu gpu0), rp2 and rp3 are behind the IOMMU, rp4 is not, nor is\n"
            "gpu1 on pcie.0. Output of the command goes to stdout; kernel messages into the run\n"
            "folder. Exit status: the command's; 124 after a timeout, 125 when the guest died.")
    common(p)
    machine_options(p)
    p.add_argument("--timeout", type=float, default=120, metavar="S", help=TIMEOUT.format(120))
    p.add_argument("--drivers", metavar="A,B", help="build only these subfolders of guest-driver")
    p.add_argument("--report", action="store_true", help="note what the guest's kernel does, too, and write report.html")
    p.add_argument("--check", action="store_true", help="splats and faults on the console make it fail")
    guest_files(p)
    guest_packages(p)
    p.add_argument("command", nargs="+", metavar="COMMAND", help="run by /bin/sh in the guest, as root")


def add_run(sub):
    p = add(sub, "run", cmd_run, "the first-run show: merged DMA, a late fence, a verdict",
            "Boots Debian's stock kernel in the standard machine and prints what it saw.")
    common(p)
    machine_options(p)
    p.add_argument("--timeout", type=float, default=120, metavar="S", help=TIMEOUT.format(120))
    p.add_argument("--events", metavar="FILE", help="write the order of the device events here, without times")
    p.add_argument("--screen", metavar="FILE.png", help="a copy of what is on the screen in the end")
    p.add_argument("--clients", action="store_true", help="instead: wrong DMA clients under puck-dma on each IOMMU, "
                                                          "and without it, side by side")
    p.add_argument("--json", metavar="FILE", help="write the verdict and what is behind it here (docs/reports.rst)")
    p.add_argument("--junit", metavar="FILE", help="the same, as CI systems read it")
    p.add_argument("--compare", action="store_true", help="run twice and compare the order of events; with --icount "
                                                          "all logs, byte by byte")
    add_dma_options(p)


def own_device(p):
    p.add_argument("--device", metavar="'ARGS'", help="your own: as for QEMU's -device, at port rp2 if no bus= is given")
    p.add_argument("--module", action="append", metavar="FILE.ko", help="its driver, or yours of a driver known; "
                                                                        "may be repeated, in order")


def add_dma_options(p):
    p = p.add_argument_group("a driver under the DMA mapper (docs/dma.rst)")
    p.add_argument("--driver", metavar="NAME", help=", ".join(DRIVERS))
    p.add_argument("--dma", metavar="POLICY", help="how its DMA is laid out (default: one policy after the other)")
    p.add_argument("--explain", action="store_true", help="if it fails, find out which words of the policy it needs: "
                                                          "some more boots")
    own_driver_options(p)
    guest_files(p)


def own_driver_options(p):
    own_device(p)
    p.add_argument("--workload", metavar="COMMAND", help="run by /bin/sh in the guest; fails if its exit status is not "
                                                         "0; 'block' or 'net': a disk or a network is there, and tried")


def add_test(sub):
    p = add(sub, "test", cmd_test, "run the test suites",
            "SUITE: style, abi, unit, qtest, report, guest, labs (default: all of them); or one that takes long. sanitize:\n"
            "qtests and fuzzers on a QEMU with sanitizers (docs/fuzzing.rst). matrix: guests on each IOMMU and\n"
            "under more policies. long: guests that do the same thousands of times. docs: what the pages show is done, and comes\n"
            "out as they say. The last line is 'N passed, N failed, N skipped'.\n"
            "Splats, leaks and unasked-for faults are failures. With --kernel guests run on that kernel:\n"
            "kasan (the debug kernel with KASAN, and every allocation failed once), stock, or 7 (Debian's\n"
            "newest 7.x; needs root).")
    common(p)
    p.add_argument("suites", nargs="*", metavar="SUITE")
    p.add_argument("--kernel", choices=kernels.NAMES, help="all guests run on this one (default: debug, and stock "
                                                           "where a test asks for it)")
    p.add_argument("--filter", metavar="REGEX", help="only guest tests, qtests and pages whose name matches")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all randomness (default 1)")
    p.add_argument("--minutes", type=float, metavar="N", help="sanitize: how long the fuzzers run (default 10)")
    p.add_argument("--case", metavar="FILE", help="sanitize: run one input that a fuzzer has kept, and nothing else")
    p.add_argument("--only", metavar="PART", help="sanitize: found, qtests, fuzzers, render3d or render3d-device, and "
                                                  "nothing else")


def add_clients(sub):
    p = add(sub, "clients", cmd_clients, "programs that people use, on Puck's devices",
            "Each NAME is a machine of test-images/clients.list, or a group of them (display), with\n"
            "Debian 13's packages in a disk image that is made at the first call: up to 200 MB are\n"
            "downloaded. docs/clients.rst. The last line is 'N passed, N failed, N skipped'.")
    common(p)
    p.add_argument("names", nargs="*", metavar="NAME")
    p.add_argument("--list", action="store_true", help="say which there are, and what their images take")
    p.add_argument("--kernel", choices=kernels.NAMES, help="all guests run on this one (default: each machine's own)")
    p.add_argument("--filter", metavar="REGEX", help="only tests whose name matches")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all randomness (default 1)")


def add_lab(sub):
    p = add(sub, "lab", cmd_lab, "exercises in driver development, graded",
            "Without N: which there are. puck lab N begins one, in a folder of yours; then it boots a\n"
            "shell with the module of that folder. --check builds it, boots, and says which points it\n"
            "has. Exit status: 0 if it has all of them, 1 if not, 2 if there is no result.")
    common(p)
    p.add_argument("number", nargs="?", metavar="N", help="which lab")
    p.add_argument("--check", action="store_true", help="grade it")
    p.add_argument("--dir", metavar="DIR", help="your folder (default: puck-lab-N)")
    p.add_argument("--json", metavar="FILE", help="with --check: the points for a program (docs/labs.rst)")
    p.add_argument("--kernel", choices=[n for n in kernels.NAMES if n != "7"], default="stock",
                   help="guest kernel (default stock); debug has lockdep and kmemleak as well")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all randomness (default 1)")


def add_soak(sub):
    p = add(sub, "soak", cmd_soak, "real drivers under many policies of the DMA mapper",
            "One boot for each driver and IOMMU. In it the driver does checked I/O under one random\n"
            "policy after the other. A table at the end.")
    common(p)
    p.add_argument("--drivers", metavar="A,B", help="default: all but puck-gpu")
    p.add_argument("--iommus", metavar="A,B", help="default puck,intel,virtio")
    p.add_argument("--policies", type=int, metavar="N", help="for each (default 200)")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="of the first policy (default 1)")
    own_driver_options(p)
    p.add_argument("--kernel", choices=kernels.NAMES,
                   help="guest kernel (default stock; with --boots each machine's own)")
    p.add_argument("--timeout", type=float, default=900, metavar="S", help="seconds for a boot (default 900)")
    p.add_argument("--jobs", type=int, default=cpus(), metavar="N", help=f"boots at a time (default {cpus()})")
    add_boots(p)


def add_boots(p):
    p = p.add_argument_group("machines of test-images/tests.list, booted for nothing but their end")
    p.add_argument("--boots", type=int, metavar="N", help="instead: boot each machine N times, and tally how it ended")
    p.add_argument("--machine", action="append", metavar="NAME", help="this one; may be repeated (default: all)")
    p.add_argument("--plain", action="store_true", help="without Puck's devices and modules")
    p.add_argument("--smp", type=int, metavar="N", help="virtual CPUs, instead of the machine's own")
    p.add_argument("--append", metavar="WORDS", help="more words for the kernel command line")
    p.add_argument("--qemu-args", type=shlex.split, default=[], metavar="'ARGS'", help="more QEMU arguments")


def add_catalogue(sub):
    p = add(sub, "catalogue", cmd_catalogue, "drivers broken on purpose: which machine shows it, and who names it",
            "Each patch of tests/catalogue is built and tried: in a plain VM, behind intel-iommu, with\n"
            "DMA_API_DEBUG, in one run of the mapper, in a soak. A table at the end. With the --run-dir of\n"
            "an interrupted one it goes on from there.")
    common(p)
    p.add_argument("--only", metavar="REGEX", help="only those whose name matches")
    p.add_argument("--columns", default="plain,intel,debug,run,soak", metavar="A,B", help="default: all five")
    p.add_argument("--policies", type=int, default=20, metavar="N", help="of a soak (default 20)")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all randomness (default 1)")
    p.add_argument("--timeout", type=float, default=600, metavar="S", help="seconds for a boot (default 600)")
    p.add_argument("--jobs", type=int, default=cpus(), metavar="N", help=f"boots at a time (default {cpus()})")


def add_bench(sub):
    p = add(sub, "bench", cmd_bench, "measure, as ratios, in kernels without debugging")
    common(p)
    p.add_argument("--runs", type=int, default=5, metavar="N", help="runs per figure, of camera 12 s each (default 5)")
    p.add_argument("parts", nargs="*", metavar="PART", help="map, floor, dma, copy, fence, camera, hold, evict, "
                                                            "submit, bind, object, p2p, display, render, wake (default: all; docs/bench.rst)")


class ShowVersion(argparse.Action):
    """Asks git, which other commands need not wait for."""

    def __call__(self, parser, *_):
        print(f"puck {version()}")
        parser.exit()


def parser():
    top = argparse.ArgumentParser(prog="puck", description=DESCRIPTION,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action=ShowVersion, nargs=0, help="say which Puck this is")
    sub = top.add_subparsers(dest="command_name", required=True, metavar="COMMAND")
    add_run(sub)
    add_test(sub)
    add_clients(sub)
    add_build(sub)
    add_module(sub)
    add_bench(sub)
    p = add(sub, "shell", cmd_shell, "an interactive shell in the standard machine")
    common(p)
    machine_options(p)
    own_device(p)
    guest_files(p)
    guest_packages(p)
    add_guest(sub)
    add_soak(sub)
    add_catalogue(sub)
    add_lab(sub)
    p = add(sub, "repro", cmd_repro, "once more a run of run, guest or test, from its folder",
            "A recorded run (--record) is replayed, and has to be the same to the byte; another one\n"
            "is run again with the same files and seed. Says whether it failed in the same place.")
    p.add_argument("folder", metavar="RUN-DIR")
    p.add_argument("--run-dir", metavar="DIR", help="where the new run goes (default: a new folder in the cache)")
    p = add(sub, "report", cmd_report, "a page about a run, from its folder, or of two side by side",
            "Of each run report.html is in its folder already; this makes it anew, also of a machine of a soak\n"
            "or of the tests. docs/reports.rst says what is on it.")
    p.add_argument("folders", nargs="+", metavar="RUN-DIR", help="one; or two, to compare them")
    p.add_argument("--output", metavar="FILE", help="where the page goes (default: into the first folder)")
    p.add_argument("--picture", metavar="FILE.png", help="a picture of it, too: takes Debian's Chromium, 170 MB, once")
    p.add_argument("--part", choices=("verdict", "what", "mappings", "time", "numbers", "run"), help="of --picture (default: all)")
    p.add_argument("--dark", action="store_true", help="of --picture: as people see it who have chosen so")
    p = add(sub, "clean", cmd_clean, "throw away what was built or downloaded",
            "Without options: run folders and logs. The cache is kept unless --all is given.")
    p.add_argument("--all", action="store_true", help="the whole cache: QEMU, kernels, downloads")
    p.add_argument("--yes", action="store_true", help="do not ask")
    add(sub, "completion", cmd_completion, "what a shell completes: source <(puck completion)",
        "For bash; for zsh after: autoload -U bashcompinit; bashcompinit")
    add(sub, "manual", cmd_manual, "the man page: puck manual | man -l -")
    return top


def prepare():
    """What holds for all commands: where programs are, how the tool ends, who uses the cache."""
    children.install()
    path = os.environ.get("PATH", os.defpath).split(":")
    # Debian gives these to root alone; depmod and mkfs are there.
    os.environ["PATH"] = ":".join(path + [folder for folder in SBIN if folder not in path])


def main(argv):
    args = parser().parse_args(argv)
    prepare()
    try:
        check_cache()
        if args.func is not cmd_clean:
            clean.use()
            need_space("run folders", 0.1)
        options.check(args)
        if getattr(args, "run_dir", None):
            # Whose it is shows now, and not after minutes of building.
            rundirs.new(args.command_name, args.run_dir)
        with working(args):
            status = args.func(args)
        rundirs.ended(status)
        return status
    except PuckError as err:
        say(f"error: {err}")
        return err.code
    except children.Interrupted as err:
        say(f"ended by {signal.Signals(err.number).name}; what was finished is kept, "
            "the same command goes on from there")
        for folder in rundirs.all_held():
            say(f"run folder: {folder}")
        return 128 + err.number
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as err:
        say(f"error: {explain(err)}")
        return 1


def has_terminal(args):
    """Whether a guest may have the terminal."""
    return args.func is cmd_shell or (args.func is cmd_lab and not args.check)


@contextlib.contextmanager
def working(args):
    """Says now and then that the tool is at work, but in a terminal that a guest has."""
    stop = threading.Event()
    thread = threading.Thread(target=heartbeat, args=(stop,), daemon=True)
    if not has_terminal(args):
        thread.start()
    try:
        yield
    finally:
        stop.set()


WHAT_TO_DO = {
    errno.ENOSPC: "the disk is full: free some space, or set PUCK_CACHE to a folder on another one",
    errno.EDQUOT: "your quota is used up: free some space, or set PUCK_CACHE to a folder elsewhere",
    errno.EROFS: "this is read-only: set PUCK_CACHE to a folder that can be written",
    errno.EACCES: "no permission: set PUCK_CACHE to a folder of your own",
    errno.EPERM: "no permission: set PUCK_CACHE to a folder of your own",
    errno.ENOTDIR: "there is a file where a folder has to be: move it away",
    errno.EEXIST: "there is a file where a folder has to be: move it away",
}


def explain(err):
    """An error of the system in one line, with what to do about it where that is known."""
    what = f"{err.filename}: {err.strerror}" if err.filename else str(err)
    todo = WHAT_TO_DO.get(err.errno)
    return f"{what} ({todo})" if todo else what
