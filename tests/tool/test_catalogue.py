# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue of broken drivers: its patches, and how what was found is judged."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base import children  # noqa: E402
from pucklib.base.util import PuckError, cache_dir  # noqa: E402
from pucklib.commands import catalogue  # noqa: E402
from pucklib.runs import mapper  # noqa: E402
from pucklib.vm import drivers  # noqa: E402

FOUND = ("[    9.000000] puck-sweep: watch: sync=watch\n[   10.000000] puck-dma 0000:02:00.0: finding: leak: 0x1000+0x200 "
         "(page, to-device, mapped 3 ms ago by {}+0x31/0x90 [nvme]): left when the driver unbound\n")


def result(console="", output="", problem=None):
    return SimpleNamespace(console=console, output=output, problem=lambda: problem)


class Interrupted(unittest.TestCase):
    def test_what_was_cut_short_has_no_outcome(self):
        entry = next(one for one in catalogue.entries() if one.module == "edu_dma")
        table = catalogue.Table(SimpleNamespace(seed=1), ["plain"], Path("/run"))
        with tempfile.TemporaryDirectory() as modules:
            (Path(modules) / "modules.builtin").write_text("")
            table.benches = {"stock": SimpleNamespace(kernel=SimpleNamespace(modules=Path(modules)))}
            table.builders = {"stock": SimpleNamespace(module=lambda _: self.fail_to_build())}
            self.addCleanup(children.STOPPED.clear)
            with self.assertRaises(PuckError):
                table.column(entry, "plain")
        self.assertEqual(entry.results, {})

    @staticmethod
    def fail_to_build():
        children.STOPPED.set()
        raise PuckError("build edu failed (exit -15)")


class Patches(unittest.TestCase):
    def test_there_are_enough_of_each_driver(self):
        tried = [one for one in catalogue.entries() if one.patch]
        self.assertGreaterEqual(len(tried), 60)
        self.assertEqual(len({one.name for one in tried}), len(tried))
        self.assertEqual({one.module for one in tried}, set(catalogue.SOURCES))

    def test_each_names_what_there_is(self):
        for one in catalogue.entries():
            self.assertTrue(one.driver == catalogue.OWN or one.driver in drivers.DRIVERS, one.name)
            self.assertTrue(not one.patch or (one.expect and one.functions), one.name)

    def test_small(self):
        for one in (one for one in catalogue.entries() if one.patch):
            lines = one.patch.read_text().partition("\n---\n")[2].splitlines()
            added = [line for line in lines if line.startswith("+") and not line.startswith("+++")]
            self.assertLessEqual(len(added), 8, one.name)

    def test_apply(self):
        known = cache_dir() / "kernels"
        tree = next(known.glob("source-*"), None) if known.is_dir() else None
        if not tree:
            self.skipTest("no kernel source in the cache")
        for one in (one for one in catalogue.entries() if one.patch):
            with tempfile.TemporaryDirectory() as folder:
                names = {line.split()[1].partition("/")[2] for line in one.patch.read_text().splitlines()
                         if line.startswith("--- a/")}
                for name in names:
                    source = (catalogue.FOLDER if one.driver == catalogue.OWN else tree) / name
                    Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, Path(folder, name))
                done = subprocess.run(["patch", "-s", "-p1", "-F0", "-d", folder, "-i", one.patch], capture_output=True)
                self.assertEqual(done.returncode, 0, (one.name, done.stdout))

    def test_wrong_heads(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "x.patch")
            for head in ("Kind: x\n", "Kind: x\nDriver: nvme\nModule: floppy\nExpect: leak\nFunction: f\n"):
                path.write_text(head + "---\n")
                self.assertRaises(PuckError, catalogue.read, path)


class Judging(unittest.TestCase):
    def judge(self, found, expect=("leak",), functions=("f",)):
        entry = catalogue.Entry("x", "k", "nvme", "nvme", expect, functions, Path("x"))
        tried = mapper.Subject(drivers.place(["nvme"])[0])
        return catalogue.judge(entry, tried, found)

    def test_named(self):
        outcome = self.judge(result(FOUND.format("f")))
        self.assertEqual((outcome.caught, outcome.named, outcome.misled, outcome.after), (True, True, False, 1.0))

    def test_misled(self):
        for more in ({"functions": ("g",)}, {"expect": ("unmap-size",)}):
            outcome = self.judge(result(FOUND.format("f")), **more)
            self.assertEqual((outcome.caught, outcome.named, outcome.misled), (True, False, True))

    def test_without_a_place_it_is_not_named_and_misleads_nobody(self):
        console = "[   10.000000] puck-dma 0000:02:00.0: finding: leak: 0x1000: the device wrote to it\n"
        outcome = self.judge(result(console))
        self.assertEqual((outcome.caught, outcome.named, outcome.misled), (True, False, False))
        self.assertTrue(self.judge(result(console), expect=("unmap-size",)).misled)

    def test_seen_by_its_effect_alone(self):
        outcome = self.judge(result(problem="the guest did not finish in time"))
        self.assertEqual((outcome.caught, outcome.named, outcome.misled), (True, False, False))
        self.assertFalse(self.judge(result()).caught)


if __name__ == "__main__":
    unittest.main()
