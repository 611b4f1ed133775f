# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU as Debian ships it, with Puck's devices as a module that it loads.

Nothing of QEMU is built or changed. The binary is the system's own where Puck can be
built for it, or one that the user names; else it comes from Debian 13's packages,
unpacked into the cache and run by its own dynamic loader. What is compiled for it is in
qemu_module.
"""

import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from ..base import steps
from ..base.util import (PuckError, cache, cpus, digest, fresh_dir, in_parallel, lock, need_space, read_json, run_quiet,
                         say, write_json)
from . import apt

# Of --qemu, besides a program.
SOURCE, DEBIAN = "source", "debian"
PACKAGE, SOURCE_PACKAGE = "qemu-system-x86", "qemu"
PROGRAM = "qemu-system-x86_64"
BINARY = f"usr/bin/{PROGRAM}"
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


# For how long it is believed that a package's source is not to be had.
ASK_AGAIN = 86400
# Of the wrapper of a QEMU in the cache: the folder that its packages are unpacked in.
ROOT = "root="


def from_source(args):
    """Whether the options ask for a QEMU that is built with Puck in it."""
    return bool(getattr(args, "qemu_src", None)) or getattr(args, "qemu", None) == SOURCE


def choose(which=None):
    """The Binary that --qemu names; without it the system's own if Puck can be built for that, else Debian's."""
    if which:
        return Binary(None if which == DEBIAN else which)
    own = shutil.which(PROGRAM)
    if own:
        try:
            binary = Binary(own)
            Source(binary).ensure()
            return binary
        except PuckError as err:
            say(f"not the system's QEMU: {str(err).splitlines()[0]}")
    return Binary()


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
    """Packages of Debian 13 in the cache, with all that they depend on: QEMU's, unless told otherwise."""

    def __init__(self, name="qemu-packages", title="QEMU", packages=(PACKAGE,), wanted=WANTED):
        self.root = cache(name, "x").parent
        self.name, self.title, self.packages, self.wanted = name, title, packages, wanted

    def ensure(self):
        """The folder they lie in."""
        folder = self.known()
        if folder:
            return folder
        with lock(self.name):
            return self.known() or self.fetch()

    def known(self):
        """The folder, if these parts have been unpacked."""
        known = read_json(self.root / "package.json", {})
        folder = self.root / known.get("folder", "nothing")
        return folder if known.get("parts") == list(self.wanted) and (folder / self.wanted[0]).exists() else None

    def fetch(self):
        need_space(f"{self.title}'s packages", 0.5)
        archives = self.root / "archives"
        files = apt.newer_apt().closure(list(self.packages), archives)
        folder = self.root / digest([path.name for path in files], self.wanted)
        with steps.timed(f"unpack {self.title}'s {len(files)} packages"), fresh_dir(folder) as tmp:
            in_parallel(lambda path: unpack_some(path, tmp, self.wanted), files, cpus())
        shutil.rmtree(archives)
        write_json(self.root / "package.json", {"folder": folder.name, "parts": self.wanted})
        return folder


def unpack_some(deb, into, parts=WANTED):
    """The parts of a package that are needed at run time."""
    wanted = [f"./{path}" for path in parts] + [f"./{path}/*" for path in parts]
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
        # The folder of unpacked packages; None if it runs as it is installed.
        self.root = None if own else Unpacked().ensure()
        self.program = Path(own).resolve() if own else self.root / BINARY
        if not self.program.exists():
            raise PuckError(f"--qemu {own}: no such file")
        self.modules = (self.root or Path("/")) / LIBRARIES / "qemu"
        self.build_id = build_id(self.program)
        self.version, self.package = version_of(self.command(str(self.root)))

    def command(self, root):
        """The words that run it, when the packages are unpacked in `root`."""
        if not self.root:
            return [str(self.program)]
        return [f"{root}/{LOADER}", "--library-path", f"{root}/{LIBRARIES}", "--argv0", PROGRAM, f"{root}/{BINARY}",
                "-L", f"{root}/usr/share/qemu", "-L", f"{root}/usr/share/seabios", "-L", f"{root}/usr/lib/ipxe/qemu"]

    def wrapper(self, modules=None, options=()):
        """A program of one file that runs it, with modules of its own from another folder and more options."""
        lines = ["#!/bin/sh", f"# QEMU {self.version} {self.package}, build id {self.build_id}"]
        own = shlex.join(self.command(None))
        if self.root:
            lines.append(ROOT + shlex.quote(str(self.root)))
            own = " ".join(f'"{word}"' for word in self.command("$root"))
        if modules or self.root:
            lines.append("export QEMU_MODULE_DIR=" + (shlex.quote(str(modules)) if modules else f'"$root/{LIBRARIES}/qemu"'))
        return "\n".join([*lines, " ".join(["exec", own, *map(shlex.quote, options), '"$@"']), ""])

    def facts(self):
        """What others have to know of it, who have its wrapper alone."""
        return {"version": self.version, "package": self.package, "root": str(self.root) if self.root else None,
                "race": RACE in self.program.read_bytes()}


def root_of(wrapper):
    """The folder that the QEMU behind a wrapper was unpacked in, or None."""
    root = read_json(Path(wrapper).with_name(FACTS), {}).get("root")
    return root and Path(root)


def keep(wrapper, folder):
    """Put a QEMU into the folder of a run, which may move: its wrapper, and what that runs."""
    root, text = root_of(wrapper), Path(wrapper).read_text()
    if root:
        # Links cost nothing, where they can be had.
        if subprocess.run(["cp", "-al", root, folder / "qemu"], capture_output=True).returncode:
            shutil.rmtree(folder / "qemu", ignore_errors=True)
            steps.output(["cp", "-a", root, folder / "qemu"])
        text = re.sub(f"^{ROOT}.*$", lambda _: ROOT + '$(dirname "$(readlink -f "$0")")/qemu', text, flags=re.M)
    kept = folder / Path(wrapper).name
    kept.write_text(text)
    kept.chmod(0o755)


def unpack_parts(folder, into):
    """PARTS of a source package, as dpkg-source would unpack it, which takes four times as long for all of it."""
    original, packaging = (next(folder.glob(f"*.{kind}.tar.*"), None) for kind in ("orig", "debian"))
    if not original or not packaging:
        raise PuckError(f"{folder}: no source package of two archives")
    steps.output(["tar", "-C", into, "-xf", original, "--strip-components=1", "--wildcards",
                  "--no-wildcards-match-slash", *(f"*/{name}" for name in PARTS)])
    steps.output(["tar", "-C", folder, "-xf", packaging, "debian/patches"])
    patches = folder / "debian/patches"
    for line in (patches / "series").read_text().splitlines():
        name = line.partition("#")[0].split()
        wanted = patched_parts((patches / name[0]).read_text(errors="surrogateescape")) if name else ""
        if wanted:
            steps.output(["patch", "-s", "-p1", "-d", into], input=wanted, errors="surrogateescape")


def patched_parts(text):
    """What of a patch is for a file of PARTS."""
    files = [part for part in re.split(r"^(?=diff --git |--- .*\n\+\+\+ )", text, flags=re.M) if part.startswith("--- ")]
    targets = [re.search(r"^\+\+\+ [^/\s]+/(\S+)", part, re.M) for part in files]
    return "".join(part for part, target in zip(files, targets) if target and
                   any(target[1] == name or target[1].startswith(name + "/") for name in PARTS))


class Source:
    """What is taken of the source of a binary's package."""

    def __init__(self, binary):
        if not binary.package:
            raise PuckError(f"{binary.program} is not of a Debian package: Puck does not know its headers. "
                            "Build Puck into its source with --qemu-src DIR")
        self.package, self.unpacked = binary.package, bool(binary.root)
        self.root = cache("qemu-packages", "source", re.sub(r"[^\w.+~-]", "_", binary.package) + "-" + digest(PARTS))

    def ensure(self):
        if self.root.exists():
            return self.root
        with lock("qemu-source-parts"):
            if not self.root.exists():
                self.fetch()
        return self.root

    def download(self, folder):
        """The source package; that it cannot be had is remembered for a day."""
        stamp = self.root.with_name(self.root.name + ".lacking")
        if not stamp.exists() or stamp.stat().st_mtime < time.time() - ASK_AGAIN:
            try:
                sources = apt.newer_apt() if self.unpacked else apt.source_apt()
                return sources.source(SOURCE_PACKAGE, folder, self.package)
            except PuckError:
                stamp.touch()
        raise PuckError(f"the source of the package qemu {self.package} cannot be had from this machine's package sources")

    def fetch(self):
        need_space("QEMU's source", 1)
        folder = self.root.with_name(self.root.name + ".source")
        shutil.rmtree(folder, ignore_errors=True)
        self.download(folder)
        with steps.timed("unpack what is used of QEMU's source"), fresh_dir(self.root) as tmp:
            unpack_parts(folder, tmp)
        shutil.rmtree(folder)


def source(which=None):
    """What is taken of the source of the QEMU that is chosen."""
    return Source(choose(which)).ensure()
