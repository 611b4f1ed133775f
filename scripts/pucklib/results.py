# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run came to, for programs: `run --json FILE --junit FILE`. docs/reports.rst is
the contract. All of it is read from the run's folder, and so can be had again."""

import datetime
import json
import time
from pathlib import Path

from . import dmarun, junit, runfile, verdict
from .machine import read_text
from .util import START, read_json, version, write_if_changed
from .verdict import Case

SCHEMA = "puck-run-1"
NUMBERS = ("mappings", "entries", "segments", "bytes", "syncs", "failed", "live")


def findings(console):
    """Of the mapper; the first words of one are its class."""
    found = []
    for match in dmarun.FINDING.finditer(console):
        if match[2] == "finding":
            found.append({"device": match[1], "class": match[3].split(":")[0].strip(), "text": match[3]})
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
    facts, counters = dmarun.known(output)
    return {
        "schema": SCHEMA, "puck": version(), "verdict": outcome(reasons, known), "problems": reasons,
        "findings": findings(console), "run_folder": str(rundir), "seconds": round(time.monotonic() - START, 1),
        "started": started(), "kernel": kernel_release(console), "iommu": args.iommu, "seed": args.seed,
        "mischief": args.mischief, "device": facts.get("device"), "driver": facts.get("driver"),
        "policy": facts.get("policy") or args.dma, "counters": {k: counters[k] for k in NUMBERS if k in counters},
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
