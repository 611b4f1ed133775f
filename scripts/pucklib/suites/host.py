# SPDX-License-Identifier: GPL-2.0-or-later
"""Suites that need no guest: abi and unit (meson), qtest."""

import json
import os
import re
import subprocess
import sys
import time

from ..base import steps
from ..base.util import REPO, PuckError, cache, cpus, digest, doing, in_parallel, lock, say
from ..build import apt, qemu_module, renderer
from ..build.qemu import Qemu
from ..build.qemu_stock import from_source
from ..report import verdict
from ..report.verdict import Case
from ..vm.patience import Limit
from . import modulechecks

QTEST_LIMIT = 120       # seconds without a line
MESON_LIMIT = "40"      # times meson's own of 30 s for a test: against hanging alone


def run_meson(suite, rundir):
    """One suite of the top meson.build."""
    build = cache("unit", digest(str(REPO)))
    env = dict(os.environ, PYTHONPATH=str(apt.meson_path()), PYTHONDONTWRITEBYTECODE="1")
    meson = [sys.executable, "-m", "mesonbuild.mesonmain"]
    log = rundir / f"{suite}.log"
    with lock("unit-" + build.name):
        try:
            if not (build / "build.ninja").exists():
                steps.run_step("configure the host tests", [*meson, "setup", build, REPO], log, env=env)
            steps.run_step("build the host tests", ["ninja", "-C", build], log, env=env)
        except PuckError as err:
            return [Case(suite, "build", "failed", str(err))]
        results = build / "meson-logs/testlog.json"
        results.unlink(missing_ok=True)
        subprocess.run([*meson, "test", "-C", str(build), "--no-rebuild", "--timeout-multiplier", MESON_LIMIT,
                        "--suite", suite],
                       env=env, stdin=subprocess.DEVNULL, stdout=open(log, "ab"), stderr=subprocess.STDOUT)
        return meson_cases(suite, results)


def meson_cases(suite, path):
    cases = []
    if not path.exists():
        return [Case(suite, "meson", "failed", f"no {path}: no test ran")]
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        name = re.sub(r"^.* / ", "", entry["name"])
        outcome = {"OK": "passed", "SKIP": "skipped"}.get(entry["result"], "failed")
        tap = verdict.parse_ktap(entry.get("stdout", ""), suite)
        for case in tap:
            case.name = f"{name}.{case.name}"
        cases += tap
        if not tap or (outcome == "failed" and all(c.result != "failed" for c in tap)):
            detail = "\n".join([entry.get("stdout", "")[-2000:], entry.get("stderr", "")[-2000:]])
            cases.append(Case(suite, name, outcome, detail, entry.get("duration", 0.0)))
    return cases


def run_qtests(args, rundir):
    """Every program of tests/qtest, on the QEMU that is chosen."""
    binary, programs = built_qtests(args)
    env = renderer.environment(os.environ)
    # A qtest keeps one CPU busy: it starts one QEMU after the other.
    found = in_parallel(lambda program: run_qtest(binary, program, args.filter, rundir, env=env), programs,
                        cpus())
    found.append(modulechecks.run(None if from_source(args) else args.qemu, args.filter))
    return [case for cases in found for case in cases]


def built_qtests(args):
    """QEMU, and the programs: of its tree, or for a binary that others built."""
    if not from_source(args):
        return qemu_module.stock(args.qemu).qtests()
    qemu = Qemu(args.qemu_src)
    targets = qemu.qtests()
    return qemu.ensure(targets), [qemu.build / target for target in targets]


def qtest_paths(program, wanted, env):
    """Which tests a program is to run, as words for it; None: it has none that is wanted."""
    if not wanted:
        return []
    listed = subprocess.run([program, "-l"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            check=True, text=True).stdout.split()
    return [word for path in listed if re.search(wanted, path) for word in ("-p", path)] or None


def run_qtest(binary, program, wanted, rundir, limit=QTEST_LIMIT, env=None):
    suite = f"qtest.{program.name}"
    env = dict(env or os.environ, QTEST_QEMU_BINARY=str(binary), G_TEST_DBUS_DAEMON="")
    paths = qtest_paths(program, wanted, env)
    if paths is None:
        return []
    start = time.monotonic()
    say(f"qtest {program.name}")
    out, errors = rundir / f"{program.name}.log", rundir / f"{program.name}.stderr"
    with doing(f"qtest {program.name}"):
        status, late = steps.watched([program, "--tap", "-k", *paths], Limit(limit), out, errors, env=env, cwd=rundir)
    text, err = (path.read_text(errors="replace") for path in (out, errors))
    status = late or status
    cases = verdict.parse_ktap(text, suite)
    for case in cases:
        case.detail += "\n" + err[-1500:] if case.result == "failed" else ""
    if status and all(c.result != "failed" for c in cases):
        cases.append(Case(suite, "exit", "failed", f"{late or f'exit status {status}'}\n{err[-3000:]}"))
    if cases:
        cases[0].seconds = time.monotonic() - start     # of all of them
    say(f"  {program.name}: {len(cases)} cases in {time.monotonic() - start:.1f} s")
    return cases
