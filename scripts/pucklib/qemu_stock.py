# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU as Debian ships it, with Puck's devices as a module that it loads.

Nothing of QEMU is built or changed. The binary comes from the packages of a newer
Debian, unpacked into the cache and run by its own dynamic loader, or is one that the
user names. puck-qemu.so is compiled against the headers in the source of that very
package; which of their switches are on, qemu-device/module/config-host.h says, and the
module checks at load that binary and headers belong together.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from . import apt, steps
from .util import (REPO, PuckError, cache, cpus, digest, fresh_dir, in_parallel, lock, need_space, prune_folders,
                   read_json, run_quiet, say, tree_files, write_if_changed, write_json)

# Of --qemu, besides a program.
SOURCE, DEBIAN = "source", "debian"
PACKAGE, SOURCE_PACKAGE = "qemu-system-x86", "qemu"
BINARY = "usr/bin/qemu-system-x86_64"
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# What of the packages the binary needs, besides itself.
WANTED = (BINARY, LOADER, LIBRARIES, "usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe")
# What of the source the module needs: headers, and what generates some of them.
HEADERS = ("VERSION", "include", "host", "linux-headers", "qapi", "scripts", "trace")

MODULE = "puck-qemu.so"
FACTS = "qemu.json"
# A function that QEMU had as long as a vCPU of TCG could take a section of the memory
# map for another one while the map changed (docs/findings.rst).
RACE = b"iotlb_to_section"
# The types that it adds; QEMU's -device help is printed before modules are loaded.
DEVICES = ("puck-gpu", "puck-iommu", "puck-mischief")
KEEP = 8

CFLAGS = """
-std=gnu11 -O2 -g -fPIC -fvisibility=hidden -fno-strict-aliasing -fno-common -fwrapv -pthread
-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE
-Wall -Wundef -Wmissing-prototypes -Wold-style-declaration -Wold-style-definition -Wstrict-prototypes
-Wempty-body -Wnested-externs -Wendif-labels -Wtype-limits -Winit-self -Wignored-qualifiers
-Wimplicit-fallthrough=2 -Wmissing-format-attribute -Werror
""".split()


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
            self.command = [str(self.program)]
        else:
            root = Unpacked().ensure()
            self.program = root / BINARY
            self.command = [str(root / LOADER), "--library-path", str(root / LIBRARIES), "--argv0", self.program.name,
                            str(self.program)]
            self.more = ["-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios"),
                         "-L", "/usr/lib/ipxe/qemu"]
            self.environment = {"QEMU_MODULE_DIR": str(root / LIBRARIES / "qemu")}
        self.own = bool(own)
        self.build_id = build_id(self.program)
        self.version, self.package = version_of(self.command)

    def wrapper(self):
        """A program of one file that runs it."""
        lines = ["#!/bin/sh", f"# QEMU {self.version} {self.package}, build id {self.build_id}"]
        if not self.own:
            lines += [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        words = self.command + ([] if self.own else self.more)
        return "\n".join([*lines, f'exec {shlex.join(words)} "$@"', ""])


class Headers:
    """What the module is compiled with of QEMU's source."""

    def __init__(self, binary):
        if not binary.package:
            raise PuckError(f"{binary.program} is not of a Debian package: Puck does not know its headers. "
                            "Build Puck into its source with --qemu-src DIR")
        self.package = binary.package
        self.root = cache("qemu-packages", "headers", re.sub(r"[^\w.+~-]", "_", binary.package) + "-" + digest(HEADERS))

    def ensure(self):
        if self.root.exists():
            return self.root
        with lock("qemu-headers"):
            if not self.root.exists():
                self.fetch()
        return self.root

    def fetch(self):
        need_space("QEMU's headers", 1)
        folder = self.root.with_name(self.root.name + ".source")
        shutil.rmtree(folder, ignore_errors=True)
        dsc = apt.newer_apt().source(SOURCE_PACKAGE, folder, self.package)
        steps.run_step("unpack QEMU's source", ["dpkg-source", "--no-check", "-x", dsc, folder / "tree"],
                       steps.log_path("qemu-unpack"), quiet=True)
        with fresh_dir(self.root) as tmp:
            for name in HEADERS:
                place = folder / "tree" / name
                (shutil.copytree if place.is_dir() else shutil.copy2)(place, tmp / name)
        shutil.rmtree(folder)


def generated(headers, into):
    """Headers that QEMU's build makes of its schema; once for a version."""
    if into.exists():
        return
    with fresh_dir(into) as tmp:
        steps.run_step("generate QEMU's headers", ["python3", headers / "scripts/qapi-gen.py", "-o", tmp, "-b",
                                                   headers / "qapi/qapi-schema.json"],
                       steps.log_path("qemu-module"), quiet=True)


class Module:
    """puck-qemu.so for one binary."""

    def __init__(self, binary, headers):
        self.binary, self.headers = binary, headers
        self.root = cache("qemu-module", binary.build_id[:16], "x").parent
        # Each clone has its own objects: what one changes, the other does not build.
        self.build = self.root / "build" / digest(str(REPO))

    def sources(self):
        return [rel for rel in tree_files(REPO / "qemu-device", (".c",))]

    def flags(self):
        major, minor, micro = self.binary.version.split(".")[:3]
        defines = {"QEMU_VERSION_MAJOR": major, "QEMU_VERSION_MINOR": minor, "QEMU_VERSION_MICRO": micro,
                   "PUCK_QEMU_VERSION": f'"{self.binary.version}"', "PUCK_QEMU_BUILD_ID": f'"{self.binary.build_id}"'}
        h = self.headers
        includes = [REPO / "qemu-device/module/include", REPO / "qemu-device/module", self.build, self.root,
                    h / "include", h / "host/include/x86_64", h / "host/include/generic", h / "linux-headers",
                    REPO / "include"]
        libraries = steps.output(["pkg-config", "--cflags", "glib-2.0", "gmodule-2.0", "pixman-1"]).split()
        return [*CFLAGS, *(f"-D{k}={v}" for k, v in defines.items()), *(f"-I{path}" for path in includes),
                "-iquote", str(h), *libraries]

    def ninja_file(self):
        """Rules and edges; ninja knows from the compiler what a file includes."""
        flags = shlex.join(self.flags()).replace("$", "$$")
        text = ["rule cc", f"  command = cc {flags} -MD -MF $out.d -c $in -o $out", "  depfile = $out.d", "  deps = gcc",
                "rule link", "  command = cc -shared -o $out $in"]
        objects = []
        for source in [REPO / "qemu-device" / rel for rel in self.sources()] + [self.build / "trace/trace-hw_puck.c"]:
            objects.append(f"{source.stem}-{digest(str(source))}.o")
            text.append(f"build {objects[-1]}: cc {ninja_path(source)}")
        text.append(f"build {MODULE}: link {' '.join(objects)}")
        return "\n".join(text) + "\n"

    def trace(self):
        """Trace events are code that QEMU's tool writes."""
        events = REPO / "qemu-device/trace-events"
        for kind in ("h", "c"):
            path = self.build / "trace" / f"trace-hw_puck.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name("fresh")
            steps.output(["python3", self.headers / "scripts/tracetool.py", "--backend=log", "--group=hw_puck",
                          f"--format={kind}", events, fresh])
            write_if_changed(path, fresh.read_bytes())
            fresh.unlink()

    def digest(self):
        files = [REPO / "qemu-device" / rel for rel in tree_files(REPO / "qemu-device")]
        files += [REPO / "include/abi" / rel for rel in tree_files(REPO / "include/abi")]
        return digest(self.binary.wrapper(), CFLAGS, *(part for path in files
                                                       for part in (str(path.relative_to(REPO)), path)))

    def ensure(self):
        """The binary's wrapper, with the module of these sources beside it."""
        published = self.root / "bin" / self.digest()
        if not published.exists():
            with lock(f"qemu-module-{self.root.name}"):
                if not published.exists():
                    self.compile()
                    self.publish(published)
        published.touch()
        return published / Path(BINARY).name

    def compile(self):
        generated(self.headers, self.root / "qapi")
        self.build.mkdir(parents=True, exist_ok=True)
        self.trace()
        write_if_changed(self.build / "build.ninja", self.ninja_file())
        steps.run_step(f"build {MODULE}", ["ninja", f"-j{cpus()}", MODULE], steps.log_path("qemu-module"),
                       cwd=self.build)

    def publish(self, folder):
        with fresh_dir(folder) as tmp:
            shutil.copy2(self.build / MODULE, tmp)
            wrapper = tmp / Path(BINARY).name
            wrapper.write_text(self.binary.wrapper())
            wrapper.chmod(0o755)
            write_json(tmp / FACTS, {"version": self.binary.version, "package": self.binary.package,
                                     "race": RACE in self.binary.program.read_bytes()})
        prune_folders(folder.parent, KEEP)


def ninja_path(path):
    """As ninja's files want it."""
    return re.sub(r"([$ :])", r"$\1", str(path))


class StockQemu:
    """What qemu.Qemu is for a QEMU that is built, for one that is not."""

    def __init__(self, own=None):
        self.own = own

    def ensure(self):
        binary = Binary(self.own)
        return Module(binary, Headers(binary).ensure()).ensure()
