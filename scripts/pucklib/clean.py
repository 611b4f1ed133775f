# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck clean."""

import shutil
import subprocess
import sys

from .util import PuckError, cache_dir, say


EVERYTHING = ("runs", "logs", "apt", "debs", "qemu", "kernels", "modules", "initramfs", "guest", "unit", "tools",
              "locks", "accel.json")


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


def cmd_clean(args):
    root = cache_dir()
    # By name: $PUCK_CACHE may have been pointed at a folder with other things in it.
    targets = [root / name for name in (EVERYTHING if args.all else ("runs", "logs"))]
    targets = [t for t in targets if t.exists()]
    if not targets:
        say("nothing to remove")
        return 0
    if args.all and not args.yes and not confirm(f"remove the cache in {root} ({size(root)})?"):
        return 1
    for target in targets:
        remove(target)
    return 0
