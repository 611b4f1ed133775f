# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck clean: nothing that a running command uses is removed."""

import contextlib
import fcntl
import shutil
import subprocess
import sys

from ..base.util import PuckError, cache_dir, say
from ..vm import rundirs

EVERYTHING = ("runs", "logs", "apt", "debs", "qemu", "qemu-packages", "qemu-module", "kernels", "modules", "initramfs",
              "initramfs-own", "guest", "unit", "catalogue", "passes", "fuzz", "tools", "checks", "locks", "accel.json")
USERS = "in-use"

_user = None


def use():
    """From now to its end this process uses the cache."""
    global _user
    path = cache_dir() / "locks" / USERS
    path.parent.mkdir(parents=True, exist_ok=True)
    _user = open(path, "w", encoding="ascii")
    fcntl.flock(_user, fcntl.LOCK_SH)


@contextlib.contextmanager
def alone():
    """Whether nobody uses the cache; while this lasts, nobody begins to."""
    path = cache_dir() / "locks" / USERS
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def size(path):
    result = subprocess.run(["du", "-sh", str(path)], capture_output=True, text=True)
    return result.stdout.split()[0] if result.stdout else "?"


def confirm(question):
    if not sys.stdin.isatty():
        raise PuckError("not a terminal to ask on: give --yes")
    return input(question + " [y/N] ").strip().lower() in ("y", "yes")


def remove(path):
    say(f"removing {path} ({size(path)})")
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def remove_runs(root):
    """All run folders that nobody holds; returns how many are left."""
    folders = [p for p in root.iterdir() if p.is_dir()] if root.is_dir() else []
    if folders:
        say(f"removing {root} ({size(root)})")
    left = [folder for folder in folders if not rundirs.remove(folder)]
    for folder in left:
        say(f"in use, and kept: {folder}")
    return len(left)


def cmd_clean(args):
    root = cache_dir()
    # By name: $PUCK_CACHE may have been pointed at a folder with other things in it.
    targets = [root / name for name in (EVERYTHING if args.all else ("runs", "logs"))]
    targets = [t for t in targets if t.exists()]
    if not targets:
        say("nothing to remove")
        return 0
    with alone() as nobody:
        if args.all and not nobody:
            raise PuckError(f"another puck is using {root}: it has to end first")
        if args.all and not args.yes and not confirm(f"remove the cache in {root} ({size(root)})?"):
            return 1
        remove_runs(root / "runs")
        for target in targets:
            # Logs are written to by whoever builds.
            if target.name != "runs" and nobody and target.exists():
                remove(target)
    return 0
