# SPDX-License-Identifier: GPL-2.0-or-later
"""From `function+0x12/0x34 [module]` to file and line, where there is debug information."""

import functools
import os
import re
from pathlib import Path

from ..base.util import REPO, run_quiet
from . import tailcalls

# What Debian's packages of debug information are unpacked to.
DEBUG = Path("/usr/lib/debug/lib/modules")
RELEASE = re.compile(r"Linux version (\S+)")
SECTION = re.compile(r"^\s*\[\s*(\d+)\] (\S+)", re.M)
SYMBOL = re.compile(r"^\s*\d+: ([0-9a-f]+)\s+(\d+|0x[0-9a-f]+) FUNC\s+\w+\s+\w+\s+(?:\[[^]]*\]\s+)?(\d+) (\S+)$", re.M)


def release_of(console):
    """Of the kernel whose log it is; None if it never said so."""
    found = RELEASE.search(console)
    return found[1] if found else None


def normal(name):
    return name.replace("-", "_")


@functools.lru_cache(maxsize=None)
def sections(path):
    return dict(SECTION.findall(run_quiet("readelf", "-SW", path)))


@functools.lru_cache(maxsize=None)
def symbols(path):
    """{name: [(section, address, size)]} of the functions of an object file."""
    found = {}
    for address, size, section, name in SYMBOL.findall(run_quiet("readelf", "-sW", path)):
        found.setdefault(name, []).append((section, int(address, 16), int(size, 0)))
    return found


def has_lines(path):
    return any(name in (".debug_line", ".zdebug_line") for name in sections(path).values())


@functools.lru_cache(maxsize=None)
def frames_of(path, function, offset, size):
    """[(function, FILE:LINE)] of the call that returns to function+offset, from what the
    compiler put inline outwards. `size` is the function's: of several of one name it tells
    which, and whether the file is the right one."""
    for section, address in starts_of(path, function, size):
        # The instruction before the one that is returned to is the call.
        frames = frames_at(path, section, address + offset - 1)
        if frames:
            return frames
    return []


def starts_of(path, function, size):
    """[(section, address)] of the functions of a name that have the size."""
    # The kernel counts the padding behind a function as its own.
    return [(sections(path).get(section, ""), address) for section, address, length in symbols(path).get(function, ())
            if length <= size < length + 64]


def frames_at(path, section, address):
    """[(function, FILE:LINE)] of an instruction, from what is inline outwards."""
    said = run_quiet("addr2line", "-fie", path, "-j", section, hex(address)).splitlines()
    found = [(inner, re.match(r"(.+):(\d+)", where)) for inner, where in zip(said[::2], said[1::2])]
    return [(inner, f"{shown(where[1])}:{where[2]}") for inner, where in found if where and where[1] != "??"]


@functools.lru_cache(maxsize=None)
def frames_behind(path, function, offset, size, api):
    """[[(function, FILE:LINE)]] of the calls of the API that are on no stack, as functions end
    with them: each that there may have been behind function+offset."""
    # One function of that name: the code has no more than names to tell them by.
    if len(symbols(path).get(function, ())) != 1:
        return []
    return [frames_at(path, section, jump) for section, address in starts_of(path, function, size)
            for _, jump in tailcalls.behind(path, function, address + offset, api)]


def line_of(frames):
    inner = [line for _, line in frames if not line.rpartition(":")[0].endswith(".h")]
    return inner[0] if inner else frames[0][1] if frames else None


def shown(name):
    """A file's name as its user knows it: from the current folder on, if it is below."""
    for base in (Path.cwd(), REPO):
        if os.path.isabs(name) and Path(os.path.normpath(name)).is_relative_to(base):
            return os.path.relpath(name, base)
    return re.sub(r"^.*/(?=(?:drivers|kernel|lib|net|block|fs|mm)/)", "", name)


class Lines:
    """Knows the lines of the modules of one guest. `given` are the user's files, `release`
    is of the guest's kernel, `built` are modules that were built here."""

    def __init__(self, given=(), release="", built=()):
        self.files = {normal(Path(p).stem): Path(p) for p in [*built, *given]}
        self.release = release

    def file_of(self, module):
        """The file of a module with lines in it, or None."""
        path = self.files.get(normal(module))
        if not path:
            path = self.packaged(module)
        return path if path and has_lines(path) else None

    @functools.lru_cache(maxsize=None)
    def packaged(self, module):
        folder = DEBUG / self.release
        if not self.release or not folder.is_dir():
            return None
        wanted = normal(module) + ".ko"
        found = (p for p in folder.rglob("*.ko*") if normal(p.name).removesuffix(".debug") == wanted)
        return next(found, None)

    def frames(self, site):
        """[(function, FILE:LINE)] of a call site; several where functions are inline."""
        path = self.file_of(site.module) if site.module else None
        return frames_of(path, site.function, site.offset, site.size) if path else []

    def ways(self, site, role, kind):
        """The frames of each way by which the innermost call of a stack may have come to the
        DMA API, in a finding of class `kind`: one, unless functions end with such calls."""
        path = self.file_of(site.module) if site.module else None
        behind = frames_behind(path, site.function, site.offset, site.size, tailcalls.wanted(role, kind)) if path else []
        return [way for way in behind if way] or [self.frames(site)]

    def of(self, site):
        """FILE:LINE of a call site, or None. Of a header's inline functions the line that calls them."""
        return line_of(self.frames(site))

    def place(self, site, role, kind):
        """(function, FILE:LINE) of the call itself, as far as it is known; several ways with "or"."""
        ways = self.ways(site, role, kind)
        if ways == [self.frames(site)]:
            return site.function, self.of(site)
        names = dict.fromkeys(way[-1][0] for way in ways)
        return " or ".join(names), " or ".join(dict.fromkeys(line_of(way) for way in ways))

    def why_not(self, site):
        """What would have to be there for a line of a module's."""
        if normal(site.module) in self.files:
            return f"{self.files[normal(site.module)].name} was built without debug information"
        return f"no debug information of {site.module}: give it with --module, or install linux-image-{self.release}-dbg"
