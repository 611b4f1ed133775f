# SPDX-License-Identifier: GPL-2.0-or-later
"""Labs: what their files have to say, and how an answer is judged from what a guest said."""

import argparse
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import lab as command  # noqa: E402
from pucklib.labs import build, grade, lab as labs, score, turn  # noqa: E402
from pucklib.suites import labs as suite  # noqa: E402

POINTS = """\
[lab]
title = A lab
[machine]
load = puck-iommu,puck-dma
gpu = vectors=reverse
[point first]
worth = 2
title = It is first
hint = Look
    further.
[point mapped]
worth = 3
title = It is mapped
finding = access-unmapped leak
hint = Read this.
[point quiet]
worth = 1
by = host
console = possible circular
title = It is quiet
hint = Read that.
[point clean]
worth = 1
by = host
title = Nobody complains
hint = See above.
[wrong late]
what = is late
loses = mapped
"""

FINDING = ("[    5.000000] puck-dma 0000:01:00.0: finding: access-unmapped: 0x1000+0x1000 (page, to-device, mapped 1 ms ago "
           "by lab_move+0x10/0x80 [puck_lab3]): the device read from 0x1000")
FAULT = "[    5.100000] puck-iommu 0000:00:02.0: DMA fault: device 01:00.0 read 0x1000"
SPLAT = "[    6.000000] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 y+0x1/0x2"
LOCKS = "[    6.000000] WARNING: possible circular locking dependency detected"
GOOD = "KTAP version 1\nok 1 first\nok 2 mapped\n1..2\n# Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0\n"


def read(text):
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "03-things"
        folder.mkdir()
        (folder / "points").write_text(text)
        return labs.read(folder)


class Points(unittest.TestCase):
    def test_read(self):
        lab = read(POINTS)
        self.assertEqual((lab.number, lab.name, lab.title, lab.program, lab.total), (3, "things", "A lab", "labs_things", 7))
        self.assertEqual([point.id for point in lab.points], ["first", "mapped", "quiet", "clean"])
        self.assertEqual(lab.points[0].hint, "Look further.")
        self.assertEqual(lab.points[1].findings, ("access-unmapped", "leak"))
        self.assertEqual(lab.wrongs[0].loses, ("mapped",))
        self.assertEqual(lab.skeleton_loses, ("first", "mapped", "quiet"))
        spec = lab.spec()
        self.assertEqual((spec.load, spec.gpu_options), ("puck-iommu,puck-dma", ",vectors=reverse"))
        self.assertTrue(spec.append.startswith("iomem=relaxed "))

    def test_bad(self):
        for old, new, said in (("worth = 2", "worth = none", "worth is a number"),
                               ("worth = 2", "worth = 0", "worth is a number"),
                               ("worth = 2\n", "", "lacks 'worth'"),
                               ("by = host\nconsole", "by = nobody\nconsole", "guest or host"),
                               ("possible circular", "(", "console"),
                               ("loses = mapped", "loses = nothing", "no point: nothing"),
                               ("[point quiet]", "[point Quiet]", "no section"),
                               ("[wrong late]", "[wrong]", "no section"),
                               ("[lab]\ntitle = A lab\n", "", "no section [lab]"),
                               ("[point clean]", "[point last]", "has to be [point clean]"),
                               ("load =", "laod =", "has no 'laod'"),
                               ("[point mapped]", "[point first]", "already exists")):
            with self.subTest(new or old), self.assertRaises(PuckError) as caught:
                read(POINTS.replace(old, new, 1))
            self.assertIn(said, str(caught.exception))

    def test_all_labs_are_whole(self):
        """Each has its files, five wrong answers or more, and patches that fit; each finding has one point at most."""
        for lab in labs.every():
            with self.subTest(lab.folder.name):
                self.assertTrue((lab.folder / "README.rst").read_text().strip())
                self.assertGreaterEqual(len(lab.wrongs), 5)
                self.assertEqual({one.patch.name for one in lab.wrongs},
                                 {path.name for path in (lab.folder / "wrong").iterdir()})
                solution = build.variant_files(lab, "solution")
                for wrong in lab.wrongs:
                    self.assertNotEqual(build.variant_files(lab, wrong.id), solution)
                claimed = [name for point in lab.points for name in point.findings]
                self.assertEqual(len(claimed), len(set(claimed)))
                self.assertTrue((labs.REPO / f"test-images/labs/{lab.name.replace('-', '_')}.c").is_file())

    def test_find(self):
        self.assertEqual(labs.find("1").number, 1)
        for number in ("0", "99", "x", "-1", ""):
            with self.subTest(number), self.assertRaises(PuckError):
                labs.find(number)


class Judge(unittest.TestCase):
    def setUp(self):
        self.lab = read(POINTS)

    def lost(self, output, console="", end=""):
        self.outcomes = grade.judge(self.lab.points, output, console, end)
        return grade.lost(self.outcomes)

    def test_good(self):
        self.assertEqual(self.lost(GOOD), ())
        self.assertEqual(grade.score(self.outcomes), 7)

    def test_said_by_the_guest(self):
        self.assertEqual(self.lost("# 3 bytes differ\nnot ok 1 first\n# of the next\nok 2 mapped\n"), ("first",))
        self.assertEqual(self.outcomes[0].seen, ["3 bytes differ"])
        self.assertEqual(grade.score(self.outcomes), 5)

    def test_not_come_to(self):
        self.assertEqual(self.lost("ok 1 first\n# about to\n", end="the guest died"), ("mapped",))
        self.assertEqual(self.outcomes[1].seen, ["it was not come to", "about to", "the guest died"])

    def test_nothing_said(self):
        self.assertEqual(self.lost(""), ("first", "mapped"))

    def test_finding_loses_what_claims_it(self):
        self.assertEqual(self.lost(GOOD, FINDING + "\n" + FAULT), ("mapped",))
        self.assertEqual(self.outcomes[1].findings[0].first.kind, "access-unmapped")

    def test_finding_that_nobody_claims(self):
        self.assertEqual(self.lost(GOOD, FINDING.replace("access-unmapped", "unmap-twice")), ("clean",))

    def test_fault_without_a_finding(self):
        self.assertEqual(self.lost(GOOD, FAULT), ("clean",))

    def test_complaints(self):
        self.assertEqual(self.lost(GOOD, SPLAT), ("clean",))
        self.assertEqual(self.lost(GOOD, LOCKS), ("quiet",))
        self.assertEqual(self.lost(GOOD, LOCKS + "\n" + SPLAT), ("quiet", "clean"))

    def test_complaint_that_was_meant(self):
        asked = "[    4.0] puck-expect: begin access-unmapped|DMA fault\n"
        self.assertEqual(self.lost(GOOD, asked + FINDING + "\n" + FAULT + "\n[    7.0] puck-expect: end"), ())

    def test_shown(self):
        self.lost("# seen this\nnot ok 1 first\nok 2 mapped\n", FINDING)
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            score.show(self.lab, turn.Turn(self.outcomes))
        for part in ("LOST   2  first", "seen  seen this", "hint  Look further.", "found access-unmapped: 0x1000",
                     "mapped   lab_move()", "lab 3, A lab: 2 of 7 points"):
            self.assertIn(part, text.getvalue())
        self.assertNotIn("See above.", text.getvalue())

    def test_collected(self):
        self.lost("ok 1 first\nnot ok 2 mapped\n")
        told = score.collect(self.lab, turn.Turn(self.outcomes), None, Path("x"))
        self.assertEqual((told["result"], told["score"], told["of"]), ("fail", 4, 7))
        self.assertEqual([(one["id"], one["reached"], one["hint"]) for one in told["points"]][:2],
                         [("first", True, None), ("mapped", False, "Read this.")])
        self.assertEqual(score.collect(self.lab, turn.Turn(trouble="no timer"), None, Path("x"))["result"], "error")


class Variants(unittest.TestCase):
    def test_differences(self):
        lab = read(POINTS)

        def wrong(variant, output, console=""):
            return suite.differences(lab, variant, grade.judge(lab.points, output, console))

        bad = GOOD.replace("ok 2", "not ok 2")
        self.assertEqual(wrong("solution", GOOD), [])
        self.assertEqual(wrong("solution", bad), ["loses mapped"])
        self.assertEqual(wrong("late", bad), [])
        self.assertEqual(wrong("late", GOOD), ["does not lose mapped"])
        self.assertEqual(wrong("late", bad, SPLAT)[0], "loses clean")

    def test_chance(self):
        """Who has to meet another one by chance may lose nothing, but no other point either."""
        lab = read(POINTS.replace("loses = mapped", "loses = mapped\nchance = yes"))

        def wrong(output):
            return suite.differences(lab, "late", grade.judge(lab.points, output, ""))

        self.assertEqual(wrong(GOOD), [])
        self.assertEqual(wrong(GOOD.replace("ok 2", "not ok 2")), [])
        self.assertEqual(wrong(GOOD.replace("ok 1 first", "not ok 1 first")), ["loses first"])

    def test_patch_that_does_not_fit(self):
        with tempfile.TemporaryDirectory() as base:
            patch = Path(base) / "x.patch"
            patch.write_text("--- a/lab.c\n+++ b/lab.c\n@@ -1 +1 @@\n-this\n+that\n")
            self.assertEqual(build.patched({Path("lab.c"): b"this\n"}, patch), {Path("lab.c"): b"that\n"})
            with self.assertRaises(PuckError):
                build.patched({Path("lab.c"): b"other\n"}, patch)

    def test_sources(self):
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base)
            self.assertRaises(PuckError, build.sources, folder)
            for name in ("b.c", "a.h", "x.mod.c", "README.rst", "a.o"):
                (folder / name).write_text("")
            self.assertEqual([str(path) for path in build.sources(folder)], ["a.h", "b.c"])
            self.assertIn("m-y := b.o", build.kbuild("m", build.sources(folder), "/t"))
            (folder / "a b.c").write_text("")
            self.assertRaises(PuckError, build.sources, folder)
            (folder / "a b.c").rename(folder / "m.c")
            self.assertRaises(PuckError, build.kbuild, "m", build.sources(folder), "/t")

    def test_what_a_learner_has_removed_goes(self):
        with tempfile.TemporaryDirectory() as base:
            place = Path(base)
            build.put({Path("a.c"): b"1", Path("b.c"): b"2"}, place)
            (place / "m.mod.c").write_text("made")
            build.put({Path("a.c"): b"1"}, place)
            self.assertEqual(sorted(path.name for path in place.iterdir()), ["a.c", "m.mod.c"])


class Begin(unittest.TestCase):
    def test_begin(self):
        lab = labs.find("1")
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base) / "mine"
            args = argparse.Namespace(dir=str(folder), seed=1)
            text = io.StringIO()
            with contextlib.redirect_stdout(text):
                self.assertEqual(command.begin(args, lab, folder), 0)
            self.assertEqual(sorted(path.name for path in folder.iterdir()), ["README.rst", "lab.c"])
            self.assertIn(f"puck lab 1 --dir {folder} --check", text.getvalue())
            self.assertRaises(PuckError, command.begin, args, lab, Path(base) / "no/where")


if __name__ == "__main__":
    unittest.main()
