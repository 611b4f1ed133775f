# SPDX-License-Identifier: GPL-2.0-or-later
"""What `puck test sanitize` reads out of the fuzzers' logs, and which calls it refuses."""

import contextlib
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base import util  # noqa: E402
from pucklib.commands import test  # noqa: E402
from pucklib.suites import fuzzers, sanitize  # noqa: E402

LOG = """\
INFO: Seed: 1234
#2\tINITED cov: 900 ft: 901 corp: 1/1b exec/s: 0 rss: 300Mb
#4096\tpulse  cov: 2000 ft: 9000 corp: 300/40Kb lim: 100 exec/s: 120 rss: 310Mb
#5000\tNEW    cov: 2001 ft: 9001 corp: 301/40Kb lim: 100 exec/s: 121 rss: 310Mb L: 3/100 MS: 1 EraseBytes-
"""

REPORT = LOG + """\
=================================================================
==77==ERROR: AddressSanitizer: heap-use-after-free on address 0x1 at pc 0x2 bp 0x3 sp 0x4
    #0 0x55aa in puck_access_start /x/build/../src/hw/puck/gpu/access.c:210:9
    #1 0x55ab in memory_region_write_accessor /x/build/../src/system/memory.c:500:5
    #2 0x55ac in puck_ring_run /x/build/../src/hw/puck/gpu/ring.c:88:3
stat::number_of_executed_units: 5321
"""


def options(minutes=None, case=None, names=None, only=None):
    return SimpleNamespace(minutes=minutes, case=case, only=only, suites=names, kernel=None)


class Logs(unittest.TestCase):
    def count(self, text):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            log.write_text(text)
            return fuzzers.executions(log)

    def test_executions_of_a_process_that_runs(self):
        self.assertEqual(self.count(LOG), 5000)

    def test_executions_of_a_process_that_ended(self):
        self.assertEqual(self.count(REPORT), 5321)

    def test_log_that_is_not_there_yet(self):
        self.assertEqual(fuzzers.executions(Path("/nowhere/log")), 0)

    def test_report_names_the_error_and_our_functions(self):
        lines = fuzzers.excerpt(REPORT).splitlines()
        self.assertIn("heap-use-after-free", lines[0])
        self.assertEqual(lines[1:], ["puck_access_start hw/puck/gpu/access.c:210",
                                     "puck_ring_run hw/puck/gpu/ring.c:88"])

    def test_each_target_has_programs_to_save_states_in(self):
        for name in fuzzers.TARGETS:
            folder = Path(fuzzers.target_environment(name)["PUCK_FUZZ_STATES"])
            self.assertTrue(any(folder.iterdir()), name)
            self.assertEqual("camera" in folder.name, name == "puck-camera-state")

    def test_report_of_a_long_hold(self):
        text = LOG + "puck-fuzz: a write held the BQL for 2500 ms\n==1== ERROR: libFuzzer: deadly signal\n"
        self.assertEqual(fuzzers.excerpt(text).splitlines()[0], "puck-fuzz: a write held the BQL for 2500 ms")


class Calls(unittest.TestCase):
    def test_time_has_to_be_some(self):
        for minutes in (0, -1, float("nan")):
            with self.assertRaises(util.PuckError):
                sanitize.check(options(minutes=minutes))
        sanitize.check(options(minutes=0.1))

    def test_case_has_to_be_there(self):
        with self.assertRaises(util.PuckError):
            sanitize.check(options(case="/nowhere/puck-native.crash"))

    def test_part_has_to_be_one(self):
        for part in sanitize.PARTS:
            sanitize.check(options(only=part))
        for bad in (options(only="render"), options(only="found", minutes=3),
                    options(only="render3d", case=__file__)):
            with self.assertRaises(util.PuckError):
                sanitize.check(bad)

    def test_steps_of_3d_are_a_case(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, taken in (("render3d-device.ended-1", True), ("render3d.ended-1", False)):
                path = Path(folder) / name
                path.write_bytes(b"")
                with self.subTest(name), contextlib.nullcontext() if taken else self.assertRaises(util.PuckError):
                    sanitize.check(options(case=str(path)))

    def test_name_says_the_target(self):
        self.assertEqual(fuzzers.target_of(Path("/x/puck-amd.crash-12.3")), "puck-amd")
        with self.assertRaises(util.PuckError):
            fuzzers.target_of(Path("/x/crash-12"))

    def test_options_of_no_other_suite(self):
        with self.assertRaises(util.PuckError):
            test.chosen_suites(options(minutes=3, names=["unit"]))
        with self.assertRaises(util.PuckError):
            test.chosen_suites(options(only="render3d", names=["unit"]))

    def test_not_among_those_that_run_without_a_name(self):
        for name in ("sanitize", "matrix", "long"):
            self.assertNotIn(name, test.SUITES)
            self.assertIn(name, test.LONG_SUITES)


if __name__ == "__main__":
    unittest.main()
