# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest side code: the driver modules per kernel, and the static test programs."""

import functools
import os
import re
import shutil
from pathlib import Path

from ..base import steps
from ..base.util import (REPO, PuckError, cache, cpus, digest, fresh_dir, lock, prune, prune_folders, read_json, say,
                         sync_tree, tree_files, write_json)
from . import apt

CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-static", "-pthread"]
# Builds of the modules that are kept for a kernel, and the file with their names in order.
KEEP = 8
ORDER = "modules.json"
# How guest programs include what they share
SHARED = re.compile(r'^#include "(lib/[^"]+)"', re.M)
# What may be the name of a program
NAME = re.compile(rb"[\w-]+")
# Sources of programs that are there for 32 bits as well; such a program's name ends in 32.
TWICE = ("gpu/compat.c",)
# Headers of the kernel are the same for both.
CFLAGS_32 = ["-m32", "-D_FILE_OFFSET_BITS=64", "-idirafter", "/usr/include/x86_64-linux-gnu"]
INCLUDES = ["-Iinclude/uapi", "-Iinclude", "-Ilabs/include", "-Itest-images", "-idirafter", "/usr/include/libdrm"]
IMAGES = REPO / "test-images"
# Folders of guest programs, and what the names of those in the guest begin with.
PROGRAMS = {"gpu": "gpu_", "iommu": "iommu_", "dma": "dma_", "mischief": "mischief_", "fail_nth": "fail_nth_",
            "bench": "bench-", "camera": "camera_", "kms": "kms_", "share": "share_", "render3d": "render3d_",
            "clients": "client_", "labs": "labs_", "scenarios": "", "machine": "", "run": ""}


def tree_digest(*folders):
    parts = []
    for folder in folders:
        for rel in tree_files(REPO / folder):
            parts += [f"{folder}/{rel}", REPO / folder / rel]
    return digest(*parts)


def make_command(jobs, kdir, folder, *args):
    # No BTF: it needs pahole and vmlinux, and nothing here reads it.
    return ["make", f"-j{jobs}", "-C", kdir, f"M={folder}", "W=1", "CONFIG_DEBUG_INFO_BTF_MODULES=",
            *args, "modules"]


class Drivers:
    """The guest driver built against one kernel, out of tree in the cache."""

    def __init__(self, kdir, variant=""):
        self.kdir = Path(kdir).resolve()
        if not (self.kdir / "Makefile").exists():
            raise PuckError(f"{kdir} is no kernel build or headers folder (it has no Makefile)")
        self.root = cache("modules", f"{self.kdir.name}-{digest(str(self.kdir))}{variant}", "x").parent

    @property
    def tree(self):
        return self.root / "guest-driver"

    def ensure(self, parts=None):
        """Build; returns the .ko files. `parts` limits it to some subfolders."""
        if parts:
            with lock(f"modules-{self.root.name}"):
                return self.build(parts)
        published = self.root / "bin" / tree_digest("guest-driver", "include")
        if not published.exists():
            with lock(f"modules-{self.root.name}"):
                # Whoever had the lock may have built the same.
                if not published.exists():
                    self.publish(self.build(None), published)
        published.touch()
        return [published / name for name in read_json(published / ORDER)]

    @staticmethod
    def publish(modules, folder):
        """Copies that a build of other sources, for another clone, cannot take away from
        under a guest that is put together."""
        with fresh_dir(folder) as tmp:
            for path in modules:
                shutil.copy2(path, tmp)
            write_json(tmp / ORDER, [path.name for path in modules])
        prune_folders(folder.parent, KEEP)

    def sync(self):
        for folder in ("guest-driver", "include"):
            sync_tree(REPO / folder, self.root / folder)

    def make(self, folder, *args, title="build the guest driver"):
        """One make run over the driver or a subfolder of it; returns its output."""
        return steps.run_step(title, self.command(folder, *args), self.root / "build.log", rewrite=self.places)

    def command(self, folder, *args):
        return make_command(cpus(), self.kdir, folder, *args)

    @property
    def places(self):
        """Where the compiler saw a file, and where the user edits it."""
        return {self.root / folder: REPO / folder for folder in ("guest-driver", "include")}

    def build(self, parts):
        self.sync()
        if not (self.tree / "Kbuild").exists() and not parts:
            say("guest-driver has no Kbuild yet: no modules")
            return []
        (self.root / "build.log").unlink(missing_ok=True)
        if not parts:
            self.make(self.tree)
            return self.listed(self.tree)
        modules = []
        for part in parts:
            self.make(self.tree / part, title=f"build guest-driver/{part}")
            modules += self.listed(self.tree / part)
        return modules

    def diagnostics(self, setting, only, *args, title):
        """The warnings and errors in our files, of a build of all (or `only`) parts.

        After a build without any, in the same `setting`, what did not change since is not
        made again: make knows all that it depends on, and it has nothing to say.
        """
        silent = self.root / "silent.json"
        with lock(f"modules-{self.root.name}"):
            self.sync()
            if read_json(silent) != setting:
                steps.output(["make", "-C", self.kdir, f"M={self.tree}", "clean"])
            silent.unlink(missing_ok=True)
            if only:
                args = (*args, f"PUCK_DRIVERS={only}")
            text = self.make(self.tree, *args, title=title)
            bad = [line.replace(str(self.tree), "guest-driver") for line in text.splitlines()
                   if re.search(r"(warning|error):", line, re.I)]
            if not bad:
                write_json(silent, setting)
        return bad

    def listed(self, folder):
        """What modules.order names, in its order."""
        names = (folder / "modules.order").read_text().split()
        paths = []
        for name in names:
            paths.append(self.find(folder, Path(name).with_suffix(".ko")))
        return paths

    def find(self, folder, path):
        for base in (folder, self.kdir, self.root):
            if (base / path).exists():
                return base / path
        raise PuckError(f"the build lists {path} but made no such file")


def program_name(path):
    """What a program is called in the guest: gpu/submit.c is gpu_submit."""
    return PROGRAMS[path.parent.name] + path.stem


def sources():
    """Each is one program, or two: see builds()."""
    return sorted(path for folder in PROGRAMS for path in (IMAGES / folder).glob("*.c"))


def scripts():
    """Programs for the guest's shell have no suffix."""
    return sorted(path for folder in PROGRAMS if (IMAGES / folder).is_dir()
                  for path in (IMAGES / folder).iterdir() if path.is_file() and not path.suffix)


def mentioned(text):
    """Names of programs in a text, and in the sources of these: what takes no more than that to run."""
    texts = {program_name(path): path for path in [*sources(), *scripts()]}
    texts |= {f"{name}32": path for name, path in texts.items()}
    found, left = set(), [text]
    while left:
        new = {word.decode() for word in NAME.findall(left.pop().encode())} & texts.keys() - found
        found |= new
        left += [texts[name].read_text() for name in new]
    return found


def builds(only):
    """(name, source, what else the compiler is told) of each program that is wanted, and can be had."""
    for source in sources():
        name = program_name(source)
        if not only or name in only:
            yield name, source, []
        name += "32"
        if source.relative_to(IMAGES).as_posix() in TWICE and (not only or name in only) \
                and not apt.missing(apt.packages_32() or ["libc6-dev-i386"]):
            yield name, source, CFLAGS_32


@functools.lru_cache(maxsize=None)
def shared(path):
    """The files that one of guest programs includes itself, of those that these share."""
    return [IMAGES / name for name in SHARED.findall(path.read_text()) if (IMAGES / name).exists()]


def with_shared(source):
    """A program's source, and all that it includes of what programs share, in one order."""
    found, new = set(), {source}
    while new:
        found |= new
        new = {path for one in new for path in shared(one)} - found
    return sorted(found)


def programs(keep_going=False, only=None):
    """Compile the guest programs to static binaries; {name: path}. Scripts are taken as they are.
    Those of 32 bits are there where what it takes is: scripts/puck test installs it."""
    base = digest(CFLAGS, INCLUDES, tree_digest("include", "labs/include"))
    built = {program_name(path): path for path in scripts() if not only or program_name(path) in only}
    for name, source, flags in builds(only):
        out = cache("guest", f"{name}-{digest(base, flags, *with_shared(source))}")
        if not out.exists():
            try:
                compile_program(name, source, out, flags)
            except PuckError as err:
                if not keep_going:
                    raise
                say(f"left out: {err}")
                continue
        built[name] = out
    return built


def named(found, text):
    """Those of programs() that a command names, and those that are named in these."""
    words, wanted = set(NAME.findall(text.encode())), {}
    while new := {name for name in found if name.encode() in words} - wanted.keys():
        wanted |= {name: found[name] for name in new}
        for name in new:
            words.update(NAME.findall(found[name].read_bytes()))
    return dict(sorted(wanted.items()))


def compile_program(name, source, out, flags):
    apt.ensure_host()
    prune(out.parent)
    tmp = out.with_suffix(f".tmp{os.getpid()}")
    libs = ["-lm"]
    steps.run_step(f"compile {name}",
                   ["gcc", *CFLAGS, *flags, *INCLUDES, "-o", tmp, source.relative_to(REPO), *libs],
                   steps.log_path("guest-programs"), cwd=REPO, quiet=True)
    shutil.move(tmp, out)
