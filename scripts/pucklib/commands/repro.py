# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck repro: a run once more, from its folder. Does it fail in the same place?"""

import re
import shutil
from pathlib import Path

from ..base.util import PuckError, read_json, say
from ..build import initramfs, qemu_stock
from ..report import events
from ..vm import files, runfile
from ..vm.machine import Machine, Spec, read_text
from ..vm.rundirs import new as new_rundir

STAMP = re.compile(r"^\[ *\d+\.\d+\](\[[^]]*\])? ?")
# What differs from run to run of the same failure: how long ago, where in memory, who ran.
VARIES = (
    (re.compile(r"\b\d+(?:\.\d+)? ?(ns|us|ms|s|jiffies)\b"), r"N \1"),
    (re.compile(r"\b(PID|CPU|pid|TID|cpu|task|Comm)[:=]? ?#?\d+"), r"\1 N"),
    (re.compile(r"\b(?:0x)?[0-9a-f]{8,}\b|\b0x[0-9a-f]{5,}\b"), "@"),
)
EVENTS = "events.log"
COMPARED = ("console.log", "output.log", "mischief.jsonl", EVENTS)


def folder_of(name):
    """The run folder meant, and what is known of it."""
    folder = Path(name).resolve()
    known = read_json(folder / runfile.NAME)
    if not known:
        inside = sorted(str(p.parent.relative_to(folder)) for p in folder.glob("*/" + runfile.NAME))
        more = f"; it has some in it: {', '.join(inside)}" if inside else ""
        raise PuckError(f"{folder} is no folder of a run: it has no {runfile.NAME}{more}")
    if "failure" not in known:
        raise PuckError(f"the run of {folder} did not end, or was of another kind")
    return folder, known


def set_up(old, known, new):
    """What the guest boots from, and its disks as they were before."""
    if known["recorded"]:
        shutil.copy2(old / runfile.INITRD, new / runfile.INITRD)
    else:
        parts = [Path(p.replace(known["rundir"], str(old))) for p in known["parts"]]
        qemu = Path(known["cmd"][0])
        root = qemu_stock.root_of(qemu)
        needed = parts + [qemu, *([root] if root else []), Path(known["cmd"][known["cmd"].index("-kernel") + 1])]
        lost = [str(p) for p in needed if not p.exists()]
        if lost:
            raise PuckError(f"the cache no longer has {', '.join(lost)}; --record keeps all in the run folder")
        initramfs.join(parts, new / runfile.INITRD)
    if (old / "trace-events").exists():
        shutil.copy2(old / "trace-events", new / "trace-events")
    files.make(new, known["files"])


def lines_of(path, recorded):
    """Of a log. When an event was is the same in a replay alone."""
    return events.order(path) if path.name == EVENTS and not recorded else read_text(path).splitlines()


def same(old, new, name, recorded):
    """A line on one of the logs; True if it is the same."""
    if not (old / name).exists():
        return True
    first, second = (lines_of(folder / name, recorded) for folder in (old, new))
    difference = events.first_difference(first, second, "line")
    print(f"{name:15} " + (difference or f"identical, {len(first)} lines"))
    return difference is None


def placed(text):
    """A line of failure without what differs from run to run."""
    text = STAMP.sub("", text)
    for pattern, what in VARIES:
        text = pattern.sub(what, text)
    return text


def report(old, known, new, result):
    """True if this run ended as that one did."""
    failure = runfile.first_failure(result)
    place = (lambda text: text) if known["recorded"] else (lambda text: text and placed(text))
    print(f"{'recorded' if known['recorded'] else 'was':15} {known['failure'] or 'no failure'}")
    print(f"{'replayed' if known['recorded'] else 'run again':15} {failure or 'no failure'}")
    equal = [same(old, new, name, known["recorded"]) for name in COMPARED]
    if place(failure) != place(known["failure"]):
        return False
    return all(equal) or not known["recorded"]


def cmd_repro(args):
    old, known = folder_of(args.folder)
    new = new_rundir("repro", args.run_dir)
    new.mkdir(parents=True, exist_ok=True)
    set_up(old, known, new)
    say(f"{'replaying' if known['recorded'] else 'running again'} {old}")
    # A replay does what was recorded at no particular speed.
    limit = known["timeout"] * (4 if known["recorded"] else 1)
    result = Machine(None, None, new, Spec()).run(runfile.command_again(known, old, new), limit)
    say(f"guest: {result.elapsed:.1f} s; run folder: {new}")
    good = report(old, known, new, result)
    what = "no failure, as before" if not known["failure"] else "failed in the same place"
    print(f"SAME: {what}" if good else "DIFFERENT", flush=True)
    return 0 if good else 1
