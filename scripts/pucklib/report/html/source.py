# SPDX-License-Identifier: GPL-2.0-or-later
"""A run as its folder has it: all that the sections of a report are made from."""

import functools
from pathlib import Path

from ...base.util import read_json
from .. import findings, verdict
from ..lines import release_of
from ..names import Devices
from ..trace import mappings, merge

# Written by `puck run`; what it has is in docs/reports.rst.
RESULT = "result.json"


def text_of(path):
    return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""


class Run:
    """Everything is read when it is asked for, and once."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.known = self.object("run.json")
        self.facts = self.object(RESULT) or self.facts_of_logs()

    def object(self, name):
        """A JSON object of the folder; an empty one of what is none."""
        value = read_json(self.folder / name)
        return value if isinstance(value, dict) else {}

    def facts_of_logs(self):
        """Of a run of another kind, such as a machine of a soak: what its logs say."""
        failure = self.known.get("failure")
        if str(failure).startswith("exit status"):
            failure = f"The command in the guest ended with {failure}"
        found = [{"device": one.first.device, "class": one.first.kind, "text": one.first.text, "count": one.count,
                  "after": one.after, "policies": one.rounds, "places": {}, "known": False} for one in self.groups]
        bad = failure or found or self.known.get("status") not in (0, None)
        return {"kernel": release_of(self.console), "seed": text_of(self.folder / "seed").strip() or None,
                "verdict": "fail" if bad else "pass" if self.known else "error", "findings": found,
                "problems": [failure] if failure else [], "ending": self.known.get("ending")}

    @functools.cached_property
    def console(self):
        return text_of(self.folder / "console.log")

    @functools.cached_property
    def output(self):
        return text_of(self.folder / "output.log")

    @functools.cached_property
    def groups(self):
        return findings.grouped(self.console)

    @functools.cached_property
    def devices(self):
        return Devices(self.known.get("cmd"), self.console)

    @functools.cached_property
    def timeline(self):
        return merge.read(self.folder, self.devices)

    @functools.cached_property
    def mappings(self):
        return mappings.read(self.timeline.events)

    @functools.cached_property
    def splat(self):
        """The lines of the kernel's log around its first complaint that is none of the mapper's."""
        unit = self.complaint
        return unit if len(unit) > 1 else self.around(unit[0]) if unit else []

    @property
    def splat_is_a_line(self):
        return len(self.complaint) == 1

    @functools.cached_property
    def complaint(self):
        """The line, or the block of lines, that is the kernel's first complaint."""
        wrong = [text for text in verdict.check_console(self.console) if not findings.LINE.search(text)]
        return next((unit for unit in verdict.units(self.console) if wrong[0] in unit), []) if wrong else []

    def around(self, text, before=4, after=24):
        lines = self.console.splitlines()
        at = next((n for n, line in enumerate(lines) if text in line), 0)
        return lines[max(0, at - before):at + after]

    @property
    def name(self):
        return self.folder.name
