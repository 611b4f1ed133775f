# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run came to, for programs: `run --json FILE --junit FILE`. docs/reports.rst is
the contract. All of it is read from the run's folder, and so can be had again."""

import datetime
import json
import time
from pathlib import Path

from ..base.util import START, read_json, version, write_if_changed
from ..report import findings, junit, verdict
from ..report.lines import Lines, release_of
from ..report.verdict import Case
from ..vm import drivers, runfile
from ..vm.machine import read_text
from . import mapper

SCHEMA = "puck-run-1"
NUMBERS = ("mappings", "entries", "segments", "bytes", "syncs", "failed", "live")


def found(args, console):
    """What the mapper found, each once, and whether that is a bug that is known of the driver."""
    driver = drivers.DRIVERS.get(args.driver)
    lines = Lines([name for name in args.module or () if name.endswith(".ko")], release_of(console) or "")
    return [{"device": one.first.device, "class": one.first.kind, "text": one.first.text, "count": one.count,
             "after": round(one.after, 3) if one.after is not None else None, "policies": one.rounds,
             "known": drivers.is_known_group(driver, one), "why": one.why or None,
             "places": {role: place(site, lines, role, one.first.kind) for role, site in one.first.sites.items()}}
            for one in findings.grouped(console)]


def place(site, lines, role, kind):
    function, line = lines.place(site, role, kind)
    return {"function": function, "module": site.module or None, "line": line}


def policies(told):
    """Each policy that the driver ran under, and the status that its work ended with."""
    return [{"name": one.name, "policy": one.whole(), "status": one.status} for one in told.rounds]


def outcome(reasons, known):
    """pass, fail or error: the last one says nothing about what was to be tested."""
    if not reasons:
        return "pass"
    return "error" if known.get("ending") == "trouble" else "fail"


def collect(args, rundir, reasons):
    """The facts of a run, as they are written."""
    known = read_json(rundir / runfile.NAME, {})
    output, console = read_text(rundir / "output.log"), read_text(rundir / "console.log")
    told = mapper.known(output)
    facts, counters = told.facts, told.counters
    return {
        "schema": SCHEMA, "puck": version(), "verdict": outcome(reasons, known), "problems": reasons,
        "findings": found(args, console), "run_folder": str(rundir), "seconds": round(time.monotonic() - START, 1),
        "started": started(), "kernel": release_of(console), "iommu": args.iommu, "seed": args.seed,
        "mischief": args.mischief, "device": facts.get("device"), "driver": facts.get("driver"),
        "policies": policies(told), "counters": {k: counters[k] for k in NUMBERS if k in counters},
        "exit_status": known.get("status"), "ending": known.get("ending"),
    }


def started():
    begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=time.monotonic() - START)
    return begun.isoformat(timespec="seconds")


def cases(facts, output):
    """One for the run as a whole, one for each finding, and what the guest reported."""
    result = {"pass": "passed", "fail": "failed"}.get(facts["verdict"], "error")
    said = [Case("puck.run", "run", result, "\n".join(facts["problems"]), facts["seconds"])]
    said += [Case("puck.run.findings", f"{one['class']} {n}", "passed" if one["known"] else "failed", one["text"])
             for n, one in enumerate(facts["findings"], start=1)]
    return said + verdict.parse_ktap(output, "puck.run.guest")


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
