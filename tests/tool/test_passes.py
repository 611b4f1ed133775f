# SPDX-License-Identifier: GPL-2.0-or-later
"""Which checks of the style suite are made again, and which are known to pass."""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.suites import style  # noqa: E402

# Writes down that it was run, and does not like files in which there is a tab.
CHECK = 'echo x >>"$0"; grep -n "\t" "$1"; true'


class Passes(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.runs, self.file = self.root / "runs", self.root / "file.c"
        for patch in (mock.patch.object(style, "REPO", self.root),
                      mock.patch.dict(os.environ, PUCK_CACHE=str(self.root / "cache"))):
            patch.start()
            self.addCleanup(patch.stop)

    def check(self, text, checker="1", word="a"):
        """The result of a check of a file with this text, and how many checks there have been."""
        self.file.write_text(text)
        case, = style.check_files("test", [self.file], lambda path: ["sh", "-c", CHECK, self.runs, path, word], checker)
        self.assertEqual((case.suite, case.name), ("style.test", "file.c"))
        return case.result, len(self.runs.read_text().split()), case.detail

    def test_a_pass_is_kept(self):
        self.assertEqual(self.check("good"), ("passed", 1, ""))
        self.assertEqual(self.check("good"), ("passed", 1, ""))

    def test_a_failure_is_not(self):
        self.assertEqual(self.check("\tbad"), ("failed", 1, "1:\tbad"))
        self.assertEqual(self.check("\tbad"), ("failed", 2, "1:\tbad"))

    def test_whatever_changes_the_verdict_checks_again(self):
        self.assertEqual(self.check("good"), ("passed", 1, ""))
        self.assertEqual(self.check("\tbad")[:2], ("failed", 2))
        self.assertEqual(self.check("better")[:2], ("passed", 3))
        self.assertEqual(self.check("better", checker="2")[:2], ("passed", 4))
        self.assertEqual(self.check("better", checker="2", word="b")[:2], ("passed", 5))

    def test_the_names_of_files_matter(self):
        self.check("good")
        self.file = self.root / "other.c"
        self.file.write_text("good")
        case, = style.check_files("test", [self.file], lambda path: ["false"], "1")
        self.assertEqual(case.result, "failed")


class FakeDrivers:
    """A build whose output is given."""

    def __init__(self, root, said):
        self.kdir, self.said, self.builds = root, said, 0

    def diagnostics(self, setting, only, *args, title):
        self.builds += 1
        return self.said


class Builds(Passes):
    def build(self, drivers, *args, tree="tree"):
        with mock.patch.object(style.modules, "tree_digest", lambda *folders: tree):
            case, = style.silent_build("style.test", "guest-driver", drivers, None, *args)
        return case.result, drivers.builds

    def test_only_a_silent_build_is_kept(self):
        loud, silent = FakeDrivers(self.root, ["a.c:1: warning: x"]), FakeDrivers(self.root, [])
        self.assertEqual([self.build(loud), self.build(loud)], [("failed", 1), ("failed", 2)])
        self.assertEqual([self.build(silent), self.build(silent)], [("passed", 1), ("passed", 1)])
        self.assertEqual(self.build(silent, tree="changed"), ("passed", 2))
        self.assertEqual(self.build(silent, "C=1"), ("passed", 3))
        (self.root / ".config").write_text("CONFIG_OTHER=y\n")
        self.assertEqual(self.build(silent), ("passed", 4))


if __name__ == "__main__":
    unittest.main()
