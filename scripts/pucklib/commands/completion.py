# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck completion: what a shell completes, read off the command line's own description.

The text that comes out needs no Puck: it holds for the clone that has made it.
"""

import argparse
import shlex

FUNCTION = """\
# Completion of `puck` for bash, and for zsh behind: autoload -U bashcompinit; bashcompinit
_puck()
{
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= word
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        -*) ;;
        *) command=$word; break ;;
        esac
    done
    case $command:$before:$current in
%s
    esac
}
complete -o default -F _puck puck scripts/puck
"""


def subcommands(parser):
    """The commands of the tool: their parsers by name."""
    return next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction)).choices


def offer(pattern, words):
    return f"    {pattern})\n        COMPREPLY=($(compgen -W {shlex.quote(' '.join(words))} -- \"$current\")) ;;"


def takes_value(action):
    return bool(action.option_strings) and action.nargs != 0


def cases(name, parser, known):
    """What `puck NAME ...` offers: behind an option its values, else options and arguments.

    `known` has the words of those that say no more of themselves than a metavar, by their `dest`.
    """
    flags, plain = [], []
    for action in parser._actions:
        flags += [flag for flag in action.option_strings if flag.startswith("--")]
        if not action.option_strings:
            plain += action.choices or known.get(action.dest, ())
        if not takes_value(action):
            continue
        before = "|".join(f"{name}:{flag}:*" for flag in action.option_strings)
        words = action.choices or known.get(action.dest, ())
        # Nothing is offered where a file is meant, so that the shell's own completion comes.
        yield offer(before, words) if words else f"    {before})\n        ;;"
    yield offer(f"{name}:*:-*", flags)
    if plain:
        yield offer(f"{name}:*", plain)


def text(parser, known):
    commands = subcommands(parser)
    lines = [offer(":*:-*", ["--help", "--version"]), offer(":*", commands)]
    for name, sub in commands.items():
        lines += cases(name, sub, known)
    return FUNCTION % "\n".join(lines)


def cmd_completion(parser, known):
    print(text(parser, known), end="")
    return 0
