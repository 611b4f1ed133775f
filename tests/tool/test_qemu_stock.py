# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU as others built it, and the module that goes with it."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError, write_json  # noqa: E402
from pucklib.build import qemu_module, qemu_stock  # noqa: E402
from pucklib.suites import modulechecks  # noqa: E402
from pucklib.vm import machine  # noqa: E402

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
        binary = unittest.mock.Mock(program="/opt/qemu", package="", root=None)
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
        binary = self.binary(root=None, program=self.program('#!/bin/sh\necho "$QEMU_MODULE_DIR:$$:$1:$2:$3"\n'))
        wrapper = self.program(binary.wrapper("the modules'", ["-L", "a folder"]), "wrapper")
        run = subprocess.Popen([wrapper, "-M q35"], stdout=subprocess.PIPE, text=True)
        said = run.communicate()[0]
        # The same process: a signal for the one reaches the other.
        self.assertEqual(said, f"the modules':{run.pid}:-L:a folder:-M q35\n")

    def binary(self, **known):
        binary = qemu_stock.Binary.__new__(qemu_stock.Binary)
        vars(binary).update(version="10.0.13", package="1:10.0.13", build_id="00", **known)
        return binary

    def unpacked(self):
        """A wrapper, and a root whose loader tells the words that it gets."""
        root = self.folder / "root"
        loader = root / qemu_stock.LOADER
        loader.parent.mkdir(parents=True)
        loader.write_text('#!/bin/sh\necho "$QEMU_MODULE_DIR" "$0" "$5" "$8" "${12}"\n')
        loader.chmod(0o755)
        (root / qemu_stock.BINARY).parent.mkdir(parents=True)
        (root / qemu_stock.BINARY).write_text("no race")
        binary = self.binary(root=root, program=root / qemu_stock.BINARY)
        (self.folder / "bin").mkdir()
        wrapper = self.program(binary.wrapper(), f"bin/{qemu_stock.PROGRAM}")
        write_json(wrapper.with_name(qemu_stock.FACTS), binary.facts())
        return root, wrapper

    def told(self, wrapper, root):
        said = subprocess.run([wrapper, "-M"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said, f"{root}/{qemu_stock.LIBRARIES}/qemu {root}/{qemu_stock.LOADER} {root}/{qemu_stock.BINARY} "
                               f"-L -M\n")

    def test_of_unpacked_packages(self):
        root, wrapper = self.unpacked()
        self.told(wrapper, root)
        self.assertEqual(qemu_stock.root_of(wrapper), root)

    def test_what_is_kept_needs_no_cache_and_may_move(self):
        root, wrapper = self.unpacked()
        run = self.folder / "a run"
        run.mkdir()
        qemu_stock.keep(wrapper, run)
        shutil.rmtree(root)
        moved = run.rename(self.folder / "it's moved")
        self.told(moved / qemu_stock.PROGRAM, moved / "qemu")


class Choice(InFolder):
    """Which QEMU it is, without --qemu."""

    def setUp(self):
        super().setUp()
        self.lacks = None
        self.patch(shutil, "which", lambda name: "/usr/bin/" + name)
        self.patch(qemu_stock, "say", self.heard)
        self.patch(qemu_stock, "Binary", lambda own=None: SimpleNamespace(own=own, package="1", root=None))
        self.patch(qemu_stock.Source, "__init__", lambda source, binary: None)
        self.patch(qemu_stock.Source, "ensure", self.ensure)
        self.said = []

    def patch(self, *what):
        patch = unittest.mock.patch.object(*what)
        patch.start()
        self.addCleanup(patch.stop)

    def heard(self, text):
        self.said.append(text)

    def ensure(self):
        if self.lacks:
            raise PuckError(self.lacks)

    def test_the_systems_own(self):
        self.assertEqual(qemu_stock.choose().own, "/usr/bin/qemu-system-x86_64")
        self.assertEqual(self.said, [])

    def test_debians_if_that_does_not_do(self):
        self.lacks = "it is QEMU 7.2\nmore"
        self.assertIsNone(qemu_stock.choose().own)
        self.assertEqual(self.said, ["not the system's QEMU: it is QEMU 7.2"])

    def test_debians_if_there_is_none(self):
        self.patch(shutil, "which", lambda name: None)
        self.assertIsNone(qemu_stock.choose().own)
        self.assertEqual(self.said, [])

    def test_as_asked_for(self):
        self.lacks = "whatever"
        self.assertEqual(qemu_stock.choose("/opt/qemu").own, "/opt/qemu")
        self.assertIsNone(qemu_stock.choose(qemu_stock.DEBIAN).own)
        self.assertEqual(self.said, [])

    def test_what_is_built(self):
        for options, wanted in ((("source", None), True), ((None, "/tree"), True), ((None, None), False),
                                (("debian", None), False)):
            self.assertEqual(qemu_stock.from_source(SimpleNamespace(qemu=options[0], qemu_src=options[1])), wanted)


class LackingSource(InFolder):
    def test_it_is_asked_for_once_a_day(self):
        asked = unittest.mock.Mock()
        asked.source.side_effect = PuckError("404")
        source = qemu_stock.Source.__new__(qemu_stock.Source)
        source.package, source.unpacked, source.root = "1:10.0.2", False, self.folder / "parts"
        with unittest.mock.patch.object(qemu_stock.apt, "source_apt", return_value=asked):
            for times in (1, 1):
                with self.assertRaisesRegex(PuckError, "source of the package qemu 1:10.0.2 cannot be had"):
                    source.download(self.folder)
                self.assertEqual(asked.source.call_count, times)
            os.utime(self.folder / "parts.lacking", (1, 1))
            with self.assertRaises(PuckError):
                source.download(self.folder)
            self.assertEqual(asked.source.call_count, 2)


PATCH = """From: somebody
--- not a file, but text

diff --git a/include/one.h b/include/one.h
index 1..2
--- a/include/one.h
+++ b/include/one.h
@@ -1,2 +1,2 @@
--- old
++++ new
 two
diff --git a/hw/two.c b/hw/two.c
--- a/hw/two.c
+++ b/hw/two.c
@@ -1 +1 @@
-one
+two
-- 
2.39
"""


class SourceParts(InFolder):
    """Of a package that is made here: what is used is unpacked, as patched, and nothing else."""

    FILES = {"include/one.h": "-- old\ntwo\n", "hw/two.c": "one\n", "VERSION": "10.0.13\n", "hw/include/other.h": "",
             **{name: "" for name in qemu_stock.PARTS if name not in ("include", "VERSION")}}

    def package(self, patch):
        tree, packaging = self.folder / "qemu-10.0.13", self.folder / "debian"
        for name, text in self.FILES.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        (packaging / "patches").mkdir(parents=True)
        (packaging / "patches/series").write_text("# none of these\n\nfix.patch # why\n")
        (packaging / "patches/fix.patch").write_text(patch)
        for name, kind in ((tree, "orig"), (packaging, "debian")):
            subprocess.run(["tar", "-C", self.folder, "-cJf", self.folder / f"qemu_10.{kind}.tar.xz", name.name], check=True)
            shutil.rmtree(name)
        into = self.folder / "parts"
        into.mkdir()
        qemu_stock.unpack_parts(self.folder, into)
        return into

    def test_they_are_patched(self):
        into = self.package(PATCH)
        self.assertEqual((into / "include/one.h").read_text(), "+++ new\ntwo\n")
        self.assertFalse((into / "hw").exists())
        self.assertTrue((into / "tests/qtest/libqtest.c").exists())

    def test_a_patch_that_does_not_fit_is_an_error(self):
        with self.assertRaises(PuckError):
            self.package(PATCH.replace("-- old", "-- other"))

    def test_no_source_package(self):
        with self.assertRaisesRegex(PuckError, "no source package of two archives"):
            qemu_stock.unpack_parts(self.folder, self.folder)


class Refusals(unittest.TestCase):
    """How what QEMU does with a wrong module is judged."""

    def test_an_error_with_its_words_and_nothing_else(self):
        refused = modulechecks.Check("one", "m.so", "", "was built for .*; this is")
        words = "qemu: was built for 1; this is 2"
        for status, said, wanted in ((1, words, "passed"), (0, words, "failed"), (-11, words, "failed"),
                                     (1, "out of memory", "failed"), (1, "", "failed")):
            self.assertEqual(modulechecks.judge(refused, status, said).result, wanted, (status, said))

    def test_what_fits_has_to_end_well(self):
        taken = modulechecks.Check("one", "m.so", "")
        self.assertEqual([modulechecks.judge(taken, status, "").result for status in (0, 1, -6)],
                         ["passed", "failed", "failed"])


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
                         f"file={self.folder}/{qemu_stock.MODULE},trace=puck_*,trace=-puck_iommu_translate")
        # QEMU does not know the events yet when it reads this.
        self.assertTrue(self.after(line, "-trace").startswith("file="))
        self.assertEqual(len([word for word in line if word.startswith("puck-gpu")]), 2)
        self.assertTrue(machine.has_device(self.qemu, "edu"))
        self.assertFalse(machine.has_device(self.qemu, "floppy"))
        self.assertEqual(self.after(self.line(trace=False), "-plugin"), f"file={self.folder}/{qemu_stock.MODULE}")

    def test_one_thread_where_the_memory_map_may_change_under_a_cpu(self):
        for race, wanted in ((True, "tcg,thread=single"), (False, "tcg")):
            write_json(self.folder / qemu_stock.FACTS, {"race": race})
            self.assertEqual(self.after(self.line(), "-accel"), wanted)


if __name__ == "__main__":
    unittest.main()
