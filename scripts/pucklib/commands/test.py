# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck test: run the suites, count, write the report."""

import datetime
import time

from ..base.util import PuckError, say, version
from ..build import apt, kernel, qemu_stock
from ..report import junit, verdict
from ..report.verdict import Case
from ..vm.rundirs import new as new_rundir


def suite_style(args, rundir):
    from ..suites import style
    return style.run(args, rundir)


def suite_abi(args, rundir):
    from ..suites import host
    return host.run_meson("abi", rundir)


def suite_unit(args, rundir):
    from ..suites import host
    return host.run_meson("unit", rundir)


def suite_qtest(args, rundir):
    from ..suites import host
    return host.run_qtests(args, rundir)


def suite_report(args, rundir):
    from ..suites import pages
    return pages.run(args, rundir)


def guest_suite(name):
    def run(args, rundir):
        from ..suites import guesttests
        return guesttests.Suite(args, rundir, name, guesttests.parse_list(guesttests.LISTS[name])).run()
    return run


def suite_labs(args, rundir):
    from ..suites import labs
    return labs.run(args, rundir)


def suite_sanitize(args, rundir):
    from ..suites import sanitize
    return sanitize.run(args, rundir)


def suite_docs(args, rundir):
    from ..suites import docs
    return docs.run(args, rundir)


SUITES = {"style": suite_style, "abi": suite_abi, "unit": suite_unit, "qtest": suite_qtest,
          "report": suite_report, "guest": guest_suite("guest"), "labs": suite_labs}
# Too long to be run with the others: by name alone.
LONG_SUITES = {"matrix": guest_suite("matrix"), "long": guest_suite("long"), "sanitize": suite_sanitize, "docs": suite_docs}


def run_suite(name, args, rundir):
    """A suite's cases; that it cannot run is a failed case, never silence."""
    start = time.monotonic()
    say(f"suite {name}")
    cases = verdict.guarded(lambda: {**SUITES, **LONG_SUITES}[name](args, rundir), name, "suite")
    if not cases:
        cases = [Case(name, "suite", "error", "no test ran")]
    say(f"suite {name}: {verdict.tally(cases)[0]} in {time.monotonic() - start:.0f} s")
    return cases


# Those whose result depends on the guest's kernel.
GUEST_SUITES = ["guest", "labs", "matrix", "long"]


def chosen_suites(args):
    """The names of the suites to run; nothing is built before the options are known to be good."""
    names = args.suites or (["guest"] if args.kernel else list(SUITES))
    known = {**SUITES, **LONG_SUITES}
    for name in names:
        if name not in known:
            raise PuckError(f"no suite '{name}': {', '.join(known)}")
        if args.kernel and name not in GUEST_SUITES:
            raise PuckError(f"the suite '{name}' has no guest: --kernel is for {', '.join(GUEST_SUITES)}")
    if args.kernel:
        kernel.check(args.kernel)
    if "sanitize" in names:
        from ..suites import sanitize
        sanitize.check(args)
    elif args.minutes is not None or args.case or args.only:
        raise PuckError("--minutes, --case and --only are options of the suite sanitize")
    return names


def packages(args, names):
    """All that the suites will ask for: asked for at once."""
    wanted = {**apt.HOST_PACKAGES, **apt.TEST_PACKAGES}
    if set(GUEST_SUITES) & set(names):
        wanted |= apt.KERNEL_PACKAGES
    if qemu_stock.from_source(args):
        wanted |= apt.QEMU_PACKAGES
    return wanted


def cmd_test(args):
    names = chosen_suites(args)
    apt.ensure_host(packages(args, names))
    rundir = new_rundir("test", args.run_dir)
    rundir.mkdir(parents=True, exist_ok=True)
    cases, start = [], datetime.datetime.now(datetime.timezone.utc)
    try:
        for name in names:
            cases += run_suite(name, args, rundir)
    finally:
        # Also of a run that is interrupted: what was found is kept.
        junit.write(cases, rundir / "junit.xml", properties(args, names), start)
    return conclude(cases, rundir)


def properties(args, names):
    """What a reader of the report wants to know of the run as a whole."""
    return {"puck": version(), "suites": " ".join(names), "kernel": args.kernel or "each machine's own",
            "seed": args.seed, "filter": args.filter or ""}


def conclude(cases, rundir):
    """Prints what is bad, and the tally; returns the exit status."""
    for case in cases:
        first = case.detail.strip().splitlines()[:12]
        if case.result == verdict.NOTE:
            print(f"note: {case.suite}: {case.name}: {first[0]}")
        elif case.result in verdict.BAD:
            print(f"{case.result.upper()} {case.suite} {case.name}" + "".join(f"\n    {line}" for line in first))
    errors = sum(case.result == "error" for case in cases)
    if errors:
        print(f"{errors} of those that failed are errors: they had no result, for trouble other than the tests'")
    print(f"report: {rundir / 'junit.xml'}")
    line, bad = verdict.tally(cases)
    print(line, flush=True)
    return 1 if bad else 0
