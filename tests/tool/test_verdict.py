# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge judged: results and kernel logs as they come, and as they break."""

import contextlib
import io
import re
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib.base import util  # noqa: E402
from pucklib.base.util import PuckError  # noqa: E402
from pucklib.report import events, table, verdict  # noqa: E402
from pucklib.suites import guesttests  # noqa: E402

NESTED = """\
KTAP version 1
1..2
    KTAP version 1
    # Subtest: map
    1..2
    ok 1 one page
    # expected 1, got 2
    not ok 2 two pages
not ok 1 map
ok 2 unmap # SKIP no device
"""

WARNING = """\
[    1.000000] ------------[ cut here ]------------
[    1.000001] DMA-API: pci 0000:01:00.0: device driver frees DMA sg list with different entry count
[    1.000002] WARNING: CPU: 1 PID: 61 at kernel/dma/debug.c:1087 check_unmap+0x1/0x2
[    1.000003] ---[ end trace 0000000000000000 ]---
"""


def results(text):
    return [(c.name, c.result) for c in verdict.parse_ktap(text, "s")]


class Ktap(unittest.TestCase):
    def test_leaves_of_nested_results(self):
        self.assertEqual(results(NESTED), [("map.one page", "passed"), ("map.two pages", "failed"),
                                           ("unmap", "skipped")])

    def test_detail_is_what_was_said_before(self):
        failed = [c for c in verdict.parse_ktap(NESTED, "s") if c.result == "failed"]
        self.assertIn("expected 1, got 2", failed[0].detail)

    def test_missing_results_are_a_failure(self):
        self.assertIn(("plan", "failed"), results("1..3\nok 1 a\nok 2 b\n"))

    def test_missing_parent_keeps_its_children(self):
        text = "1..1\n    1..1\n    ok 1 child\n"
        self.assertEqual(results(text), [("child", "passed"), ("plan", "failed")])

    def test_parent_failing_alone_counts(self):
        self.assertEqual(results("1..1\n    1..1\n    ok 1 child\nnot ok 1 parent\n"),
                         [("parent.child", "passed"), ("parent", "failed")])

    def test_other_output_is_ignored(self):
        self.assertEqual(results("hello\nok 1 - a\nokay 2\n"), [("a", "passed")])


class Console(unittest.TestCase):
    def test_healthy(self):
        self.assertEqual(verdict.check_console("[ 0.1] DMA-API: preallocated 65536 debug entries\n"
                                               "[ 0.2] DMA-API: debugging enabled by kernel config\n"), [])

    def test_splat(self):
        self.assertEqual(len(verdict.check_console(WARNING)), 1)

    def test_expected_splat(self):
        text = "[1.0] puck-expect: begin different entry count\n" + WARNING + "[1.1] puck-expect: end\n"
        self.assertEqual(verdict.check_console(text), [])

    def test_other_splat_than_expected(self):
        text = "[1.0] puck-expect: begin memory leak\n" + WARNING + "[1.1] puck-expect: end\n"
        self.assertEqual(len(verdict.check_console(text)), 1)

    def test_expectation_ends(self):
        text = "[1.0] puck-expect: begin entry count\n[1.1] puck-expect: end\n" + WARNING
        self.assertEqual(len(verdict.check_console(text)), 1)

    def test_expectation_without_end(self):
        self.assertEqual(len(verdict.check_console("[1.0] puck-expect: begin x\n")), 1)

    def test_fault(self):
        line = "[ 2.0] puck-iommu 0000:00:02.0: DMA fault: 0000:01:00.0 write at IOVA 0x1000: not mapped\n"
        self.assertEqual(len(verdict.check_console(line)), 1)

    def test_fault_of_other_iommus(self):
        for line in ("DMAR: [DMA Write NO_PASID] Request device [02:00.0] fault addr 0xfffff000 [fault reason 0x05] x",
                     "virtio_iommu virtio0: page fault from EP 512 at 0xffffe000 [W]"):
            self.assertEqual(len(verdict.check_console(f"[ 2.0] {line}\n")), 1, line)

    def test_finding_of_the_dma_mapper(self):
        line = "[ 2.0] puck-dma 0000:02:00.0: finding: leak: 0x1000+0x1000 (page, to-device): left\n"
        self.assertEqual(len(verdict.check_console(line)), 1)
        asked = "[1.0] puck-expect: begin finding: leak\n" + line + "[1.1] puck-expect: end\n"
        self.assertEqual(verdict.check_console(asked), [])
        note = "[ 2.0] puck-dma 0000:02:00.0: note: its driver declared no limits\n"
        self.assertEqual(verdict.check_console(note), [])

    def test_lockdep_oops_kmemleak_rcu(self):
        for line in ("WARNING: possible circular locking dependency detected", "BUG: kernel NULL pointer dereference",
                     "kmemleak: 3 new suspected memory leaks", "WARNING: suspicious RCU usage",
                     "refcount_t: underflow; use-after-free.", "UBSAN: shift-out-of-bounds in x.c:1:2",
                     "INFO: task sh:1 blocked for more than 120 seconds.",
                     "BUG: KASAN: slab-use-after-free in puck_x+0x1/0x2 [puck]",
                     "kmemleak: Kmemleak disabled without freeing internal data.",
                     "BUG: sleeping function called from invalid context at x.c:1"):
            self.assertEqual(len(verdict.check_console(f"[    3.000000] {line}\n")), 1, line)


class Segments(unittest.TestCase):
    def test_cut_at_marks(self):
        found = guesttests.segments("a\nputs puck-test: begin one\nb\npuck-test: end one 3\nc\n"
                                    "puck-test: begin two\nd\n")
        self.assertEqual((found["one"].text, found["one"].status), ("b", 3))
        self.assertEqual((found["two"].text, found["two"].status), ("d", None))
        self.assertEqual(found[None].text, "a\nc")

    def test_list_parses(self):
        machines = guesttests.parse_list()
        names = [t.name for m in machines for t in m.tests]
        self.assertIn("boot", names)
        self.assertEqual(len(names), len(set(names)), "test names are unique")

    def test_other_lists_are_of_the_list(self):
        """With larger numbers, or elsewhere: what they are run like on each commit is there as well."""
        commands = {name: {t.command.split()[0] for m in guesttests.parse_list(path) for t in m.tests}
                    for name, path in guesttests.LISTS.items()}
        for name in ("matrix", "long"):
            self.assertTrue(commands[name])
            self.assertLessEqual(commands[name], commands["guest"])

    def test_how_far_a_long_one_is(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            for line in ("# progress: 5 of 9 frames", "# 5 of 9", "ok 1 a", "not ok 2 b", "puck-test: end x 0"):
                guesttests.show_progress("m", line)
        self.assertEqual([line.split("m: ")[1] for line in said.getvalue().splitlines()],
                         ["5 of 9 frames", "not ok 2 b", "x 0"])

    def test_what_takes_longest_starts_first(self):
        started, tests = [], {name: [guesttests.Test("t", name, "true", timeout=limit)] * count
                              for name, limit, count in (("short", 60, 1), ("many", 60, 4), ("long", 120, 1))}
        found = util.in_parallel(lambda one: started.append(one[0]) or one[0], tests.items(), 1, guesttests.weight)
        self.assertEqual(started, ["many", "long", "short"])
        self.assertEqual(found, ["short", "many", "long"], "results are in the list's order")

    def test_what_fails_ends_what_did_not_begin(self):
        begun = []

        def one(item):
            begun.append(item)
            raise PuckError("no disk", 3)

        self.assertRaisesRegex(PuckError, "no disk", util.in_parallel, one, range(100), 1)
        self.assertLess(len(begun), 100)


class Guarded(unittest.TestCase):
    def failing(self, error):
        def run():
            raise error
        return verdict.guarded(run, "s", "n")

    def test_no_silence(self):
        self.assertEqual(verdict.guarded(lambda: [1], "s", "n"), [1])
        for error in (PuckError("no disk"), StopIteration("bug")):
            cases = self.failing(error)
            self.assertEqual([(c.suite, c.name, c.result) for c in cases], [("s", "n", "error")])
        self.assertIn("StopIteration", cases[0].detail)

    def test_what_ends_the_run(self):
        self.assertRaises(PuckError, self.failing, PuckError("packages are missing", 3))


class Order(unittest.TestCase):
    def test_difference(self):
        self.assertIsNone(events.first_difference(["a", "b"], ["a", "b"]))
        self.assertIn("event 2", events.first_difference(["a", "b"], ["a", "c"]))
        self.assertIn("2 events", events.first_difference(["a", "b"], ["a"]))


class Complete(unittest.TestCase):
    def test_each_test_of_the_tool_is_run(self):
        listed = (ROOT / "meson.build").read_text().partition("# The tool:")[2].partition("\n  test(")[0]
        named = re.findall(r"'(\w+)'", listed)
        self.assertEqual(sorted(named), sorted(p.stem.removeprefix("test_") for p in ROOT.glob("tests/tool/test_*.py")))


class Tables(unittest.TestCase):
    """Tables of the documentation that tests make."""

    OUTPUT = "ok 1 a to b\n# cell a | b | rw\n# cell a | c | EINVAL\n# cell d | b | \n# cells a | b | no\n"
    TABLE = "=  ==  ======\n\\  b   c\n=  ==  ======\na  rw  EINVAL\nd  \\-  \\-\n=  ==  ======\n"
    DOCUMENT = "before\n\n{}\n\n{}\n{}\n\nbehind\n".format(table.BEGIN.format("t"), "{}", table.END.format("t"))

    def test_what_is_not_said_is_a_dash(self):
        self.assertEqual(table.render(table.cells(self.OUTPUT)), self.TABLE)

    def test_only_what_is_between_the_marks_changes(self):
        self.assertEqual(table.replaced(self.DOCUMENT.format("old\n"), "t", self.TABLE), self.DOCUMENT.format(self.TABLE))
        self.assertRaises(PuckError, table.replaced, self.DOCUMENT, "another", self.TABLE)

    def judge(self, written, kernel):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "run").mkdir()
            (root / "sharing.rst").write_text(self.DOCUMENT.format(written))
            test = guesttests.Test("t", "m", "true", table="sharing.rst")
            guesttests.chosen_tests("", kernel, [guesttests.TestMachine("m", tests=[test])])
            with mock.patch.object(guesttests, "REPO", root):
                cases = guesttests.judge_table("guest.m", test, SimpleNamespace(text=self.OUTPUT),
                                               SimpleNamespace(rundir=root / "run"))
            kept = root / "run/sharing.rst"
            return [case.result for case in cases], kept.read_text() if kept.exists() else None

    def test_a_stale_one_fails_and_the_new_one_is_kept(self):
        self.assertEqual(self.judge(self.TABLE, None), (["passed"], None))
        self.assertEqual(self.judge("old\n", None), (["failed"], self.DOCUMENT.format(self.TABLE)))

    def test_on_another_kernel_it_may_be_another_one(self):
        self.assertEqual(self.judge("old\n", "stock"), ([], None))


if __name__ == "__main__":
    unittest.main()
