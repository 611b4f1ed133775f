# SPDX-License-Identifier: GPL-2.0-or-later
"""Who called the DMA API last thing: a function that ends with such a call is on no stack.

The compiler makes a jump of it, so that the API returns to whoever called the function.
The module's code has the jump.
"""

import functools
import re

from ..base.util import run_quiet

HEADING = re.compile(r"^[0-9a-f]+ <(.+)>:$")
BRANCH = re.compile(r"^ *([0-9a-f]+):\t(call|jmp)q? +[0-9a-f]+ <([^>]+)>")
ANY = re.compile(r"^ *([0-9a-f]+):\t")
RELOCATION = re.compile(r"^\t+[0-9a-f]+: R_X86_64_PLT32\t(.+)-0x4$")
# What there is between the call that is on the stack and the API, at most.
DEPTH = 3
# Functions of the API, by what was done.
MAPS = re.compile(r"_*dmam?_(map|alloc|pool_alloc)")
UNMAPS = re.compile(r"_*dmam?_(unmap|free|pool_free|pool_destroy)")
SYNCS = re.compile(r"_*dma_sync")


def wanted(role, kind):
    """The functions of the API that a finding of class `kind` is about."""
    if role != "call":
        return MAPS if role == "mapped" else UNMAPS
    return SYNCS if kind.startswith("sync-") else MAPS if kind == "access-error" else UNMAPS


@functools.lru_cache(maxsize=None)
def branches(path):
    """{function: [(address, whether it is a call, where it leads, address behind it)]} of a module."""
    found, function = {}, ""
    for line in run_quiet("objdump", "-dr", "--no-show-raw-insn", path).splitlines():
        heading, branch, relocation = HEADING.match(line), BRANCH.match(line), RELOCATION.match(line)
        here = found.setdefault(function, [])
        if relocation and here and here[-1][3] is None:
            here[-1][2] = relocation[1]
        elif ANY.match(line):
            address = int(ANY.match(line)[1], 16)
            if here and here[-1][3] is None:
                here[-1][3] = address
            if branch:
                here.append([address, branch[2] == "call", branch[3], None])
        elif heading:
            function = heading[1]
    return found


def called_by(path, function, returns_to):
    """Where the call leads that returns to the address."""
    return next((to for _, is_call, to, behind in branches(path).get(function, ()) if is_call and behind == returns_to), None)


def jumps(path, function, api, depth=DEPTH):
    """[(function, address)] of the jumps to the API that end `function`, or what it ends with."""
    found = []
    for address, is_call, to, _ in branches(path).get(function, ()):
        if is_call:
            continue
        if api.match(to):
            found.append((function, address))
        elif depth and to != function and to in branches(path):
            found += jumps(path, to, api, depth - 1)
    return found


def behind(path, function, returns_to, api):
    """The same of the call that returns to the address; nothing if it calls the API itself."""
    called = called_by(path, function, returns_to)
    return jumps(path, called, api) if called and not api.match(called) else []
