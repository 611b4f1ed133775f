# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck clean."""

import shutil
import subprocess
import sys

from .util import PuckError, cache_dir, say


def size(path):
    result = subprocess.run(["du", "-sh", str(path)], capture_output=True, text=True)
    return result.stdout.split()[0] if result.stdout else "?"


def confirm(question):
    if not sys.stdin.isatty():
        raise PuckError("not a terminal to ask on: give --yes")
    return input(question + " [y/N] ").strip().lower() in ("y", "yes")


def cmd_clean(args):
    root = cache_dir()
    targets = [root] if args.all else [root / "runs", root / "logs"]
    targets = [t for t in targets if t.exists()]
    if not targets:
        say("nothing to remove")
        return 0
    if args.all and not args.yes and not confirm(f"remove {root} ({size(root)})?"):
        return 1
    for target in targets:
        say(f"removing {target} ({size(target)})")
        shutil.rmtree(target)
    return 0
