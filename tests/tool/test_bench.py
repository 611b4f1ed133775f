# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck bench: what it takes, and what it makes of what was printed."""

import argparse
import contextlib
import io
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "scripts"))

from pucklib import cli  # noqa: E402
from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import bench, bench_gpu, bench_screen  # noqa: E402
from pucklib.report.figures import Figures, Goal  # noqa: E402


def figures(**printed):
    """As printed by counted programs, in instructions."""
    found = Figures()
    for part, lines in printed.items():
        for key, value in lines.items():
            found.take(f"{part} counted", f"bench: {key} {value * 4 / 1000}")
    return found


class Parts(unittest.TestCase):
    def test_unknown_part_is_refused_before_anything_is_built(self):
        with mock.patch.object(bench, "Runner") as runner, mock.patch.object(bench.apt, "ensure_host") as host:
            with self.assertRaisesRegex(PuckError, "no part 'evil'"):
                bench.cmd_bench(SimpleNamespace(parts=["evict", "evil"], runs=1))
        runner.assert_not_called()
        host.assert_not_called()

    def test_help_and_doc_name_all_parts(self):
        parser = argparse.ArgumentParser()
        cli.add_bench(parser.add_subparsers())
        text = io.StringIO()
        with contextlib.redirect_stdout(text), self.assertRaises(SystemExit):
            parser.parse_args(["bench", "--help"])
        doc = (REPO / "docs/bench.rst").read_text()
        for part in bench.PARTS:
            self.assertRegex(text.getvalue(), rf"\b{part}\b")
            self.assertIn(f"\n``{part}`` ", doc)

    def test_each_program_has_its_source(self):
        for name in [*bench_gpu.PROGRAMS, bench_screen.PROGRAM]:
            self.assertTrue((REPO / "test-images/bench" / f"{name.removeprefix('bench-')}.c").exists(), name)


class Spread(unittest.TestCase):
    def test_whole_digits(self):
        """No number is told in powers of ten."""
        found = Figures()
        for value in ("10147.26", "0.123456", "12.3456"):
            found.take("v", f"bench: key {value}")
        self.assertEqual(found.spread("v", "key"), "0.1235..10147, n=3")
        self.assertEqual(found.spread("v", "none"), "not measured")


class Goals(unittest.TestCase):
    def test_sides(self):
        self.assertTrue(Goal("", 0.8, 0.8, at_most=False).met() and Goal("", 0.8, 0.8, at_most=True).met())
        self.assertFalse(Goal("", 0.79, 0.8, at_most=False).met() or Goal("", 0.81, 0.8, at_most=True).met())

    def test_work_by_pairs_of_bos_shows(self):
        def last(cost):
            found = figures(submit={f"bos_{n}_us": cost(n) for n in bench_gpu.BOS})
            return bench_gpu.goals_submit(found)[-1]

        self.assertTrue(last(lambda n: 20000 + 1100 * n).met())
        self.assertFalse(last(lambda n: 20000 + 1100 * n + 2 * n * n).met())

    def test_what_was_not_measured_is_no_goal(self):
        self.assertEqual(bench_gpu.goals_submit(Figures()), [])


if __name__ == "__main__":
    unittest.main()
