# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known to fail: how it is written down, and what it makes of results."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import clients  # noqa: E402
from pucklib.report import expectations  # noqa: E402
from pucklib.report.verdict import Case  # noqa: E402
from pucklib.suites.guesttests import Test, TestMachine, parse_list  # noqa: E402


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, text):
        (self.folder / f"{name}.txt").write_text(text)

    def known(self, *names):
        return expectations.Expectations(names, self.folder)

    def test_none(self):
        known = self.known("drm", "debug")
        self.assertEqual((known.fails, known.flakes, known.skips), ({}, {}, []))

    def test_why(self):
        self.write("drm-fails", "# It has no such\n# register.\na,Fail\nb@c d,Fail\n\n# Another\nc,Fail\n")
        known = self.known("drm")
        self.assertEqual({name: line.why for name, line in known.fails.items()},
                         {"a": "It has no such register.", "b@c d": "It has no such register.", "c": "Another"})
        self.assertEqual(known.fails["c"].where, "drm-fails.txt:7")

    def test_of_machine_and_kernel(self):
        self.write("drm-fails", "# x\na,Fail\n")
        self.write("stock-fails", "# y\nb,Fail\n")
        self.assertEqual(set(self.known("drm", "stock").fails), {"a", "b"})
        self.assertEqual(set(self.known("drm", "debug").fails), {"a"})

    def test_what_is_refused(self):
        for name, text, why in (("fails", "a,Fail\n", "has to say why"),
                                ("fails", "# x\n\na,Fail\n", "has to say why"),
                                ("fails", "# x\na\n", "is not TEST,Fail"), ("fails", "# x\na,Crash\n", "is not TEST,Fail"),
                                ("skips", "# x\n(\n", "drm-skips.txt:2"), ("flakes", "a\n", "has to say why")):
            self.write(f"drm-{name}", text)
            with self.assertRaisesRegex(PuckError, why):
                self.known("drm")
            (self.folder / f"drm-{name}.txt").unlink()

    def test_those_that_there_are(self):
        """They can be read, and are of machines and kernels."""
        names = {machine.name for machine in parse_list(clients.LIST)} | {"debug", "stock", "7", "kasan"}
        for path in expectations.FOLDER.glob("*"):
            if path.suffix != ".txt":
                continue
            name, _, kind = path.stem.rpartition("-")
            self.assertIn(name, names, path)
            self.assertIn(kind, expectations.KINDS, path)
            expectations.Expectations((name,))


class Judged(Files):
    """Cases of the machine drm, as its suite makes them."""

    def judged(self, *cases):
        expected = clients.Expected([], None)
        expected.of = {"drm": self.known("drm")}
        return [(case.name, case.result) for case in expected.judge(list(cases))]

    def test_parts(self):
        self.write("drm-fails", "# x\nmode@shown,Fail\n")
        cases = [Case("clients.drm.mode", part, "failed") for part in ("shown", "ended")]
        self.assertEqual(self.judged(*cases), [("shown", "skipped"), ("ended", "failed")])

    def test_whole(self):
        self.write("drm-fails", "# x\nmode,Fail\n")
        cases = [Case(f"clients.{machine}", "mode", "failed") for machine in ("drm", "other")]
        self.assertEqual(self.judged(*cases), [("mode", "skipped"), ("mode", "failed")])

    def test_it_passes(self):
        self.write("drm-fails", "# a reason\nmode,Fail\n")
        case = Case("clients.drm", "mode", "passed")
        self.assertEqual(self.judged(case), [("mode", "failed")])
        self.assertIn("drm-fails.txt:2 says that it fails: a reason", case.detail)

    def test_flakes(self):
        self.write("drm-flakes", "# x\nmode\n")
        for result, counts in (("failed", "skipped"), ("passed", "passed"), ("error", "error")):
            self.assertEqual(self.judged(Case("clients.drm", "mode", result)), [("mode", counts)])

    def test_an_error_is_no_failure(self):
        self.write("drm-fails", "# x\nmode,Fail\n")
        self.assertEqual(self.judged(Case("clients.drm", "mode", "error")), [("mode", "error")])

    def test_parts_that_there_are_not(self):
        self.write("drm-fails", "# x\nmode@gone,Fail\n")
        self.assertEqual(self.judged(Case("clients.drm.mode", "shown", "passed")),
                         [("shown", "passed"), ("mode@gone", "failed")])
        self.assertEqual(self.judged(Case("clients.drm", "other", "passed")), [("other", "passed")], "it was not chosen")
        self.assertEqual(self.judged(Case("clients.drm", "mode", "skipped")), [("mode", "skipped")], "it did not run")

    def test_skips(self):
        self.write("drm-skips", "# too slow\nflip.*\n")
        machine = TestMachine("drm", tests=[Test("flip_fast", "drm", ""), Test("a_flip", "drm", "")])
        expected = clients.Expected([], None)
        expected.of = {"drm": self.known("drm")}
        self.assertEqual([(c.suite, c.name, c.result, c.detail) for c in expected.without_skips([machine])],
                         [("clients.drm", "flip_fast", "skipped", "too slow")])
        self.assertEqual([test.name for test in machine.tests], ["a_flip"])


if __name__ == "__main__":
    unittest.main()
