# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that people use: their image, their list, and what is made of what they say."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import REPO, PuckError, in_parallel, quoted  # noqa: E402
from pucklib.build import apt, client_image, kselftests, modules  # noqa: E402
from pucklib.commands import clients  # noqa: E402
from pucklib.report import verdict  # noqa: E402
from pucklib.suites import guesttests  # noqa: E402
from pucklib.vm import ending, machine  # noqa: E402


def package(folder, name, files):
    """A .deb with these files."""
    root = folder / name
    for path, text in {"DEBIAN/control": f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\n"
                                         "Description: x\n", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", root, folder / f"{name}_1_all.deb"], check=True,
                   capture_output=True)


class Archive:
    """Stands in for apt: copies of what is in a folder, and how often it was asked."""

    def __init__(self, folder):
        self.folder, self.asked = folder, 0

    def closure(self, _packages, into):
        self.asked += 1
        into.mkdir(parents=True, exist_ok=True)
        for deb in self.folder.glob("*.deb"):
            (into / deb.name).write_bytes(deb.read_bytes())
        return sorted(into.glob("*.deb"))


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made = Path(folder.name)
        package(cls.made, "player", {"usr/bin/player": "#!/bin/sh\n", "usr/share/doc/player/copyright": "x",
                                     "lib/udev/rules": "a rule"})
        package(cls.made, "libblas", {"usr/lib/x86_64-linux-gnu/blas/libblas.so.3": "ELF"})

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for deb in self.made.glob("*.deb"):
            shutil.copy(deb, self.folder)
        self.apt = Archive(self.folder)
        for one in (mock.patch.dict(os.environ, PUCK_CACHE=str(self.folder / "cache")),
                    mock.patch.object(client_image.apt, "newer_apt", lambda: self.apt),
                    contextlib.redirect_stderr(io.StringIO())):
            one.__enter__()
            self.addCleanup(one.__exit__, None, None, None)

    def ask(self, image, command):
        """What debugfs says of it."""
        return subprocess.run(["debugfs", "-R", command, image], capture_output=True, text=True, check=True).stdout

    def test_what_is_in_it(self):
        image = client_image.ensure(["player"])
        self.assertEqual(self.ask(image, "cat /usr/bin/player"), "#!/bin/sh\n")
        self.assertEqual(self.ask(image, "cat /usr/lib/udev/rules"), "a rule", "what is not merged into /usr")
        self.assertIn('"usr/lib64"', self.ask(image, "stat /lib64"))
        self.assertIn('"blas/libblas.so.3"', self.ask(image, "stat /usr/lib/x86_64-linux-gnu/libblas.so.3"))
        self.assertNotIn("copyright", self.ask(image, "ls /usr/share/doc/player"))
        self.assertEqual(subprocess.run(["e2fsck", "-fn", image], capture_output=True).returncode, 0)

    def test_it_is_made_once(self):
        first = client_image.ensure(["player", "libblas"])
        self.assertEqual(client_image.ensure(["libblas", "player", "player"]), first)
        self.assertEqual(self.apt.asked, 1)
        self.assertEqual(sorted(p.suffix for p in first.parent.iterdir()), [".ext4", ".json"])

    def test_the_same_packages_are_one_image(self):
        self.assertEqual(client_image.ensure(["player"]), client_image.ensure(["libblas"]))
        self.assertEqual(self.apt.asked, 2)

    def test_nothing_is_half_done(self):
        with mock.patch.object(client_image.steps, "output", side_effect=PuckError("killed")):
            self.assertRaisesRegex(PuckError, "killed", client_image.ensure, ["player"])
        self.assertIsNone(client_image.Image(["player"]).known())
        self.assertIn("#!", self.ask(client_image.ensure(["player"]), "cat /usr/bin/player"))

    def test_a_package_that_is_cut_short(self):
        deb = self.folder / "player_1_all.deb"
        deb.write_bytes(deb.read_bytes()[:-40])
        self.assertRaisesRegex(PuckError, "unpacking player_1_all.deb", client_image.ensure, ["player"])

    def test_an_image_that_is_gone(self):
        client_image.ensure(["player"]).unlink()
        self.assertTrue(client_image.ensure(["player"]).exists())

    def test_none(self):
        self.assertIsNone(client_image.ensure([]))

    def test_the_guest_has_it_and_cannot_write_it(self):
        args = machine.client_args(machine.Spec(clients="/a,b.ext4"))
        self.assertIn(f"file={quoted('/a,b.ext4')},", args[1])
        self.assertIn("readonly=on", args[1])
        self.assertIn("serial=clients", args[3])
        self.assertEqual(machine.client_args(machine.Spec()), [])


class Lists(unittest.TestCase):
    def test_they_are_fetched_once(self):
        """Machines with different images come up at the same time."""
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, PUCK_CACHE=folder), \
             mock.patch.object(apt.steps, "run_step", side_effect=lambda *_, **__: time.sleep(0.05)) as fetched, \
             contextlib.redirect_stderr(io.StringIO()):
            lists = apt.PrivateApt("suite", [("deb", "http://mirror", "suite", ["main"])])
            in_parallel(lambda _: lists.update(), range(4), 4)
            self.assertEqual(fetched.call_count, 1)


class List(unittest.TestCase):
    def test_each_says_what_it_is(self):
        machines = guesttests.parse_list(clients.LIST)
        self.assertEqual(list(clients.descriptions(clients.LIST.read_text())), [m.name for m in machines])
        for one in machines:
            self.assertTrue((one.packages or one.kselftests) and one.tests, one.name)

    def test_words_of_a_machine(self):
        one = guesttests.parse_machine(["machine", "m", "packages=v4l-utils,yavta", "icount=on"], "here")
        self.assertEqual((one.packages, one.options), (["v4l-utils", "yavta"], {"icount": True}))
        self.assertTrue(guesttests.machine_spec(one, 1).icount)
        for word in ("packages=v4l-utils,-y", "icount=yes"):
            self.assertRaises(PuckError, guesttests.parse_machine, ["machine", "m", word], "here")

    def test_names_are_unique(self):
        lists = (clients.LIST, *guesttests.LISTS.values())
        names = [t.name for path in lists for m in guesttests.parse_list(path) for t in m.tests]
        self.assertEqual(len(names), len(set(names)))


class Groups(unittest.TestCase):
    def names(self, *wanted):
        return [machine.name for machine in clients.chosen(SimpleNamespace(names=wanted, list=False))]

    def test_a_group(self):
        display = self.names("display")
        self.assertIn("drm", display)
        self.assertNotIn("vivid", display)
        self.assertEqual(self.names("vivid", "drm", "display")[:2], ["vivid", "drm"])
        self.assertEqual(sorted(self.names("vivid", "drm", "display")), sorted(["vivid", *display]))

    def test_no_group_is_called_like_a_machine(self):
        machines = guesttests.parse_list(clients.LIST)
        self.assertFalse({machine.group for machine in machines} & {machine.name for machine in machines})


class Kselftests(unittest.TestCase):
    """Tests of the kernel's source, built for the guest."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name) / "source"
        for one in (mock.patch.dict(os.environ, PUCK_CACHE=f"{folder.name}/cache"),
                    mock.patch.object(kselftests.kernel, "source_tree", lambda: self.tree),
                    contextlib.redirect_stderr(io.StringIO())):
            one.__enter__()
            self.addCleanup(one.__exit__, None, None, None)
        self.write("include/uapi/drm/drm.h", "struct drm { char __user *name; };")
        self.write("kselftest.h", "#define ANSWER 0")
        self.write("dmabuf-heaps/dmabuf-heap.c", '#include <drm/drm.h>\n#include "../kselftest.h"\nint main(void) { return ANSWER; }')
        self.write("drivers/dma-buf/udmabuf.c", "int main(void) { return 4; }")
        self.write("sync/sync_test.c", "int answer(void); int main(void) { return answer(); }")
        self.write("sync/sync_wait.c", "int answer(void) { return 5; }")

    def write(self, name, text):
        path = self.tree / (name if name.startswith("include/") else f"{kselftests.FOLDER}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def answers(self):
        return {name: subprocess.run([path]).returncode for name, path in kselftests.programs().items()}

    def test_programs(self):
        wanted = {"bin/kselftest_dmabuf-heap": 0, "bin/kselftest_udmabuf": 4, "bin/kselftest_sync": 5}
        self.assertEqual(self.answers(), wanted)
        self.write("drivers/dma-buf/udmabuf.c", "int main(void) { return 6; }")
        self.write("sync/sync_wait.c", "int answer(void) { return 7; }")
        self.assertEqual(self.answers(), wanted | {"bin/kselftest_udmabuf": 6, "bin/kselftest_sync": 7},
                         "another source is another program")

    def test_what_does_not_compile(self):
        self.write("drivers/dma-buf/udmabuf.c", "int main(void) {")
        self.assertRaises(PuckError, kselftests.programs)
        self.assertFalse(list((self.tree.parent / "cache").glob("guest/*udmabuf*")))


class Lean(unittest.TestCase):
    def test_programs_that_are_compiled(self):
        found = modules.mentioned("client_modetest mode -s x smpte; modprobe vgem")
        self.assertTrue({"client_modetest", "client_screen", "client_run", "client_card"} <= found, found)
        self.assertFalse({"kms_planes", "gpu_fuzz"} & found, found)
        self.assertEqual(modules.mentioned("gpu_compat32 and no-such-program"), {"gpu_compat32"})


PART = """\
Required ioctls:
\ttest VIDIOC_QUERYCAP: OK
\ttest invalid ioctls: OK

Control ioctls (Input 0):
\t\tfail: v4l2-test-controls.cpp(1): checkx
\ttest VIDIOC_G/S_CTRL: {}
\t{}test VIDIOC_LOG_STATUS: OK (Not Supported)

"""
TOTAL = "Total for vivid device /dev/video0: {}, Succeeded: {}, Failed: {}, Warnings: {}\n"


# Stands in for the client; as it does, it forks with what a pipe would have kept back.
RUN = f"""#!{sys.executable}
import os, sys
name, *options, text, status = sys.argv[1:]
assert (name, options) == ("v4l2-compliance", ["--no-progress", "-C", "never"]), sys.argv
half = text.rfind("\\n", 0, len(text) // 2) + 1
sys.stdout.write(text[:half])
if not os.fork():
    sys.exit(0)
os.wait()
sys.stdout.write(text[half:])
sys.exit(int(status))
"""


class Compliance(unittest.TestCase):
    """v4l2-compliance's results as cases."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.program = Path(cls.folder.name) / "client_compliance"
        subprocess.run(["gcc", *modules.CFLAGS, *modules.INCLUDES, "-o", cls.program,
                        "test-images/clients/compliance.c"], cwd=REPO, check=True)
        (cls.program.parent / "client_run").write_text(RUN)
        (cls.program.parent / "client_run").chmod(0o755)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def cases(self, text, status=0, known=()):
        path = f"{self.program.parent}:{os.environ['PATH']}"
        done = subprocess.run([self.program, *known, text, str(status)], capture_output=True, text=True,
                              env=dict(os.environ, PATH=path))
        found = verdict.parse_ktap(done.stdout, "c")
        bad = [case for case in found if case.result == "failed"]
        self.assertEqual(bool(done.returncode), bool(bad), done.stdout)
        return found, {case.name: case.detail for case in bad}

    def test_all_good(self):
        found, bad = self.cases(PART.format("OK", "") + TOTAL.format(4, 4, 0, 0))
        self.assertEqual(bad, {})
        self.assertEqual([c.name for c in found][:3], ["Required ioctls: VIDIOC_QUERYCAP", "Required ioctls: invalid ioctls",
                                                       "Control ioctls (Input 0): VIDIOC_G/S_CTRL"])
        self.assertEqual(len(found), 8)

    def test_failed(self):
        _, bad = self.cases(PART.format("FAIL", "") + TOTAL.format(4, 3, 1, 0), status=1)
        self.assertEqual(list(bad), ["Control ioctls (Input 0): VIDIOC_G/S_CTRL", "0 failed, 0 warnings"])
        self.assertIn("v4l2-test-controls.cpp(1)", bad["Control ioctls (Input 0): VIDIOC_G/S_CTRL"])

    def test_known(self):
        text = PART.format("FAIL", "") + TOTAL.format(4, 3, 1, 0)
        found, bad = self.cases(text, status=1, known=("--known", "controls.cpp(1): checkx"))
        self.assertEqual(bad, {})
        self.assertEqual([(c.name, c.detail) for c in found if c.result == "skipped"],
                         [("Control ioctls (Input 0): VIDIOC_G/S_CTRL", "v4l2-test-controls.cpp(1): checkx")])
        self.assertEqual(len(self.cases(text, status=1, known=("--known", "another"))[1]), 2)
        self.assertEqual(list(self.cases(text, status=0, known=("--known", "checkx"))[1]), ["its exit status says so, too"])

    def test_warning(self):
        _, bad = self.cases(PART.format("OK", "warn: v4l2-test-x.cpp(2): y\n\t") + TOTAL.format(4, 4, 0, 1))
        self.assertEqual(list(bad), ["Control ioctls (Input 0): VIDIOC_LOG_STATUS", "0 failed, 0 warnings"])

    def test_totals_of_several_devices(self):
        text = PART.format("OK", "") + TOTAL.format(4, 4, 0, 0)
        _, bad = self.cases(text + text + "Grand " + TOTAL.format(8, 8, 0, 0))
        self.assertEqual(bad, {})

    def test_totals_that_do_not_fit(self):
        _, bad = self.cases(PART.format("OK", "") + TOTAL.format(5, 5, 0, 0))
        self.assertEqual(list(bad), ["its totals are what it told of"])

    def test_cut_short(self):
        _, bad = self.cases(PART.format("OK", ""), status=139)
        self.assertEqual(list(bad), ["it came to its totals", "its totals are what it told of", "its exit status says so, too"])

    def test_nothing_to_run(self):
        _, bad = self.cases("")
        self.assertIn("it came to its totals", bad)


class Verdict(unittest.TestCase):
    """A client that fails makes the run fail."""

    def status(self, output):
        def boot(_suite, one, tests, rundir):
            text = "".join(f"puck-test: begin {t.name}\n{output}\npuck-test: end {t.name} 0\n" for t in tests)
            return SimpleNamespace(output=text, console="", status=0, rundir=rundir, qemu_messages="", mischief_log=None)

        args = SimpleNamespace(names=["vivid"], list=False, seed=1, kernel=None, filter=None, qemu=None, qemu_src=None,
                               run_dir=self.folder.name)
        bench = SimpleNamespace(kernel=SimpleNamespace(options=set))
        with mock.patch.object(guesttests, "Bench", lambda *_: bench), mock.patch.object(clients.apt, "ensure_host"), \
             mock.patch.object(guesttests.Suite, "boot", boot), \
             mock.patch.object(ending, "classify", lambda _: ending.Ending("ended")), \
             contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
            return clients.cmd_clients(args), out.getvalue()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_it_fails(self):
        status, out = self.status("ok 1 a\nnot ok 2 b\n1..2")
        self.assertEqual(status, 1)
        self.assertIn("FAILED clients.vivid.vivid_capture b", out)
        self.assertIn('name="b"', (Path(self.folder.name) / "junit.xml").read_text())

    def test_it_passes(self):
        status, out = self.status("ok 1 a\n1..1")
        self.assertEqual(status, 0)
        self.assertTrue(out.endswith("2 passed, 0 failed, 0 skipped\n"), out)


if __name__ == "__main__":
    unittest.main()
