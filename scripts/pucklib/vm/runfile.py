# SPDX-License-Identifier: GPL-2.0-or-later
"""run.json: what a run was made of, and how it ended, so that it can be had again."""

import re
from pathlib import Path

from ..base import steps
from ..base.util import quoted, read_json, write_json
from ..build import qemu_stock
from ..report import verdict
from . import ending, files, icount

NAME = "run.json"
INITRD = "initrd"
# How guest programs tell that something is wrong.
WRONG = re.compile(r"\s*not ok\b(?!.*# TODO)|puck: WRONG: ")


def begin(rundir, cmd, parts, made, recorded):
    """Before the run. A recorded one keeps copies of all it needs: it shall be
    possible to replay it when the cache has moved on."""
    kept = {}
    for source in inputs(rundir, cmd) if recorded else []:
        if str(source) == cmd[0] and qemu_stock.module_of(source):
            qemu_stock.keep(source, rundir)
        else:
            steps.output(["cp", "--sparse=always", "--reflink=auto", source, rundir / source.name])
        kept[str(source)] = source.name
    write_json(rundir / NAME, {
        "rundir": str(rundir), "cmd": cmd, "parts": [str(p) for p in parts], "files": made,
        "recorded": recorded, "kept": kept})


def inputs(rundir, cmd):
    """QEMU itself and its module, the kernel, and disks and pictures for a camera that are not of
    the run folder."""
    module = qemu_stock.module_of(cmd[0])
    found = [Path(cmd[0]), *([module] if module else []), Path(cmd[cmd.index("-kernel") + 1])]
    for option, value in zip(cmd, cmd[1:]):
        path = named_file(option, value)
        if path and path.parent != rundir:
            found.append(path)
    return found


def named_file(option, value):
    """The file that an option of QEMU's names, or None."""
    word = "file" if option == "-drive" else "source" if (option, value[:9]) == ("-device", "puck-cam,") else None
    named = re.search(rf"(?:^|,){word}=((?:[^,]|,,)+)", value) if word else None
    return Path(named[1].replace(",,", ",")) if named else None


def end(rundir, result, timeout):
    """After it. The initramfs of a run that was not recorded can be put together again."""
    known = read_json(rundir / NAME, {"recorded": False})
    known |= {"timeout": timeout, "status": result.status, "timed_out": bool(result.timed_out),
              "failure": first_failure(result), "ending": ending.classify(result).kind}
    write_json(rundir / NAME, known)
    if not known["recorded"]:
        (rundir / INITRD).unlink(missing_ok=True)
    files.tidy(rundir)


def first_failure(result):
    """The line that tells what went wrong first, with the kernel's time if it has
    one; None after a good run."""
    findings = verdict.check_console(result.console)
    if findings:
        # A finding may be of several lines, or of none that stands in the console.
        what = findings[0].splitlines()[0]
        return next((line for line in result.console.splitlines() if what in line), what)
    for line in result.output.splitlines():
        if WRONG.match(line):
            return line.strip()
    if result.problem():
        return result.problem().splitlines()[0]
    return f"exit status {result.status}" if result.status else None


def moved(arg, before, now):
    """An argument with another path in it, which stands alone or within one of QEMU's options."""
    if arg.startswith(("/", "file:")):
        return arg.replace(str(before), str(now))
    return arg.replace(quoted(before), quoted(now))


def command_again(known, old, rundir):
    """The command line for once more, with what it writes below `rundir`."""
    cmd = []
    for arg in known["cmd"]:
        arg = moved(arg, known["rundir"], rundir)
        for source, name in known["kept"].items():
            arg = moved(arg, source, old / name)
        cmd.append(arg)
    return icount.replaying(cmd, old) if known["recorded"] else cmd
