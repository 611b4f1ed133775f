# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs that come out the same: time by instructions counted, and QEMU's record/replay.

With -icount, a fixed shift and sleep=off, virtual time depends on nothing but
what the guest executes: two runs of a machine without disks are the same to the
byte. The host's disks answer when they like; QEMU can record when they did, and
replay that (docs/system/replay.rst of QEMU). It can not for its nvme, which is
driven by bottom halves that are not recorded.
"""

from ..base.util import PuckError, quoted

SHIFT = 2           # an instruction takes 4 ns
LOG = "replay.bin"
# For what is counted. With these features the kernel copies and clears by instructions of which
# one counts for each byte, which no processor takes; without, by words, a few bytes for each.
CPU = ["-cpu", "max,-erms,-fsrm,-fsrs"]
NO_REPLAY = ("nvme",)


def instructions(us):
    """What the guest executes in so many microseconds, while it does not wait."""
    return us * 1000 / (1 << SHIFT)


def qemu_args(mode, args, rundir):
    """-icount for `args`, which are all others. `mode` is "", record or replay."""
    disks = "-drive" in args
    words = [f"shift={SHIFT}"]
    # Recorded disks answer in the pauses that sleep=off does away with.
    if not (mode and disks):
        words.append("sleep=off")
    if mode:
        words += [f"rr={mode}", f"rrfile={quoted(rundir / LOG)}"]
    return ["-icount", ",".join(words)]


def recorded_drives(args):
    """Each drive behind one that records when it answers."""
    check_devices(args)
    changed, option = [], None
    for arg in args:
        if option == "-drive":
            arg, name = renamed(arg)
            changed += [arg, "-drive", f"driver=blkreplay,if=none,image={name}-file,id={name}"]
        else:
            changed.append(arg)
        option = arg
    return changed


def check_devices(args):
    for option, value in zip(args, args[1:]):
        if option == "-device" and value.partition(",")[0] in NO_REPLAY:
            raise PuckError(f"QEMU cannot replay its {value.partition(',')[0]}: without --record, "
                            "scripts/puck repro runs it again with the same seed")


def renamed(drive):
    words = drive.split(",")
    names = [word.removeprefix("id=") for word in words if word.startswith("id=")]
    if not names or "if=none" not in words:
        raise PuckError(f"to be recorded, -drive {drive} needs if=none and an id")
    return ",".join(f"id={names[0]}-file" if word == f"id={names[0]}" else word for word in words), names[0]


def replaying(cmd, recorded):
    """The command line of a recording, for the replay of what is in folder `recorded`."""
    at = cmd.index("-icount") + 1
    # What is recorded stands behind all else, and its path may have commas.
    words = cmd[at].partition(",rr=")[0]
    return [*cmd[:at], ",".join([words, "rr=replay", f"rrfile={quoted(recorded / LOG)}"]), *cmd[at + 1:]]
