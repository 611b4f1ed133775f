# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines of qemu-device ran, by LLVM's figures."""

import json

from ..base import steps
from ..base.util import say
from ..build.sanitizers import FUZZER

PROFDATA, COV = "llvm-profdata-14", "llvm-cov-14"
DEVICES = "/hw/puck/"


def merge(profiles, pattern, into):
    """One file of all profiles; None if there are none that can be read."""
    found = [path for path in sorted(profiles.glob(pattern)) if path.stat().st_size]
    if not found:
        return None
    # The profile of a process that was killed may end in the middle.
    steps.output([PROFDATA, "merge", "-sparse", "--failure-mode=all", "-o", into, *found])
    return into


def lines_of(binaries, data):
    """{file below qemu-device: (lines, covered)}"""
    text = steps.output([COV, "export", "-summary-only", f"-instr-profile={data}", binaries / FUZZER])
    found = {}
    for entry in json.loads(text)["data"][0]["files"]:
        if DEVICES in entry["filename"]:
            lines = entry["summary"]["lines"]
            found[entry["filename"].rpartition(DEVICES)[2]] = (lines["count"], lines["covered"])
    return found


def percent(part):
    lines, covered = part
    return f"{100 * covered / lines:.1f}" if lines else "-"


def add_up(found, folder):
    mine = [part for path, part in found.items() if path.startswith(folder)]
    return sum(n for n, _ in mine), sum(c for _, c in mine)


def report(binaries, profiles, rundir):
    """A table by folder and file: the qtests, the fuzzers, both."""
    kinds = {"qtests": "qtest-*.profraw", "fuzzers": "[!q]*.profraw", "all": "*.profraw"}
    columns = {}
    for kind, pattern in kinds.items():
        data = merge(profiles, pattern, profiles / f"{kind}.profdata")
        columns[kind] = lines_of(binaries, data) if data else {}
    known = columns["all"]
    if not known:
        say("no coverage: no profile was written")
        return
    rows = [("all of qemu-device", "")]
    rows += [(folder, folder) for folder in sorted({path.partition("/")[0] + "/" for path in known if "/" in path})]
    rows += [("  " + path, path) for path in sorted(known)]
    table = [f"{'lines that ran, %':34} {'lines':>6} " + " ".join(f"{kind:>8}" for kind in kinds)]
    for title, path in rows:
        table.append(f"{title:34} {add_up(known, path)[0]:6} "
                     + " ".join(f"{percent(add_up(columns[kind], path)):>8}" for kind in kinds))
    (rundir / "coverage.txt").write_text("\n".join(table) + "\n")
    print("\n".join(table))
