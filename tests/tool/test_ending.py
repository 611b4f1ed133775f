# SPDX-License-Identifier: GPL-2.0-or-later
"""How machines ended: texts as they were recorded, and what is made of them."""

import signal
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.report import junit, verdict  # noqa: E402
from pucklib.report.verdict import Case  # noqa: E402
from pucklib.suites import guesttests  # noqa: E402
from pucklib.vm import ending, machine, patience  # noqa: E402

BOOTED = "[    4.400000] Run /init as init process\n"
ASSERTION = ("qemu-system-x86_64: ../src/system/physmem.c:2500: iotlb_to_section: "
             "Assertion `section_index < d->map.sections_nb' failed.")
OUR_ASSERTION = "ERROR:../src/hw/puck/gpu/ring.c:88:puck_ring_run: assertion failed: (at < tail)"
TIMER = """\
[   61.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
[   61.000001] rcu: \t1-...!: (1 GPs behind) idle=1234/1/0x4000000000000000 softirq=411/411 fqs=0
[   61.000002] rcu: \t(detected by 0, t=5252 jiffies, g=197, q=38 ncpus=2)
[   61.000003] rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g197 f0x0 RCU_GP_WAIT_FQS(5)
[   61.000004] rcu: \tPossible timer handling issue on cpu=1 timer-softirq=112
"""
STACK = "[   61.000005]  puck_submit_job+0x12/0x80 [puck]\n"
PANIC = "[    9.000000] Kernel panic - not syncing: Fatal exception in interrupt\n"
NO_ROOT = ("[    3.100000] Initramfs unpacking failed: invalid magic at start of compressed archive\n"
           "[    3.900000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n")
INT3 = """\
[    4.782637] sched_clock: Marking stable (4724985079, 56620522)->(4889543199, -107937598)
[    4.787257] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI
[    4.788417] CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.12.117+deb12-amd64 #1  Debian 6.12.117-1~deb12u1
[    4.791893] RIP: 0010:sched_clock_cpu+0x9/0x190
"""
SPLAT = "[    9.000000] WARNING: possible circular locking dependency detected\n"


def result(**parts):
    known = {"console": BOOTED, "output": "", "status": None, "timed_out": None, "qemu_status": 0, "qemu_messages": "",
             "rundir": Path("/run"), "mischief_log": "/nowhere"}
    made = SimpleNamespace(**{**known, **parts})
    made.problem = lambda: "no end" if made.status is None else None
    return made


class Classes(unittest.TestCase):
    def check(self, kind, **parts):
        end = ending.classify(result(**parts))
        self.assertEqual(end.kind, kind, (parts, end))
        return end

    def test_of_itself(self):
        self.check(ending.ENDED, status=0)
        self.check(ending.ENDED, status=3, console=BOOTED + SPLAT)

    def test_qemu_falls_over(self):
        end = self.check(ending.TROUBLE, qemu_status=-signal.SIGABRT, qemu_messages=ASSERTION)
        self.assertIn("SIGABRT", end.reason)
        self.assertIn("section_index", end.reason)
        self.check(ending.TROUBLE, qemu_status=-signal.SIGSEGV)
        self.check(ending.TROUBLE, qemu_status=-signal.SIGSEGV, console="")
        self.check(ending.TROUBLE, qemu_status=-signal.SIGSEGV, status=0)

    def test_a_device_of_ours_falls_over(self):
        self.check(ending.FINDING, qemu_status=-signal.SIGABRT, qemu_messages=OUR_ASSERTION)

    def test_lost_timer(self):
        self.check(ending.TROUBLE, console=BOOTED + TIMER, timed_out="silent")
        self.check(ending.TROUBLE, console=BOOTED + "[ 9.0] puck-expect: begin x\n" + TIMER, timed_out="silent")

    def test_lost_timer_and_a_finding_that_was_asked_for(self):
        found = ("[ 61.5] puck-expect: begin puck-dma .*finding\n[   62.000000] puck-dma 0000:01:00.0: finding: unmap-count: "
                 "0x1000+0x1000 (page, to-device, mapped 9 ms ago by x+0x20/0x40 [puck_scenarios]): unmapped\n"
                 "[ 62.5] puck-expect: end\n")
        self.check(ending.TROUBLE, console=BOOTED + TIMER + found, timed_out="silent")

    def test_a_driver_holds_the_cpu(self):
        self.check(ending.FINDING, console=BOOTED + TIMER + STACK, timed_out="silent")
        self.check(ending.FINDING, console=BOOTED + SPLAT + TIMER, timed_out="silent")

    def test_a_stall_alone_is_the_guests(self):
        self.check(ending.FINDING, console=BOOTED + TIMER.split("[   61.000003]")[0], timed_out="silent")

    def test_the_guests_own(self):
        for text in (PANIC, SPLAT, "[ 9.0] BUG: kernel NULL pointer dereference, address: 0000000000000008\n"):
            self.check(ending.FINDING, console=BOOTED + text)
            self.check(ending.FINDING, console=BOOTED + text, timed_out="silent")
            self.check(ending.FINDING, console=text + BOOTED)

    def test_hang(self):
        self.check(ending.HANG, timed_out="silent", output=patience.INIT_LINE + "\n")
        self.check(ending.FINDING, qemu_status=0)
        self.check(ending.FINDING, console=BOOTED + SPLAT, timed_out="silent")

    def test_no_output(self):
        self.check(ending.TROUBLE, console=BOOTED + "[    6.7] puck-test: begin a\n", timed_out="silent")

    def test_no_init(self):
        self.check(ending.TROUBLE, console="[    1.000000] Linux version 6.12\n", timed_out="silent")
        self.check(ending.TROUBLE, console="", timed_out="silent")
        self.check(ending.TROUBLE, console=NO_ROOT)

    def test_before_a_driver_was_loaded(self):
        for text in (INT3, PANIC, SPLAT):
            end = self.check(ending.TROUBLE, console=text, timed_out="silent")
            self.assertIn("before it had loaded a driver: ", end.reason)
        self.assertIn("Oops: int3", self.check(ending.TROUBLE, console=INT3 + PANIC).reason)

    def test_images(self):
        self.check(ending.TROUBLE, console="", qemu_status=1, qemu_messages="qemu: could not open kernel file 'x': No")
        self.check(ending.FINDING, console="", qemu_status=1,
                   qemu_messages="-device edo: 'edo' is not a valid device model name")


def boot(names, status="0", cut=None):
    """Output of a boot of these tests; `cut` is the one in which it ended."""
    text = patience.INIT_LINE + "\n"
    for name in names:
        text += f"puck-test: begin {name}\n"
        if name == cut:
            return text
        text += f"1..1\nok 1 {name}-case\npuck-test: end {name} {status}\n"
    return text + "puck-exit: 0\n"


class OnceMore(unittest.TestCase):
    """Machines whose boots end as is told; the tests of each boot."""

    def run_machine(self, *ends):
        machine = guesttests.TestMachine("m")
        tests = [guesttests.Test(name, "m", "true") for name in "abc"]
        boots = []

        def one(_, __, left, rundir):
            names = [t.name for t in left]
            boots.append("".join(names))
            cut, parts = ends[len(boots) - 1] if len(boots) <= len(ends) else (None, {})
            return result(**{"status": None if cut or parts else 0, "rundir": rundir,
                             "output": boot(names, cut=cut), **parts})

        suite = guesttests.Suite(SimpleNamespace(seed=1), Path("/run"), "guest", [])
        with mock.patch.object(guesttests.Suite, "boot", one), mock.patch.object(guesttests, "say"):
            cases = suite.run_machine(machine, tests)
        return boots, {(c.suite.removeprefix("guest."), c.name): c.result for c in cases}, cases

    def test_good(self):
        boots, found, _ = self.run_machine()
        self.assertEqual(boots, ["abc"])
        self.assertEqual(set(found.values()), {"passed"})

    def test_trouble_is_excused_once(self):
        crash = {"qemu_status": -6, "qemu_messages": ASSERTION}
        boots, found, cases = self.run_machine(("b", crash))
        self.assertEqual(boots, ["abc", "bc"])
        self.assertEqual(found.pop(("m", "run once more")), "note")
        self.assertEqual(len(found), 3)
        self.assertEqual(verdict.tally(cases), ("3 passed, 0 failed, 0 skipped", 0))

    def test_and_is_an_error_then(self):
        crash = {"qemu_status": -6, "qemu_messages": ASSERTION}
        boots, found, cases = self.run_machine(("b", crash), ("b", crash))
        self.assertEqual(boots, ["abc", "bc", "c"])
        self.assertEqual(found["m", "b"], "error")
        self.assertEqual(verdict.tally(cases), ("2 passed, 1 failed, 0 skipped", 1))

    def test_before_the_first_test(self):
        crash = {"qemu_status": -6, "qemu_messages": ASSERTION, "output": ""}
        boots, found, cases = self.run_machine((None, crash), (None, crash))
        self.assertEqual(boots, ["abc", "abc"])
        self.assertEqual([found["m", name] for name in "abc"], ["error"] * 3)

    def test_a_panic_is_not_excused(self):
        boots, found, _ = self.run_machine(("b", {"console": BOOTED + PANIC}))
        self.assertEqual(boots, ["abc", "c"])
        self.assertEqual(found["m", "b"], "failed")

    def test_after_the_last_test(self):
        boots, found, cases = self.run_machine((None, {"qemu_status": -11}))
        self.assertEqual(boots, ["abc", "c"])
        self.assertEqual(verdict.tally(cases)[0], "3 passed, 0 failed, 0 skipped")

    def test_a_failure_before_the_trouble_stays(self):
        texts = [boot("abc", cut="b").replace("ok 1 a", "not ok 1 a")]
        boots, found, _ = self.run_machine(("b", {"qemu_status": -11, "output": texts[0]}))
        self.assertEqual((boots, found["m.a", "a-case"]), (["abc", "bc"], "failed"))


    def test_a_failure_with_a_lost_timer_does_not(self):
        output = boot("abc", cut="b").replace("end a 0", "end a 1").replace("ok 1 a", "not ok 1 a")
        console = BOOTED + "[ 9.0] puck-test: begin a\n[ 9.9] puck-test: end a 1\n[ 10.0] puck-test: begin b\n" + TIMER
        boots, found, _ = self.run_machine(("b", {"timed_out": "silent", "output": output, "console": console}))
        self.assertEqual((boots, found["m.a", "a-case"]), (["abc", "abc"], "passed"))


class Processes(unittest.TestCase):
    """Runs of a stand-in for QEMU."""

    def run_script(self, script, limit=60):
        with tempfile.TemporaryDirectory() as folder:
            return machine.Machine(None, None, folder, machine.Spec()).run(["sh", "-c", script], limit)

    def test_its_last_moments_are_its_own(self):
        """Between the end of its output and its own, QEMU takes what time it takes."""
        done = self.run_script("echo puck-exit: 0; exec >&-; sleep 0.5; exit 0")
        self.assertEqual((done.qemu_status, done.status, done.timed_out), (0, 0, None))

    def test_unless_it_never_ends(self):
        with mock.patch.object(patience, "LOOK_EVERY", 0):
            done = self.run_script("echo puck-exit: 0; exec >&-; exec sleep 300", 0.5)
        self.assertIn("no line of output", done.timed_out)

    def test_who_fell_over_is_known(self):
        done = self.run_script("echo physmem.c: assertion failed >&2; kill -ABRT $$")
        self.assertEqual(done.qemu_status, -signal.SIGABRT)
        self.assertTrue(ending.classify(done).trouble)


class Report(unittest.TestCase):
    CASES = [Case("s", "good", "passed", seconds=1.25), Case("s", "bad", "failed", "why\nmore"),
             Case("s", "lost", "error", "QEMU fell \x1b over"), Case("s", "out", "skipped", "no disk"),
             Case("s", "run once more", "note", "because")]

    def write(self, cases=CASES, **properties):
        with tempfile.TemporaryDirectory() as folder:
            junit.write(cases, Path(folder) / "x", properties or {"seed": 7})
            return xml.parse(Path(folder) / "x").getroot()

    def test_counts(self):
        root = self.write()
        for one in (root, root[0]):
            self.assertEqual([one.get(key) for key in ("tests", "failures", "errors", "skipped", "time")],
                             ["4", "1", "1", "1", "1.250"])

    def test_suite(self):
        suite = self.write()[0]
        self.assertRegex(suite.get("timestamp"), r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")
        self.assertEqual(suite.find("properties/property").attrib, {"name": "seed", "value": "7"})
        self.assertEqual(suite.find("system-out").text, "run once more: because")

    def test_outcomes(self):
        found = {case.get("name"): [part.tag for part in case] for case in self.write()[0].iter("testcase")}
        self.assertEqual(found, {"good": [], "bad": ["failure"], "lost": ["error"], "out": ["skipped"]})

    def test_output_may_be_anything(self):
        """What XML has a meaning for comes back as it was; what it cannot say is a question mark."""
        odd = "<a href=\"x\">&amp; 'b' ]]> <!-- --> \u00e4 \u2028 \U0001f600\ttab"
        bad = odd + "\nline \x00 \x1b[31m \x7f \x85 \ud800 \ufffe \r end"
        good = odd + "\nline ? ?[31m \x7f \x85 ? ? ? end"
        suite = self.write([Case(odd, odd, "failed", bad), Case(odd, "gone", "error", bad),
                            Case(odd, "out", "skipped", bad), Case(odd, "n", "note", bad),
                            Case(odd, "silent", "failed", "")], odd=bad)[0]
        self.assertEqual(suite.get("name"), odd)
        self.assertEqual(suite.find("properties/property").attrib, {"name": "odd", "value": good})
        failure, error, skipped, silent = (list(case)[0] for case in suite.iter("testcase"))
        # A line ends at U+2028 for whoever cuts text into lines.
        self.assertEqual((failure.text, failure.get("message")), (good, odd.partition("\u2028")[0]))
        self.assertEqual((error.text, skipped.get("message")), (good, good))
        self.assertEqual((silent.text, silent.get("message")), (None, "failed"))
        self.assertEqual(suite.find("system-out").text, f"n: {good}")

    def test_times_are_the_guests(self):
        text = "[   10.500000] puck-test: begin t\n[   12.000000][ T9] x\n[   12.750000] puck-test: end t 0\n"
        self.assertEqual(guesttests.segments(text)["t"].seconds, 2.25)


if __name__ == "__main__":
    unittest.main()
