# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU as others built it, and the module that goes with it."""

import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib import machine, qemu_module, qemu_stock  # noqa: E402
from pucklib.util import PuckError, write_json  # noqa: E402

SAYS = "#!/bin/sh\necho 'QEMU emulator version {}'\n"


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, text, name="qemu"):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path


class Versions(InFolder):
    def test_debians(self):
        found = qemu_stock.version_of([self.program(SAYS.format("10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)"))])
        self.assertEqual(found, ("10.0.13", "1:10.0.13+ds-0+deb13u1"))

    def test_of_no_package(self):
        self.assertEqual(qemu_stock.version_of([self.program(SAYS.format("11.1.3"))]), ("11.1.3", ""))
        binary = unittest.mock.Mock(program="/opt/qemu", package="")
        with self.assertRaisesRegex(PuckError, "not of a Debian package.*--qemu-src"):
            qemu_stock.Source(binary)

    def test_too_old(self):
        with self.assertRaisesRegex(PuckError, "is QEMU 7.2.22; 10.0 or newer"):
            qemu_stock.version_of([self.program(SAYS.format("7.2.22 (Debian 1:7.2+dfsg-7)"))])

    def test_something_else(self):
        with self.assertRaisesRegex(PuckError, "says nothing of QEMU"):
            qemu_stock.version_of([self.program("#!/bin/sh\necho hello\n")])
        with self.assertRaisesRegex(PuckError, "no build id"):
            qemu_stock.build_id(self.program("#!/bin/sh\n"))

    def test_each_program_has_a_build_id_of_its_own(self):
        ids = {qemu_stock.build_id(path) for path in ("/bin/sh", "/usr/bin/env")}
        self.assertEqual(len(ids), 2)


class Wrapper(InFolder):
    def test_it_becomes_the_program_with_all_its_words(self):
        binary = qemu_stock.Binary.__new__(qemu_stock.Binary)
        binary.version, binary.package, binary.build_id = "10.0.13", "1:10.0.13", "00"
        binary.command = [str(self.program('#!/bin/sh\necho "$QEMU_MODULE_DIR:$$:$1:$2:$3"\n'))]
        binary.more, binary.modules, binary.moved = ["-L", "a folder"], "the modules'", True
        wrapper = self.program(binary.wrapper(), "wrapper")
        run = subprocess.Popen([wrapper, "-M q35"], stdout=subprocess.PIPE, text=True)
        said = run.communicate()[0]
        # The same process: a signal for the one reaches the other.
        self.assertEqual(said, f"the modules':{run.pid}:-L:a folder:-M q35\n")


class Packages(InFolder):
    def deb(self, name, *files):
        tree = self.folder / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: 1\nArchitecture: all\n"
                                             "Maintainer: Nobody <nobody@example.org>\nDescription: none\n")
        for file in files:
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_text(file)
        deb = self.folder / f"{name}.deb"
        subprocess.run(["dpkg-deb", "-b", tree, deb], check=True, capture_output=True)
        return deb

    def test_what_runs_comes_out_and_nothing_else(self):
        into = self.folder / "root"
        into.mkdir()
        qemu_stock.unpack_some(self.deb("one", qemu_stock.BINARY, f"{qemu_stock.LIBRARIES}/qemu/ui.so",
                                        "usr/share/doc/one/copyright", "usr/bin/perl"), into)
        qemu_stock.unpack_some(self.deb("two", "etc/passwd"), into)
        found = sorted(str(path.relative_to(into)) for path in into.rglob("*") if path.is_file())
        self.assertEqual(found, [qemu_stock.BINARY, f"{qemu_stock.LIBRARIES}/qemu/ui.so"])

    def test_a_broken_package_is_an_error(self):
        broken = self.program("no archive", "broken.deb")
        with self.assertRaisesRegex(PuckError, "unpacking broken.deb"):
            qemu_stock.unpack_some(broken, self.folder)


class Qtests(unittest.TestCase):
    def test_the_parts_are_those_of_the_build_in_the_tree(self):
        parts = qemu_module.Module.qtest_parts()
        folder = qemu_module.REPO / "tests/qtest"
        self.assertEqual(sorted(name for name in parts if name.endswith("-test")),
                         sorted(f"puck-{path.parent.name}-test" for path in folder.glob("*/test.c")))
        for name, files in parts.items():
            for file in files:
                self.assertTrue((folder / file).exists(), f"{name}: {file}")

    def test_a_build_file_that_says_nothing(self):
        with self.assertRaisesRegex(PuckError, "no puck_qtests"):
            qemu_module.qtest_parts("foreach test : ['a']\nendforeach\n")


class Ninja(InFolder):
    """Files and flags with what ninja and the shell take for theirs."""

    def test_a_program_of_two_files(self):
        sources = [self.folder / name for name in ("one $1.c", "two: 2.c")]
        sources[0].write_text('int two(const char *);\nint main(void) { return two(TEXT); }\n')
        sources[1].write_text("int two(const char *text) { return text[0] != '$' || text[1] != 'a' || text[2] != ' '; }\n")
        edges = qemu_module.Edges(self.folder / "build $")
        objects = [edges.compile(source, ['-DTEXT="$a b"']) for source in sources]
        self.assertEqual(edges.compile(sources[0], ['-DTEXT="$a b"']), objects[0])
        self.assertNotEqual(edges.compile(sources[0], ['-DTEXT="$b"']), objects[0])
        edges.link("program", objects, [])
        edges.run(["program"], "build a program")
        self.assertEqual(subprocess.run([edges.folder / "program"]).returncode, 0)

    def test_what_does_not_compile(self):
        source = self.folder / "bad.c"
        source.write_text("int x = ;\n")
        edges = qemu_module.Edges(self.folder / "build")
        edges.link("program", [edges.compile(source, [])], [])
        with self.assertRaisesRegex(PuckError, "bad.c:1:9: error"):
            edges.run(["program"], "build a program")


class CommandLine(InFolder):
    """Of a guest on a QEMU with a module beside it."""

    def setUp(self):
        super().setUp()
        self.qemu = self.program("#!/bin/sh\necho 'name \"edu\", bus PCI'\n", "qemu-system-x86_64")
        machine.known_devices.cache_clear()
        self.addCleanup(machine.known_devices.cache_clear)

    def line(self, **options):
        kernel = unittest.mock.Mock(image="bzImage", words="")
        spec = machine.Spec(accel="tcg", **options)
        return machine.Machine(self.qemu, kernel, self.folder / "run, 1", spec).command_line("initrd")

    def after(self, line, option):
        return line[line.index(option) + 1]

    def test_without_a_module(self):
        line = self.line()
        self.assertNotIn("-plugin", line)
        self.assertIn("events=", self.after(line, "-trace"))
        self.assertEqual(self.after(line, "-accel"), "tcg")
        self.assertFalse([word for word in line if word.startswith("puck-gpu")])

    def test_with_it(self):
        (self.folder / qemu_stock.MODULE).write_text("")
        line = self.line()
        self.assertEqual(self.after(line, "-plugin"),
                         f"{self.folder}/{qemu_stock.MODULE},trace=puck_*,trace=-puck_iommu_translate")
        # QEMU does not know the events yet when it reads this.
        self.assertTrue(self.after(line, "-trace").startswith("file="))
        self.assertEqual(len([word for word in line if word.startswith("puck-gpu")]), 2)
        self.assertTrue(machine.has_device(self.qemu, "edu"))
        self.assertFalse(machine.has_device(self.qemu, "floppy"))
        self.assertEqual(self.after(self.line(trace=False), "-plugin"), f"{self.folder}/{qemu_stock.MODULE}")

    def test_one_thread_where_the_memory_map_may_change_under_a_cpu(self):
        for race, wanted in ((True, "tcg,thread=single"), (False, "tcg")):
            write_json(self.folder / qemu_stock.FACTS, {"race": race})
            self.assertEqual(self.after(self.line(), "-accel"), wanted)


if __name__ == "__main__":
    unittest.main()
