# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run is to do in the guest, and how what came of it is read and shown."""

from dataclasses import dataclass, field

from ..base.util import heard
from ..vm.machine import Spec

PREFIX = "puck: "


def show(line):
    """The guest's report, live; everything else it says is in the run folder."""
    if line.startswith(PREFIX):
        print(line.removeprefix(PREFIX), flush=True)
        heard()


@dataclass
class Job:
    """What a run is to do in the guest."""
    spec: Spec
    command: str
    extra: dict = field(default_factory=dict)
    programs: tuple = ()            # of the guest's; all, if none is named
    on_line: object = show
    # Whether a finding of the kernel's log is known, and no failure.
    is_known: object = lambda text: False
    # Prints what it makes of the result, and returns what is wrong with it.
    report: object = lambda result: []
