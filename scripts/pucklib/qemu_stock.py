# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU as Debian ships it, with Puck's devices as a module that it loads.

Nothing of QEMU is built or changed. The binary comes from the packages of a newer
Debian, unpacked into the cache and run by its own dynamic loader, or is one that the
user names. What is compiled for it is in qemu_module.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from . import apt, steps
from .util import (PuckError, cache, cpus, digest, fresh_dir, in_parallel, lock, need_space, read_json, run_quiet, say,
                   write_json)

# Of --qemu, besides a program.
SOURCE, DEBIAN = "source", "debian"
PACKAGE, SOURCE_PACKAGE = "qemu-system-x86", "qemu"
BINARY = "usr/bin/qemu-system-x86_64"
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# What of the packages the binary needs, besides itself.
WANTED = (BINARY, LOADER, LIBRARIES, "usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe")
# What of the source is needed: headers, what generates some of them, and libqtest with what
# it is made of. Nothing is configured.
PARTS = ("VERSION", "include", "host", "linux-headers", "qapi", "scripts", "trace",
         "accel/qtest", "module-common.c", "monitor/monitor-internal.h", "qobject",
         "stubs", "tests/qtest/libqos", "tests/qtest/libqtest.c",
         "tests/qtest/libqtest.h", "tests/qtest/libqtest-single.h", "tests/qtest/libqmp.c", "tests/qtest/libqmp.h", "util")

MODULE = "puck-qemu.so"
FACTS = "qemu.json"
# A function that QEMU had as long as a vCPU of TCG could take a section of the memory
# map for another one while the map changed (docs/findings.rst).
RACE = b"iotlb_to_section"
# The types that it adds; QEMU's -device help is printed before modules are loaded.
DEVICES = ("puck-gpu", "puck-iommu", "puck-mischief")


def module_of(binary):
    """The module that belongs to a QEMU of ours, or None: it was built with Puck in it."""
    path = Path(binary).with_name(MODULE)
    return path if path.exists() else None


def tcg_options(binary):
    """For -accel tcg: where the memory map may change under a vCPU, all of them share a thread."""
    facts = read_json(Path(binary).with_name(FACTS), {})
    return ",thread=single" if facts.get("race") else ""


def build_id(binary):
    """The number by which the linker tells one build from the other."""
    found = re.search(r"Build ID: ([0-9a-f]+)", run_quiet("readelf", "-n", binary))
    if not found:
        raise PuckError(f"{binary} has no build id: is it a program?")
    return found[1]


def version_of(command):
    """('10.0.13', "Debian's version of the package or ''")."""
    text = run_quiet(*command, "--version")
    found = re.match(r"QEMU emulator version ([\d.]+)(?: \(Debian ([^)]*)\))?", text)
    if not found:
        raise PuckError(f"{command[-1]} --version says nothing of QEMU")
    if tuple(int(n) for n in found[1].split(".")[:2]) < (10, 0):
        raise PuckError(f"{command[-1]} is QEMU {found[1]}; 10.0 or newer is needed")
    return found[1], found[2] or ""


class Unpacked:
    """Debian's binary in the cache."""

    def __init__(self):
        self.root = cache("qemu-packages", "x").parent

    def ensure(self):
        """The folder it lies in."""
        known = read_json(self.root / "package.json", {})
        folder = self.root / known.get("folder", "nothing")
        if (folder / BINARY).exists():
            return folder
        with lock("qemu-packages"):
            return self.fetch()

    def fetch(self):
        need_space("QEMU's packages", 0.5)
        archives = self.root / "archives"
        files = apt.newer_apt().closure(PACKAGE, archives)
        folder = self.root / digest([path.name for path in files])
        say(f"unpacking QEMU: {len(files)} packages")
        with fresh_dir(folder) as tmp:
            in_parallel(lambda path: unpack_some(path, tmp), files, cpus())
        shutil.rmtree(archives)
        write_json(self.root / "package.json", {"folder": folder.name})
        return folder


def unpack_some(deb, into):
    """The parts of a package that QEMU needs at run time."""
    wanted = [f"./{path}" for path in WANTED] + [f"./{path}/*" for path in WANTED]
    done = subprocess.run(f"dpkg-deb --fsys-tarfile {shlex.quote(str(deb))} | tar -x -C {shlex.quote(str(into))} "
                          f"--no-same-owner --wildcards {' '.join(map(shlex.quote, wanted))}",
                          shell=True, capture_output=True, text=True)
    # A package that has none of them is no error.
    others = [line for line in done.stderr.splitlines() if "Not found in archive" not in line
              and "Exiting with failure status" not in line]
    if others:
        raise PuckError(f"unpacking {deb.name}: {others[0]}")


class Binary:
    """A QEMU to run: of the packages, or the user's own."""

    def __init__(self, own=None):
        if own:
            self.program = Path(own).resolve()
            if not self.program.exists():
                raise PuckError(f"--qemu {own}: no such file")
            self.command, self.more = [str(self.program)], []
            self.modules, self.moved = Path("/") / LIBRARIES / "qemu", False
        else:
            root = Unpacked().ensure()
            self.program = root / BINARY
            self.command = [str(root / LOADER), "--library-path", str(root / LIBRARIES), "--argv0", self.program.name,
                            str(self.program)]
            self.more = ["-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios"),
                         "-L", "/usr/lib/ipxe/qemu"]
            self.modules, self.moved = root / LIBRARIES / "qemu", True
        self.build_id = build_id(self.program)
        self.version, self.package = version_of(self.command)

    def wrapper(self, modules=None, options=()):
        """A program of one file that runs it, with modules of its own from another folder and more options."""
        modules = modules or (self.modules if self.moved else None)
        lines = ["#!/bin/sh", f"# QEMU {self.version} {self.package}, build id {self.build_id}"]
        lines += [f"export QEMU_MODULE_DIR={shlex.quote(str(modules))}"] if modules else []
        return "\n".join([*lines, f'exec {shlex.join([*self.command, *self.more, *options])} "$@"', ""])


class Source:
    """What is taken of the source of a binary's package."""

    def __init__(self, binary):
        if not binary.package:
            raise PuckError(f"{binary.program} is not of a Debian package: Puck does not know its headers. "
                            "Build Puck into its source with --qemu-src DIR")
        self.package = binary.package
        self.root = cache("qemu-packages", "source", re.sub(r"[^\w.+~-]", "_", binary.package) + "-" + digest(PARTS))

    def ensure(self):
        if self.root.exists():
            return self.root
        with lock("qemu-source-parts"):
            if not self.root.exists():
                self.fetch()
        return self.root

    def fetch(self):
        need_space("QEMU's source", 1)
        folder = self.root.with_name(self.root.name + ".source")
        shutil.rmtree(folder, ignore_errors=True)
        dsc = apt.newer_apt().source(SOURCE_PACKAGE, folder, self.package)
        steps.run_step("unpack QEMU's source", ["dpkg-source", "--no-check", "-x", dsc, folder / "tree"],
                       steps.log_path("qemu-unpack"), quiet=True)
        with fresh_dir(self.root) as tmp:
            for name in PARTS:
                place = folder / "tree" / name
                (tmp / name).parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if place.is_dir() else shutil.copy2)(place, tmp / name)
        shutil.rmtree(folder)
