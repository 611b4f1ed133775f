# SPDX-License-Identifier: GPL-2.0-or-later
"""What is compiled for a QEMU that others built: Puck's devices, and the qtests.

puck-qemu.so is compiled against the headers in the source of the very package that the
binary is of; which of their switches are on, qemu-device/module/config-host.h says, and the
module checks at load that binary and headers belong together. The qtests are linked with
QEMU's libqtest, a few files of it, and run on that binary, too: it has the accelerator that
they need as a module, which Debian leaves out of its packages.
"""

import ast
import re
import shlex
import shutil
from pathlib import Path

from ..base import steps
from ..base.util import (LONGEST_RUN, REPO, PuckError, cache, cpus, digest, fresh_dir, lock, prune_folders,
                         tree_files, write_if_changed, write_json)
from .qemu_stock import FACTS, MODULE, PROGRAM, Source, choose

KEEP = 8
# Of the module: what QEMU calls, and what is made wrongly for the tests.
ENTRY = REPO / "qemu-device/module/module.c"
OTHER_BUILD, OTHER_LAYOUT, NO_BUILD = "other-build.so", "other-layout.so", 40 * "0"
LANGUAGE = """
-std=gnu11 -O2 -g -fPIC -fno-strict-aliasing -fno-common -fwrapv -pthread
-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE
""".split()
WARNINGS = """
-Wall -Wundef -Wmissing-prototypes -Wold-style-declaration -Wold-style-definition -Wstrict-prototypes
-Wempty-body -Wnested-externs -Wendif-labels -Wtype-limits -Winit-self -Wignored-qualifiers
-Wimplicit-fallthrough=2 -Wmissing-format-attribute -Werror
""".split()

# Libqtest, and what of QEMU it takes to link it.
LIBQTEST = """
tests/qtest/libqtest.c tests/qtest/libqmp.c
tests/qtest/libqos/libqos-malloc.c tests/qtest/libqos/pci.c tests/qtest/libqos/pci-pc.c tests/qtest/libqos/qgraph.c
qobject/json-lexer.c qobject/json-parser.c qobject/json-streamer.c qobject/json-writer.c qobject/qbool.c
qobject/qdict.c qobject/qjson.c qobject/qlist.c qobject/qnull.c qobject/qnum.c qobject/qobject.c qobject/qstring.c
stubs/error-printf.c stubs/fdset.c stubs/monitor-core.c
util/crc32c.c util/cutils.c util/error.c util/error-report.c util/hexdump.c util/osdep.c
util/unicode.c
""".split()
# What these ask about a build, and libqtest makes no use of here.
OF_A_BUILD = {"CONFIG_PREFIX": '"/usr"', "CONFIG_BINDIR": '"/usr/bin"', "CONFIG_KVM_TARGETS": '"x86_64-softmmu"'}
ACCELERATOR = "accel-qtest-x86_64.so"
HOLD_BENCH = "puck-hold-bench"


def qtest_parts(text):
    """{program: its files}, as tests/qtest/meson.build has it."""
    found = re.search(r"^puck_qtests = (\{.*?^\})", text, re.M | re.S)
    if not found:
        raise PuckError("tests/qtest/meson.build has no puck_qtests")
    return ast.literal_eval(found[1])


def ninja_path(path):
    """As ninja's files want it."""
    return re.sub(r"([$ :])", r"$\1", str(path))


class Edges:
    """A build.ninja of C files that become objects, and these a library or a program."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.text = ["rule cc", "  command = cc $flags -MD -MF $out.d -c $in -o $out", "  depfile = $out.d", "  deps = gcc",
                     "rule link", "  command = cc -o $out $in $flags"]
        self.objects = {}

    def compile(self, source, flags):
        """The object of a source; the same for all who ask for it with these flags."""
        key = digest(str(source), flags)
        if key not in self.objects:
            self.objects[key] = re.sub(r"\W", "_", Path(source).stem) + f"-{key}.o"
            self.text += [f"build {self.objects[key]}: cc {ninja_path(source)}",
                          f"  flags = {shlex.join(flags).replace('$', '$$')}"]
        return self.objects[key]

    def link(self, name, objects, flags):
        self.text += [f"build {name}: link {' '.join(objects)}", f"  flags = {shlex.join(flags)}"]

    def run(self, targets, title):
        write_if_changed(self.folder / "build.ninja", "\n".join(self.text) + "\n")
        steps.run_step(title, ["ninja", f"-j{cpus()}", *targets], self.folder / "build.log", cwd=self.folder)


class Module:
    """puck-qemu.so for one binary, and the qtests that go with it."""

    def __init__(self, binary, source):
        self.binary, self.source = binary, source
        self.root = cache("qemu-module", binary.build_id[:16], "x").parent
        # Each clone has its own objects: what one changes, the other does not build.
        self.build = self.root / "build" / digest(str(REPO))

    def flags(self, *includes):
        major, minor, micro = self.binary.version.split(".")[:3]
        defines = {"QEMU_VERSION_MAJOR": major, "QEMU_VERSION_MINOR": minor, "QEMU_VERSION_MICRO": micro}
        folders = [*includes, REPO / "qemu-device/module", self.build, self.root, self.source / "include",
                   self.source / "host/include/x86_64", self.source / "host/include/generic",
                   self.source / "linux-headers", REPO / "include"]
        libraries = steps.output(["pkg-config", "--cflags", "glib-2.0", "gmodule-2.0", "pixman-1"]).split()
        return [*LANGUAGE, *(f"-D{k}={v}" for k, v in defines.items()), *(f"-I{path}" for path in folders),
                "-iquote", str(self.source), *libraries]

    def generate(self):
        """What QEMU's tools write: code for its schema, once for a version, and for trace events."""
        schema = self.root / "qapi"
        with lock(f"qemu-module-{self.root.name}-qapi"):
            if not schema.exists():
                with fresh_dir(schema) as tmp:
                    self.tool("generate QEMU's headers", "qapi-gen.py", "-o", tmp, "-b",
                              self.source / "qapi/qapi-schema.json")
        (self.build / "trace").mkdir(parents=True, exist_ok=True)
        ours = REPO / "qemu-device/trace-events"
        for name, kind, backend, events in (("hw_puck", "h", "log", ours), ("hw_puck", "c", "log", ours),
                                            ("util", "h", "nop", self.source / "util/trace-events")):
            path = self.build / "trace" / f"trace-{name}.{kind}"
            fresh = path.with_name("fresh")
            self.tool("generate trace events", "tracetool.py", f"--backend={backend}", f"--group={name}",
                      f"--format={kind}", events, fresh)
            write_if_changed(path, fresh.read_bytes())
            fresh.unlink()

    def tool(self, title, script, *args):
        steps.run_step(title, ["python3", self.source / "scripts" / script, *args], steps.log_path("qemu-module"), quiet=True)

    def digest(self, *more):
        files = [REPO / folder / rel for folder in ("qemu-device", "include/abi", *more)
                 for rel in tree_files(REPO / folder)]
        return digest(self.binary.wrapper(), LANGUAGE, WARNINGS, LIBQTEST, *(part for path in files for part in
                                                                             (str(path.relative_to(REPO)), path)))

    def published(self, name, digest_now, make):
        """A folder that make() has filled: where it fills it, and where it will be, are its arguments.

        What another clone builds cannot take it from under a guest."""
        folder = self.root / name / digest_now
        if not folder.exists():
            # Another clone does not have to wait, unless it makes the very same.
            with lock(f"qemu-module-{self.build.name}"), lock(f"qemu-module-{self.root.name}-{digest_now}"):
                if not folder.exists():
                    self.build.mkdir(parents=True, exist_ok=True)
                    self.generate()
                    with fresh_dir(folder) as tmp:
                        make(tmp, folder)
                    prune_folders(folder.parent, KEEP, LONGEST_RUN)
        folder.touch()
        return folder

    def ensure(self):
        """The binary's wrapper, with the module of these sources beside it."""
        return self.published("bin", self.digest(), self.make_module) / PROGRAM

    def link(self, edges, name, build_id, *includes):
        """The module, for a QEMU of that build id; its first file finds headers in `includes` before others."""
        flags = [*self.flags(REPO / "qemu-device/module/include"), *WARNINGS, "-fvisibility=hidden"]
        first = [*(f"-I{path}" for path in includes), *flags, f'-DPUCK_QEMU_VERSION="{self.binary.version}"',
                 f'-DPUCK_QEMU_BUILD_ID="{build_id}"']
        sources = [REPO / "qemu-device" / rel for rel in tree_files(REPO / "qemu-device", (".c",))]
        objects = [edges.compile(path, first if path == ENTRY else flags)
                   for path in [*sources, self.build / "trace/trace-hw_puck.c"]]
        edges.link(name, objects, ["-shared"])

    def make_module(self, into, _place):
        edges = Edges(self.build)
        self.link(edges, MODULE, self.binary.build_id)
        edges.run([MODULE], f"build {MODULE}")
        shutil.copy2(self.build / MODULE, into)
        write_program(into / PROGRAM, self.binary.wrapper())
        write_json(into / FACTS, self.binary.facts())

    def wrong_ones(self):
        """A folder with modules that QEMU must not load."""
        return self.published("wrong", self.digest("tests/qtest/other-layout"), self.make_wrong_ones)

    def make_wrong_ones(self, into, _place):
        edges = Edges(self.build)
        self.link(edges, OTHER_BUILD, NO_BUILD)
        self.link(edges, OTHER_LAYOUT, self.binary.build_id, REPO / "tests/qtest/other-layout")
        edges.run([OTHER_BUILD, OTHER_LAYOUT], "build modules that do not fit")
        for name in (OTHER_BUILD, OTHER_LAYOUT):
            shutil.copy2(self.build / name, into)

    def qtest_folder(self):
        """Where the program lies that qtests are run on, and theirs."""
        self.ensure()
        return self.published("qtest", self.digest("tests/qtest"), self.make_qtests)

    def qtests(self):
        """The program to run qtests on, and theirs."""
        folder = self.qtest_folder()
        return folder / PROGRAM, [folder / name for name in self.qtest_parts() if name.endswith("-test")]

    def hold_bench(self):
        """The same for what measures for how long QEMU does not answer."""
        folder = self.qtest_folder()
        return folder / PROGRAM, folder / HOLD_BENCH

    @staticmethod
    def qtest_parts():
        return qtest_parts((REPO / "tests/qtest/meson.build").read_text())

    def make_qtests(self, into, place):
        edges = Edges(self.build)
        common = self.flags(REPO / "tests/qtest", self.source / "tests/qtest")
        # What nothing calls is left out, and what that would need of QEMU.
        theirs = [*common, "-w", "-ffunction-sections", "-fdata-sections", *(f"-D{name}={value}" for name, value in OF_A_BUILD.items())]
        library = [edges.compile(self.source / path, theirs) for path in LIBQTEST]
        ours = [*common, *WARNINGS]
        library.append(edges.compile(REPO / "tests/qtest/stubs/libqtest-stubs.c", ours))
        parts = self.qtest_parts()
        for name, files in parts.items():
            objects = [edges.compile(REPO / "tests/qtest" / path, ours) for path in files]
            edges.link(name, objects + library,
                       ["-Wl,--gc-sections", *steps.output(["pkg-config", "--libs", "glib-2.0"]).split()])
        self.accelerator(edges, theirs)
        edges.run([*parts, ACCELERATOR], "build the qtests")
        for name in parts:
            shutil.copy2(self.build / name, into)
        self.lay_out_modules(into / "modules")
        module = self.ensure().with_name(MODULE)
        write_program(into / PROGRAM, self.binary.wrapper(place / "modules", ["-plugin", str(module)]))

    def accelerator(self, edges, flags):
        """QEMU's own, as a module with the stamp that this build of it looks for."""
        stamp = re.search(rb"qemu_stamp(_[0-9a-f]{40})", self.binary.program.read_bytes())
        if not stamp:
            raise PuckError(f"{self.binary.program} loads no modules: its qtests need --qemu-src")
        flags = [*flags, "-DBUILD_DSO", f"-DCONFIG_STAMP={stamp[1].decode()}"]
        edges.link(ACCELERATOR, [edges.compile(self.source / path, flags) for path in ("accel/qtest/qtest.c", "module-common.c")],
                   ["-shared"])

    def lay_out_modules(self, folder):
        """Where QEMU looks for modules: those that it has, and that one."""
        folder.mkdir()
        shutil.copy2(self.build / ACCELERATOR, folder)
        for path in self.binary.modules.glob("*.so"):
            (folder / path.name).symlink_to(path)


def stock(which=None):
    """The Module for the binary that --qemu names, or that is taken without it."""
    binary = choose(which)
    return Module(binary, Source(binary).ensure())


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)
