# SPDX-License-Identifier: GPL-2.0-or-later
"""What is changed of QEMU's own files, and what happens where a change does not fit."""

import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.build import qemu  # noqa: E402

PATCH = "--- a/file\n+++ b/file\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"


class Repairs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch = Path(folder.name) / "patch"
        self.patch.write_text(PATCH)

    def test_a_patch_that_fits(self):
        self.assertEqual(qemu.repaired("one\ntwo\nthree\n", self.patch), "one\n2\nthree\n")

    def test_a_patch_that_does_not_fit_changes_nothing(self):
        self.assertEqual(qemu.repaired("one\n2\nthree\n", self.patch), "one\n2\nthree\n")
        self.assertEqual(qemu.repaired("quite another file\n", self.patch), "quite another file\n")

    def test_each_repair_is_one_of_the_file_that_it_is_named_for(self):
        for path in qemu.REPAIRS:
            named = [patch for patch in (qemu.REPO / "qemu-device/repairs").glob("*.patch")
                     if f"+++ b/{path}\n" in patch.read_text()]
            self.assertEqual(len(named), 1, path)


class Unchanged(unittest.TestCase):
    """A file of QEMU's in which a change found no place."""

    def tree(self, user):
        tree = qemu.Qemu.__new__(qemu.Qemu)
        tree.flavour, tree.user_src = qemu.Flavour(), Path("/a/tree") if user else None
        return tree

    def test_a_hook_is_needed(self):
        with self.assertRaisesRegex(PuckError, "hw/meson.build has no place"):
            self.tree(True).unchanged("hw/meson.build")

    def test_the_package_is_repaired(self):
        with self.assertRaisesRegex(PuckError, "physmem.c has no place"):
            self.tree(False).unchanged("system/physmem.c")

    def test_a_user_is_told(self):
        with unittest.mock.patch.object(qemu, "say") as said:
            self.tree(True).unchanged("system/physmem.c")
        self.assertIn("/a/tree/system/physmem.c is left as it is", said.call_args.args[0])


if __name__ == "__main__":
    unittest.main()
