# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lab is: its folder, its points, its wrong answers, as the file `points` has them."""

import configparser
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from ..base.util import REPO, PuckError
from ..vm.machine import Spec

LABS = REPO / "labs"
FOLDER = re.compile(r"(\d\d)-([a-z][a-z0-9-]*)")
WORD = re.compile(r"[a-z][a-z0-9-]*")
# Whatever the kernel, the IOMMU and the mapper complain of, and no other point claims, loses this one.
CLEAN = "clean"
# The grader looks at the registers of a device that a driver has.
RELAXED = "iomem=relaxed"
# A sixth of the boot's CPU time: the kernel's tests of its own cryptography, and what does nothing but such tests.
QUICK = ("cryptomgr.notests=1 init_on_alloc=0 "
         "initcall_blacklist=crypto_kdf108_init,init_encrypted,jent_mod_init,load_system_certificate_list")
# Sections of the file, and what each may say; what has no default has to be there.
REQUIRED = object()
KEYS = {
    "lab": {"title": REQUIRED, "seeds": "no"},
    "machine": {"load": "puck-iommu", "iommu": "puck", "gpu": "", "mischief": "", "append": "", "qemu": "",
                "timeout": "60"},
    "point": {"worth": REQUIRED, "title": REQUIRED, "hint": REQUIRED, "finding": "", "console": "", "by": "guest"},
    "skeleton": {"loses": ""},
    "wrong": {"what": REQUIRED, "loses": REQUIRED, "chance": "no"},
}


@dataclass(frozen=True)
class Point:
    id: str
    worth: int
    title: str
    hint: str
    findings: tuple = ()        # classes of puck-dma's findings that lose it
    console: str = ""           # a regular expression: complaints of the kernel's that lose it
    by: str = "guest"           # who says whether it is reached: the program in the guest, or the host alone


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: a patch against the solution, and the points that it loses, no others."""
    id: str
    what: str
    loses: tuple
    patch: Path
    chance: bool = False        # threads have to meet for it: on an idle machine it may lose nothing


@dataclass
class Lab:
    folder: Path
    number: int
    name: str
    title: str
    seeds: bool
    machine: dict
    points: list = field(default_factory=list)
    wrongs: list = field(default_factory=list)
    skeleton_loses: tuple = ()

    @property
    def program(self):
        """The guest half of the grader."""
        return "labs_" + self.name.replace("-", "_")

    @property
    def skeleton(self):
        return self.folder / "skeleton"

    @property
    def solution(self):
        return LABS / "solutions" / self.folder.name

    @property
    def total(self):
        return sum(point.worth for point in self.points)

    def spec(self):
        """The machine that it is for."""
        words = self.machine
        return Spec(iommu=words["iommu"], load=words["load"], mischief=words["mischief"],
                    gpu_options="," + words["gpu"] if words["gpu"] else "",
                    append=" ".join(filter(None, [RELAXED, QUICK, words["append"]])),
                    qemu_args=shlex.split(words["qemu"]), guest_rules=True)


def section(text, parser, where):
    """The words of a section, each one known, with those that are not said."""
    kind = text.split()[0]
    known, given = KEYS[kind], dict(parser[text])
    for key in given:
        if key not in known:
            raise PuckError(f"{where}: [{text}] has no '{key}': {', '.join(known)}")
    for key, default in known.items():
        if default is REQUIRED and not given.get(key):
            raise PuckError(f"{where}: [{text}] lacks '{key}'")
    return {key: " ".join(given.get(key, default).split()) for key, default in known.items()}


def words(text):
    """A list with commas or spaces between."""
    return tuple(filter(None, re.split(r"[,\s]+", text)))


def read_point(name, told, where):
    if not told["worth"].isdigit() or not int(told["worth"]):
        raise PuckError(f"{where}: [point {name}]: worth is a number from 1 on")
    if told["by"] not in ("guest", "host"):
        raise PuckError(f"{where}: [point {name}]: by is guest or host")
    try:
        re.compile(told["console"])
    except re.error as err:
        raise PuckError(f"{where}: [point {name}]: console: {err}") from err
    return Point(name, int(told["worth"]), told["title"], told["hint"], words(told["finding"]), told["console"],
                 told["by"])


def read(folder):
    """The Lab in a folder of labs/."""
    path = folder / "points"
    where = path.relative_to(REPO) if path.is_relative_to(REPO) else path
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (configparser.Error, UnicodeDecodeError) as err:
        raise PuckError(f"{where}: {err}") from err
    known = {}
    for text in parser.sections():
        kind, _, name = text.partition(" ")
        if kind not in KEYS or bool(name) != (kind in ("point", "wrong")) or (name and not WORD.fullmatch(name)):
            raise PuckError(f"{where}: no section is [{text}]")
        known[kind, name] = section(text, parser, where)
    if ("lab", "") not in known:
        raise PuckError(f"{where}: there is no section [lab]")
    return assemble(folder, known, where)


def assemble(folder, known, where):
    number, name = FOLDER.fullmatch(folder.name).groups()
    told = known["lab", ""]
    defaults = {key: default for key, default in KEYS["machine"].items()}
    lab = Lab(folder, int(number), name, told["title"], told["seeds"] == "yes", known.get(("machine", ""), defaults))
    lab.points = [read_point(id_, words_, where) for (kind, id_), words_ in known.items() if kind == "point"]
    if not lab.points or lab.points[-1].id != CLEAN:
        raise PuckError(f"{where}: the last point has to be [point {CLEAN}]")
    lab.wrongs = [Wrong(id_, told["what"], words(told["loses"]), folder / "wrong" / f"{id_}.patch",
                        told["chance"] == "yes")
                  for (kind, id_), told in known.items() if kind == "wrong"]
    lab.skeleton_loses = (words(known.get(("skeleton", ""), {"loses": ""})["loses"])
                          or tuple(point.id for point in lab.points if point.id != CLEAN))
    ids = {point.id for point in lab.points}
    for name, loses in [("skeleton", lab.skeleton_loses), *((f"wrong {one.id}", one.loses) for one in lab.wrongs)]:
        if set(loses) - ids:
            raise PuckError(f"{where}: [{name}] loses what is no point: {', '.join(sorted(set(loses) - ids))}")
    return lab


def folders():
    return sorted(path for path in LABS.iterdir() if FOLDER.fullmatch(path.name) and (path / "points").is_file())


def every():
    return [read(folder) for folder in folders()]


def find(number):
    """The lab of a number, as the user has written it."""
    for folder in folders():
        if number.isdigit() and int(number) == int(folder.name[:2]):
            return read(folder)
    raise PuckError(f"there is no lab {number}: 'puck lab' lists them")
