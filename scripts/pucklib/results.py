# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run came to, for programs: `run --json FILE --junit FILE`. docs/reports.rst is
the contract. All of it is read from the run's folder, and so can be had again."""

import datetime
import json
import re
import time
from pathlib import Path

from . import dmarun, junit, runfile, verdict
from .machine import read_text
from .util import START, read_json, version, write_if_changed
from .verdict import Case

SCHEMA = "puck-run-1"
NUMBERS = ("mappings", "entries", "segments", "bytes", "syncs", "failed", "live")
# What puck-dma-run tells, and the mapper's lines in the kernel's log (docs/dma.rst).
REPORT = re.compile(r"^puck-report: (\S+) ?(.*)$", re.M)
FINDING = re.compile(r"puck-dma (\S+): finding: (([\w-]+): .*)")


def findings(console):
    """Of the mapper, each text once."""
    found = {}
    for match in FINDING.finditer(console):
        found.setdefault(match[2], {"device": match[1], "class": match[3], "text": match[2]})
    return list(found.values())


def policies(output):
    """Each policy that the driver ran under, and the status that its work ended with."""
    found = []
    for key, value in REPORT.findall(output):
        if key == "round":
            name, _, policy = value.partition(" ")
            found.append({"name": name, "policy": policy, "status": None})
        elif key == "policy" and not any(one["name"] != "given" for one in found):
            found = [{"name": "given", "policy": value, "status": None}]
        elif key in ("ended", "status") and found and found[-1]["status"] is None:
            found[-1]["status"] = int(value.split()[0])
    return found


def outcome(reasons, known):
    """pass, fail or error: the last one says nothing about what was to be tested."""
    if not reasons:
        return "pass"
    return "error" if known.get("ending") == "trouble" else "fail"


def collect(args, rundir, reasons):
    """The facts of a run, as they are written."""
    known = read_json(rundir / runfile.NAME, {})
    output, console = read_text(rundir / "output.log"), read_text(rundir / "console.log")
    told = dmarun.known(output)
    facts, counters = told.facts, told.counters
    return {
        "schema": SCHEMA, "puck": version(), "verdict": outcome(reasons, known), "problems": reasons,
        "findings": findings(console), "run_folder": str(rundir), "seconds": round(time.monotonic() - START, 1),
        "started": started(), "kernel": kernel_release(console), "iommu": args.iommu, "seed": args.seed,
        "mischief": args.mischief, "device": facts.get("device"), "driver": facts.get("driver"),
        "policies": policies(output), "counters": {k: counters[k] for k in NUMBERS if k in counters},
        "exit_status": known.get("status"), "ending": known.get("ending"),
    }


def started():
    begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=time.monotonic() - START)
    return begun.isoformat(timespec="seconds")


def kernel_release(console):
    line = next((text for text in console.splitlines() if "Linux version " in text), "")
    return line.partition("Linux version ")[2].split(" ")[0] or None


def cases(facts, output):
    """One for the run as a whole, one for each finding, and what the guest reported."""
    result = {"pass": "passed", "fail": "failed"}.get(facts["verdict"], "error")
    found = [Case("puck.run", "run", result, "\n".join(facts["problems"]), facts["seconds"])]
    found += [Case("puck.run.findings", f"{one['class']} {n}", "failed", one["text"])
              for n, one in enumerate(facts["findings"], start=1)]
    return found + verdict.parse_ktap(output, "puck.run.guest")


def write(args, rundir, reasons):
    """The files that were asked for."""
    if not (args.json or args.junit):
        return
    facts = collect(args, rundir, reasons)
    if args.json:
        write_if_changed(Path(args.json), json.dumps(facts, indent=1) + "\n")
    if args.junit:
        properties = {key: value for key, value in facts.items() if isinstance(value, (str, int, float))}
        junit.write(cases(facts, read_text(rundir / "output.log")), Path(args.junit), properties)
