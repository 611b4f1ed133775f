#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/abi/layout.py: which changes of a uAPI header it lets pass."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).resolve().parents[1] / "abi/layout.py"
TYPES = "#include <linux/types.h>\n"
GOOD = "struct one {\n\t__u32 a;\n\t__u32 b;\n\t__u64 c;\n};\n"


class Layout(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.record = self.folder / "record"
        self.check(GOOD, "--write")

    def check(self, text, *options):
        header = self.folder / "header.h"
        header.write_text(TYPES + text)
        done = subprocess.run([sys.executable, "-B", CHECK, header, self.record, *options], capture_output=True, text=True)
        return done.returncode, done.stdout

    def refused(self, text, why):
        status, out = self.check(text)
        self.assertEqual(status, 1, out)
        self.assertIn(why, out)

    def test_the_same(self):
        status, out = self.check(GOOD)
        self.assertEqual(status, 0)
        self.assertIn("# one: 16 bytes\nok 1 one\n", out)

    def test_hole(self):
        self.refused("struct one {\n\t__u32 a;\n\t__u32 b;\n\t__u64 c;\n\t__u32 d;\n\t__u64 e __attribute__((aligned(8)));\n};\n",
                     "a hole of 4 bytes")

    def test_width(self):
        self.refused("struct one {\n\t__u32 a;\n\t__u32 b;\n\tunsigned long c[2];\n};\n", "64 bits: ")

    def test_uneven(self):
        self.refused(GOOD + "struct two {\n\t__u32 a;\n};\n", "size 4 is no multiple of 8")

    def test_reordered(self):
        self.refused(GOOD.replace("a;", "x;").replace("b;", "a;").replace("x;", "b;"), "was: 0 4 __u32 a;")

    def test_shrunk(self):
        self.refused(GOOD.replace("\t__u64 c;\n", ""), "was: ")

    def test_grown(self):
        grown = GOOD.replace("\t__u64 c;\n", "\t__u64 c;\n\t__u64 d;\n")
        self.refused(grown, "has grown")
        self.check(grown, "--write")
        self.assertEqual(self.check(grown)[0], 0)

    def test_new_and_gone(self):
        self.refused(GOOD + GOOD.replace("one", "two"), "# two: not in the record")
        self.refused("", "# one: is recorded, and gone")


if __name__ == "__main__":
    unittest.main()
