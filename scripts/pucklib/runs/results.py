# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run came to, for programs: `run --json FILE --junit FILE`. docs/reports.rst is
the contract. All of it is read from the run's folder, and so can be had again."""

import datetime
import json
import shlex
import sys
import time
from pathlib import Path

from ..base.util import START, read_json, say, version, write_if_changed
from ..report import findings, junit, verdict
from ..report.html import page, source
from ..report.lines import Lines, release_of
from ..report.verdict import Case
from ..vm import drivers, runfile
from ..vm.machine import read_text
from . import mapper

SCHEMA = "puck-run-1"
# Of a stack; behind them is the kernel's own.
MOST_FRAMES = 8
NUMBERS = ("mappings", "entries", "segments", "bytes", "syncs", "failed", "live")


def found(args, console):
    """What the mapper found, each once, and whether that is a bug that is known of the driver."""
    driver = drivers.DRIVERS.get(args.driver)
    lines = Lines([name for name in args.module or () if name.endswith(".ko")], release_of(console) or "")
    return [{"device": one.first.device, "class": one.first.kind, "text": one.first.text, "count": one.count,
             "after": round(one.after, 3) if one.after is not None else None, "policies": one.rounds,
             "known": drivers.is_known_group(driver, one), "why": one.why or None,
             "places": {role: place(site, lines, role, one.first.kind) for role, site in one.first.sites.items()},
             "stacks": {role: frames(one.callers(role), lines) for role in one.first.sites}}
            for one in findings.grouped(console)]


def place(site, lines, role, kind):
    function, line = lines.place(site, role, kind)
    return {"function": function, "module": site.module or None, "line": line}


def frames(sites, lines):
    """A stack from the call of the DMA API outwards."""
    return [{"function": site.function, "module": site.module or None, "line": lines.of(site)} for site in sites[:MOST_FRAMES]]


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
        "exit_status": known.get("status"), "ending": known.get("ending"), "command": command(),
        "report": str(rundir / page.NAME),
    }


# Options that say where something goes, and nothing about the run.
PLACES = ("--json", "--junit", "--events", "--screen", "--run-dir")


def command(argv=None):
    """The line that has this run again."""
    words, argv = [], list(sys.argv[1:] if argv is None else argv)
    while argv:
        word = argv.pop(0)
        if word.partition("=")[0] not in PLACES:
            words.append(word)
        elif "=" not in word and argv:
            argv.pop(0)
    return shlex.join(["scripts/puck", *words])


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


def record(args, rundir, reasons):
    """The facts of a run, which its folder has from then on."""
    facts = collect(args, rundir, reasons)
    write_if_changed(rundir / source.RESULT, json.dumps(facts, indent=1) + "\n")
    return facts


def write(args, rundir, reasons):
    """The file of the run folder, and those that were asked for."""
    facts = record(args, rundir, reasons)
    if args.json:
        write_if_changed(Path(args.json), json.dumps(facts, indent=1) + "\n")
    if args.junit:
        properties = {key: value for key, value in facts.items() if isinstance(value, (str, int, float))}
        junit.write(cases(facts, read_text(rundir / "output.log")), Path(args.junit), properties)


def report(rundir):
    """The page of a run, or None: the verdict stands without it."""
    try:
        return page.write(rundir)
    except Exception as err:                            # noqa: a bug of the page's must not fail a run
        say(f"no report: {type(err).__name__}: {err}")
        return None
