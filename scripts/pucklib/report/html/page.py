# SPDX-License-Identifier: GPL-2.0-or-later
"""The page: sections, style and script in one file."""

import shlex
from pathlib import Path

from ...base.util import write_if_changed
from ..trace import perfetto
from . import counters, mappings, timeline, told
from .source import Run, text_of
from .tags import code, escape, table, tag

NAME, TRACE = "report.html", "trace.perfetto-trace"
HERE = Path(__file__).parent
LOGS = (("console.log", "the kernel's log"), ("output.log", "what the guest said"), ("events.log", "the devices' events"),
        ("guest-events.gz", "the guest's events"), ("mischief.jsonl", "what rules made go wrong"), ("qmp.log", "requests to QEMU"),
        ("qemu.log", "what QEMU said"), ("result.json", "all of the verdict, for programs"), ("screen.png", "the screen"),
        (TRACE, "the same events, for ui.perfetto.dev"))
# Nothing is fetched: not even if a log had a way to ask for it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def document(title, *parts):
    script, style = (HERE / "page.js").read_text(), (HERE / "page.css").read_text()
    return ("<!DOCTYPE html>\n" + tag(
        "html", tag("head", '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
                    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
                    '<meta name="color-scheme" content="light dark">',
                    tag("title", escape(title)), f"<style>{style}</style>"),
        tag("body", *parts, f"<script>{script}</script>"), lang="en") + "\n")


def section(name, title, body):
    return tag("section", tag("h2", tag("a", escape(title), href=f"#{name}")), body, id=name)


def guarded(make, run):
    """A section that cannot be made says so; the others are there."""
    try:
        return make(run)
    except Exception as err:                            # noqa: logs may be anything, and the verdict counts
        return tag("p", escape(f"This part could not be made: {type(err).__name__}: {err}"), class_="dim")


def of_run(run):
    """The whole page of a run."""
    parts = [("what", "What happened", told.section), ("mappings", "Mappings", mappings.section),
             ("time", "Time line", timeline.section), ("numbers", "Numbers", counters.section), ("run", "The run", about)]
    links = [tag("a", escape(title), href=f"#{name}") for name, title, _ in parts]
    word = told.WORD.get(run.facts.get("verdict"), "No result")
    return document(f"{word}: {run.name}", told.header(run), tag("nav", *links, aria_label="sections"),
                    tag("main", *(section(name, title, guarded(make, run)) for name, title, make in parts)),
                    tag("footer", escape(f"Puck {run.facts.get('puck') or ''}"), ", ", code(run.folder)))


def about(run):
    """What it was made of, and where the rest is."""
    facts = run.facts
    rows = [[escape(name), code(value)] for name, value in (
        ("command", facts.get("command")), ("folder", run.folder), ("rules", facts.get("mischief")), ("seed", facts.get("seed")),
        ("guest's exit status", facts.get("exit_status")), ("how it ended", facts.get("ending"))) if value not in (None, "")]
    logs = [tag("li", tag("a", escape(name), href=name), " ", tag("span", escape(what), class_="dim")) for name, what in LOGS
            if (run.folder / name).exists() and (run.folder / name).stat().st_size]
    command = run.known.get("cmd") if isinstance(run.known.get("cmd"), list) else []
    line = escape(" \\\n    ".join(shlex.quote(str(word)) for word in command))
    qemu = tag("details", tag("summary", "QEMU's command line"), tag("pre", line, class_="log")) if command else ""
    script = text_of(run.folder / "command.sh").strip()[:4000]
    guest = tag("details", tag("summary", "What the guest ran"), tag("pre", escape(script), class_="log")) if script else ""
    return table(None, rows, "facts") + tag("ul", *logs, class_="logs") + guest + qemu


def write(folder, output=None):
    """report.html and the Perfetto file of a run folder; returns the page's path."""
    run, place = Run(folder), Path(output) if output else Path(folder) / NAME
    trace = perfetto.encode(run.timeline)
    if trace and not output:
        write_if_changed(run.folder / TRACE, trace)
    write_if_changed(place, of_run(run))
    return place


