# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck manual: the man page, from what --help says."""

import argparse

from .completion import subcommands

HEAD = '.TH PUCK 1 "" "Puck" "User Commands"\n.SH NAME\npuck \\- {}\n.SH SYNOPSIS\n.B puck\n.I COMMAND\n[options]'
FILES = (
    ("$PUCK_CACHE, ~/.cache/puck", "What was built and downloaded, and the folders of runs."),
    ("RUN-DIR/report.html", "A page about a run."),
    ("RUN-DIR/run.json", "What puck repro needs to have a run again."),
)
STATUS = (
    ("0", "All was as it should be."),
    ("1", "Something failed, or was wrong."),
    ("2", "The command line is none that puck knows."),
    ("124, 125", "Of puck guest: the command took too long; the guest died."),
    ("128+N", "Ended by signal N."),
)


def plain(words):
    """As roff takes it: a dash that may be copied, no line that begins as a request does."""
    lines = words.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def described(action):
    """One option or argument with what its help says."""
    name = action.metavar or (None if action.nargs == 0 else action.dest.upper())
    if action.choices is not None and action.option_strings:
        name = "|".join(str(choice) for choice in action.choices)
    flags = ", ".join(f"\\fB{plain(flag)}\\fR" for flag in action.option_strings)
    value = f"\\fI{plain(name)}\\fR" if name and action.nargs != 0 else ""
    head = " ".join(part for part in (flags, value) if part)
    return f".TP\n{head}\n{plain(action.help % {'default': action.default} if action.help else '')}"


def of_command(name, parser):
    lines = [f".SS puck {name}", plain(parser.description.strip())]
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if not isinstance(action, argparse._HelpAction)]
        if shown and group.title not in ("positional arguments", "options", "optional arguments"):
            lines += [".PP", plain(group.title[0].upper() + group.title[1:]) + ":"]
        lines += [described(action) for action in shown]
    return "\n".join(lines)


def pairs(rows):
    return "\n".join(f".TP\n.B {plain(name)}\n{plain(what)}" for name, what in rows)


def text(parser):
    """The whole page, for man -l."""
    first, _, rest = parser.description.partition("\n")
    parts = [HEAD.format(plain(first.rstrip("."))), ".SH DESCRIPTION", plain(rest.strip()), ".SH COMMANDS"]
    parts += [of_command(name, sub) for name, sub in subcommands(parser).items()]
    parts += [".SH FILES", pairs(FILES), ".SH EXIT STATUS", pairs(STATUS)]
    return "\n".join(parts) + "\n"


def cmd_manual(parser):
    print(text(parser), end="")
    return 0
