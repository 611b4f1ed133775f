# SPDX-License-Identifier: GPL-2.0-or-later
"""`puck test sanitize`: qtests and fuzzers on a QEMU with sanitizers.

First the inputs that once broke something, then all qtests, then for as many
minutes as asked for the fuzzers, one process on each CPU, and those of 3D.
"""

import time
from pathlib import Path

from ..base.util import REPO, PuckError, cpus, in_parallel, say
from ..build import apt, renderer, sanitizers
from ..build.qemu import TARGET
from ..report.verdict import Case
from . import coverage, host
from .fuzzers import TARGETS, Fuzzer, Tally, child_environment, run_case, target_of
from .fuzzers3d import DeviceFuzzer, RendererFuzzer

QTEST_LIMIT = 1800
QTEST_JOBS = 2
# Of the time that the fuzzers have, as much again for each of those of 3D.
SHARE_3D = 0.2
FUZZERS_3D = {fuzzer.NAME: fuzzer for fuzzer in (RendererFuzzer, DeviceFuzzer)}
# What --only takes.
PARTS = ("found", "qtests", "fuzzers", *FUZZERS_3D)
FOUND = REPO / "tests/fuzz/found"


def check(args):
    """Before anything is built."""
    if apt.on_debian() != "12":
        raise PuckError("sanitize needs clang-14, which Debian 12 has")
    if args.minutes is not None and not args.minutes > 0:
        raise PuckError("--minutes: more than none")
    if args.case:
        if not Path(args.case).is_file():
            raise PuckError(f"--case: there is no file {args.case}")
        if not DeviceFuzzer.has_case(Path(args.case)):
            target_of(Path(args.case))
    if args.only and args.only not in PARTS:
        raise PuckError(f"--only {args.only}: " + ", ".join(PARTS))
    if args.minutes is not None and (args.case or args.only in ("found", "qtests")):
        raise PuckError(f"--minutes has no effect with --{'case' if args.case else 'only ' + args.only}")
    if args.case and args.only:
        raise PuckError("--only has no effect with --case")


def run(args, rundir):
    """The suite, or a part of it. Its cases: qtests, found inputs, one for each fuzzer."""
    check(args)
    minutes = 10 if args.minutes is None else args.minutes
    qemu, binaries = sanitizers.ensure(args.qemu_src)
    profiles = rundir / "profiles"
    profiles.mkdir(exist_ok=True)
    if args.case:
        return [one_case(binaries, Path(args.case).resolve(), args, rundir, show=True)]
    cases = [case for part in ([args.only] if args.only else PARTS)
             for case in run_part(part, qemu, binaries, args, rundir, 60 * minutes)]
    coverage.report(binaries, profiles, rundir)
    return cases


def run_part(part, qemu, binaries, args, rundir, seconds):
    """The cases of one of PARTS. Alone, a fuzzer of 3D has all the time."""
    if part == "found":
        return [one_case(binaries, path, args, rundir) for path in found_cases()]
    if part == "qtests":
        return run_qtests(qemu, binaries, args, rundir)
    if part == "fuzzers":
        return run_fuzzers(binaries, seconds, rundir)
    return [FUZZERS_3D[part](rundir, args, binaries).run(seconds * (1 if args.only else SHARE_3D))]


def one_case(binaries, path, args, rundir, show=False):
    if DeviceFuzzer.has_case(path):
        return DeviceFuzzer(rundir, args, binaries).run_case(path)
    return run_case(binaries, path, rundir, show)


def found_cases():
    """Each has a line about it in the README beside it."""
    return sorted(p for p in FOUND.glob("*") if p.name.startswith((*TARGETS, DeviceFuzzer.NAME)))


def run_qtests(qemu, binaries, args, rundir):
    """All qtests; a report of a sanitizer ends QEMU, or its renderer, and so fails the test."""
    binary = binaries / TARGET
    env = renderer.environment(child_environment(rundir, "qtest-%4m"), sanitized=True)

    def one(target):
        return host.run_qtest(binary, qemu.build / target, args.filter, rundir,
                              limit=QTEST_LIMIT, env=env)

    found = in_parallel(one, qemu.qtests(), QTEST_JOBS)
    cases = [case for part in found for case in part]
    for case in cases:
        case.suite = case.suite.replace("qtest.", "sanitize.qtest.")
    return cases


def run_fuzzers(binaries, seconds, rundir):
    """All fuzzers, each for its share of the time, one process on each CPU."""
    tally = Tally()
    total = sum(target.share for target in TARGETS.values())
    fuzzers = [Fuzzer(binaries, name, seconds * cpus() * target.share / total, rundir, tally)
               for name, target in TARGETS.items()]
    say(f"fuzzing for {seconds:.0f} s, {cpus()} at a time")
    start = time.monotonic()
    with tally.progress():
        in_parallel(Fuzzer.run, fuzzers, cpus())
    tally.show(time.monotonic() - start)
    return [case for fuzzer in fuzzers for case in fuzzer.cases()]
