# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits: a host that is busy uses none of them up, a guest that hangs does."""

import io
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.vm import patience  # noqa: E402


class Host:
    """A host whose clock goes on when told, and which gives its process a part of the time."""

    def __init__(self):
        self.time, self.waited, self.threads = 0.0, 0.0, ["1"]

    def clock(self, pid):
        return patience.FairClock(pid, now=lambda: self.time, steal=lambda: 0.0,
                                  read=lambda _: {t: int(self.waited * 1e9) for t in self.threads})

    def pass_time(self, limit, seconds, share=1.0):
        """Until the limit is over; returns why, and when."""
        for _ in range(int(seconds)):
            self.time += 1
            self.waited += 1 - share
            why = limit.expired()
            if why:
                return why, self.time
        return None


class Limits(unittest.TestCase):
    def limit(self, seconds=60):
        host = Host()
        limit = patience.Limit(seconds, host.clock)
        limit.start(1)
        return host, limit

    def test_a_silent_guest_is_ended_in_time(self):
        host, limit = self.limit()
        self.assertEqual(host.pass_time(limit, 100), ("no line of output for 60 s", 61))

    def test_a_busy_host_does_not_count(self):
        host, limit = self.limit()
        self.assertIsNone(host.pass_time(limit, 590, share=0.1))
        self.assertIsNotNone(host.pass_time(limit, 100, share=0.1))

    def test_but_not_for_ever(self):
        host, limit = self.limit()
        self.assertIsNotNone(host.pass_time(limit, patience.OUTER * 60 + 30, share=0.0))

    def test_progress_renews_it(self):
        host, limit = self.limit()
        for _ in range(8):
            self.assertIsNone(host.pass_time(limit, 50))
            limit.line("something")
        self.assertIsNotNone(host.pass_time(limit, 100))

    def test_talking_is_no_way_to_go_on_for_ever(self):
        host, limit = self.limit(10)
        for _ in range(patience.TOTAL):
            self.assertIsNone(host.pass_time(limit, 10))
            limit.line("and so on")
        self.assertIn("not done", host.pass_time(limit, 10)[0])

    def test_a_slow_guest_has_more(self):
        host, limit = self.limit()
        host.pass_time(limit, 30)
        limit.line(patience.INIT_LINE)
        self.assertIsNone(host.pass_time(limit, 115))
        self.assertIsNotNone(host.pass_time(limit, 20))

    def test_a_guest_that_tells_that_it_is_alive_and_then_does_not(self):
        host, limit = self.limit()
        for _ in range(8):
            limit.line(patience.ALIVE)
            self.assertIsNone(host.pass_time(limit, 15))
        self.assertEqual(host.pass_time(limit, 30), ("no line of output for 20 s", 8 * 15 + 6))

    def test_a_guest_that_need_not_tell_any_more(self):
        host, limit = self.limit()
        limit.line(patience.ALIVE)
        limit.line(patience.END + "1")
        self.assertIsNone(host.pass_time(limit, 60))

    def test_threads_come_and_go(self):
        host, limit = self.limit()
        host.waited = 1000
        host.threads = ["2"]            # waited before it was known
        self.assertIsNotNone(host.pass_time(limit, 61))

    def test_this_host_tells(self):
        self.assertGreater(len(patience.waits(os.getpid())), 0)
        self.assertEqual(patience.waits(0x7fffffff), {})
        self.assertGreater(patience.used(os.getpid()), 0)
        self.assertEqual(patience.used(0x7fffffff), 0)


class Tests(unittest.TestCase):
    def setUp(self):
        self.host, self.stdin, self.said = Host(), io.BytesIO(), []
        self.cpu = 0.0
        self.limit = patience.TestLimit(120, {"a": 10, "b": 30}, 20, self.said.append, self.host.clock,
                                        cpu=lambda _: self.cpu)
        self.limit.start(1)

    def test_each_has_its_own(self):
        self.assertIsNone(self.host.pass_time(self.limit, 119))
        for name, seconds in (("a", 10), ("b", 30), ("unload-x", 20)):
            self.limit.line(f"puck-test: begin {name}")
            self.assertIsNone(self.host.pass_time(self.limit, seconds))
            self.assertIsNotNone(self.host.pass_time(self.limit, 1))
            self.limit.line(f"puck-test: end {name} 0")
            self.assertIsNone(self.host.pass_time(self.limit, 100))

    def test_each_has_what_it_cost(self):
        for line, cpu in (("begin a", 9), ("end a 0", 11), ("begin b", 12), ("end b 0", 15), ("begin a", 15)):
            self.cpu = cpu
            self.limit.line(f"puck-test: {line}")
        self.assertEqual(self.limit.costs, {None: 10, "a": 2, "b": 3})

    def test_the_guest_kills_it_first(self):
        self.limit.line("puck-test: begin a")
        self.assertIsNotNone(self.host.pass_time(self.limit, 11))
        self.assertTrue(self.limit.relieve(self.stdin))
        self.assertEqual(self.stdin.getvalue(), b"puck-kill a\n")
        self.assertIsNone(self.host.pass_time(self.limit, 60))
        self.assertIsNotNone(self.host.pass_time(self.limit, 1))
        self.assertFalse(self.limit.relieve(self.stdin))

    def test_then_the_next_one_goes_on(self):
        self.limit.line("puck-test: begin a")
        self.host.pass_time(self.limit, 11)
        self.limit.relieve(self.stdin)
        self.limit.line("puck-test: end a 137")
        self.limit.line("puck-test: begin b")
        self.assertIsNone(self.host.pass_time(self.limit, 30))

    def test_outside_of_tests_nothing_can_be_killed(self):
        self.host.pass_time(self.limit, 121)
        self.assertFalse(self.limit.relieve(self.stdin))


if __name__ == "__main__":
    unittest.main()
