# SPDX-License-Identifier: GPL-2.0-or-later
"""The renderer as the tool builds it: how it is started, and that all else goes without it."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import REPO, PuckError  # noqa: E402
from pucklib.build import qemu_stock, renderer  # noqa: E402
from pucklib.suites import guesttests  # noqa: E402
from pucklib.vm import machine  # noqa: E402


class Renderer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="puck's $ ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        renderer.asked.clear()
        self.addCleanup(renderer.asked.clear)

    def test_wrapper(self):
        """It runs the program by the loader of its packages, with their libraries, and hides the host's."""
        loader = self.folder / renderer.LOADER
        loader.parent.mkdir(parents=True)
        loader.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$GALLIUM_DRIVER" "${LD_PRELOAD-none}" '
                          '"$__EGL_VENDOR_LIBRARY_FILENAMES"\n')
        loader.chmod(0o755)
        program = self.folder / "start"
        program.write_text(renderer.wrapper(self.folder, "/the program"))
        program.chmod(0o755)
        said = subprocess.run([program, "1", "2 3"], capture_output=True, text=True, check=True,
                              env={**os.environ, "LD_PRELOAD": "", "GALLIUM_DRIVER": "softpipe"}).stdout.splitlines()
        self.assertEqual(said, ["--library-path", f"{self.folder}/{renderer.LIBRARIES}", "/the program", "1", "2 3",
                                "llvmpipe", "none", f"{self.folder}/{renderer.VENDOR}/50_mesa.json"])

    def test_what_guests_run_is_kept(self):
        """A guest starts it anew whenever it has ended: what was asked for lately stays, whatever is built."""
        for number in range(8):
            folder = self.folder / "render3d" / str(number)
            folder.mkdir(parents=True)
            # The last two are of runs that are over, the others of six clones.
            os.utime(folder, (time.time() - (60 if number < 6 else 5 * 3600),) * 2)
        with unittest.mock.patch.multiple(renderer, cache=lambda *parts: self.folder.joinpath(*parts),
                                          lock=contextlib.nullcontext, packages=lambda: Path("/packages"),
                                          compile_to=unittest.mock.DEFAULT):
            program = renderer.ensure()
            os.utime(program.parent, (0, 0))
            self.assertEqual(renderer.ensure(), program)
        self.assertGreater(program.parent.stat().st_mtime, time.time() - 60)
        left = {path.name for path in (self.folder / "render3d").iterdir()}
        self.assertEqual(left, {*"012345", program.parent.name})

    def test_sanitized(self):
        """With sanitizers it is run by itself, by the loader that it was linked for."""
        program = self.folder / "program"
        program.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@" "$GALLIUM_DRIVER"\n')
        start = self.folder / "start"
        start.write_text(renderer.wrapper(self.folder, program, loader=False))
        for path in (program, start):
            path.chmod(0o755)
        said = subprocess.run([start, "1", "2 3"], capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(said, [str(program), "1", "2 3", "llvmpipe"])
        options = renderer.linked_for(Path("/root folder"))
        self.assertIn(f"-Wl,--dynamic-linker=/root folder/{renderer.LOADER}", options)
        self.assertIn(f"-Wl,-rpath=/root folder/{renderer.LIBRARIES}", options)

    def test_without(self):
        """What cannot be had is no error: qtests are not told of it, and skip."""
        with unittest.mock.patch.object(renderer, "packages", side_effect=PuckError("no network\nwhole log")) as packages:
            self.assertIsNone(renderer.find())
            self.assertEqual(renderer.environment({"A": "b"}), {"A": "b"})
            self.assertEqual(renderer.why_not(), "no network")
        packages.assert_called_once()
        renderer.asked.clear()
        with unittest.mock.patch.object(renderer, "packages"), \
                unittest.mock.patch.object(renderer, "ensure", return_value=Path("/r")):
            self.assertEqual(renderer.environment({"A": "b"}), {"A": "b", renderer.VARIABLE: "/r"})
            self.assertEqual(renderer.environment({}, sanitized=True),
                             {renderer.VARIABLE: "/r", renderer.SANITIZED: "1"})

    def test_bad_sources_are_no_reason_to_skip(self):
        """With the packages it has to compile."""
        with unittest.mock.patch.object(renderer, "packages"), \
                unittest.mock.patch.object(renderer, "ensure", side_effect=PuckError("main.c:1: error")):
            self.assertEqual(renderer.why_not(), "")
            with self.assertRaisesRegex(PuckError, "main.c"):
                renderer.environment({})

    def test_machine(self):
        """A machine with 3D has its memory in a file, and both GPUs the program; others have neither."""
        for program in ("", "/the, renderer"):
            spec = machine.Spec(renderer=program, memory="2G", accel="kvm")
            with unittest.mock.patch.object(machine, "has_device", return_value=True):
                gpus = [arg for arg in machine.gpu_args(spec, "qemu") if arg.startswith("puck-gpu,")]
            args = machine.machine_args(spec, "qemu")
            self.assertEqual([",renderer=/the,, renderer" in gpu for gpu in gpus], 2 * [bool(program)])
            self.assertEqual("memory-backend-memfd,id=ram0,size=2G,share=on" in args, bool(program))
            self.assertEqual(args[1].endswith(",memory-backend=ram0"), bool(program))

    def test_machines_of_lists(self):
        """Where there is no renderer the tests of machines with 3D are skipped, and it is said why."""
        found = guesttests.parse_machine(["machine", "m", "render3d=on"], "here")
        self.assertTrue(found.render3d)
        self.assertFalse(guesttests.parse_machine(["machine", "m"], "here").render3d)
        suite = guesttests.Suite(None, self.folder, "guest", [found])
        test = guesttests.Test("t", "m", "true")
        with unittest.mock.patch.object(renderer, "packages", side_effect=PuckError("no network")):
            cases = suite.run_able(found, [test])
        self.assertEqual([(case.name, case.result, case.detail) for case in cases],
                         [("t", "skipped", "no renderer for 3D: no network")])

    def test_as_if_without(self):
        """A user may have it so: nothing is asked of apt, nor taken out of the cache, and each 3D machine of each list
        is skipped, before anything is made for it."""
        with unittest.mock.patch.dict(os.environ, {renderer.WITHOUT: "1"}), \
                unittest.mock.patch.object(renderer, "Unpacked") as unpacked:
            with self.assertRaisesRegex(PuckError, renderer.WITHOUT):
                renderer.ensure()
            self.assertEqual(renderer.environment({}), {})
            for name in ("tests.list", "long.list", "clients.list"):
                machines = [m for m in guesttests.parse_list(REPO / "test-images" / name) if m.render3d]
                self.assertTrue(machines, name)
                suite = guesttests.Suite(None, self.folder, "guest", machines)
                for machine in machines:
                    cases = suite.run_able(machine, machine.tests)
                    self.assertEqual({case.result for case in cases}, {"skipped"})
                    self.assertEqual(len(cases), len(machine.tests))
        unpacked.assert_not_called()
        with unittest.mock.patch.dict(os.environ, {renderer.WITHOUT: ""}), \
                unittest.mock.patch.object(renderer, "Unpacked") as unpacked:
            renderer.packages()
        unpacked.assert_called_once()

    def test_packages_of_its_own(self):
        """They are looked for beside QEMU's, and are complete if their first part is there."""
        with unittest.mock.patch.object(qemu_stock, "cache", lambda *parts: self.folder.joinpath(*parts)):
            unpacked = qemu_stock.Unpacked("render3d-packages", "the renderer", renderer.PACKAGES, renderer.WANTED)
            self.assertEqual(unpacked.root, self.folder / "render3d-packages")
            self.assertIsNone(unpacked.known())
            unpacked.root.mkdir()
            qemu_stock.write_json(unpacked.root / "package.json", {"folder": "f", "parts": renderer.WANTED})
            self.assertIsNone(unpacked.known())
            first = unpacked.root / "f" / renderer.WANTED[0]
            first.parent.mkdir(parents=True)
            first.write_text("")
            self.assertEqual(unpacked.known(), unpacked.root / "f")


if __name__ == "__main__":
    unittest.main()
