# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line of scripts/puck."""

import argparse
import sys

from . import apt
from .util import PuckError, say


def cmd_build(args):
    from .qemu import Qemu
    apt.ensure_host()
    print(f"qemu={Qemu(args.qemu_src).ensure()}")
    return 0


def parser():
    top = argparse.ArgumentParser(prog="puck")
    sub = top.add_subparsers(dest="command", required=True)
    p = sub.add_parser("build")
    p.add_argument("what", nargs="*")
    p.add_argument("--qemu-src")
    p.set_defaults(func=cmd_build)
    return top


def main(argv):
    args = parser().parse_args(argv)
    try:
        return args.func(args)
    except PuckError as err:
        say(f"error: {err}")
        return err.code
    except KeyboardInterrupt:
        say("interrupted; what was finished is kept")
        return 130
