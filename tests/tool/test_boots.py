# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop of boots: which machines, and what is made of how they ended."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import boots  # noqa: E402
from pucklib.suites import guesttests  # noqa: E402
from pucklib.vm import ending, rundirs  # noqa: E402

INIT = "[    4.4] Run /init as init process\n"
CRASH = {"status": None, "qemu_status": -6, "qemu_messages": "iotlb_to_section: Assertion `section_index < 5' failed."}


def args(**more):
    known = {"boots": 2, "machine": ["std"], "smp": None, "append": None, "qemu_args": [], "plain": False, "jobs": 1,
             "seed": 1, "timeout": 60, "run_dir": None, "kernel": None}
    return SimpleNamespace(**{**known, **more})


def result(**parts):
    known = {"console": INIT, "status": 0, "timed_out": None, "qemu_status": 0, "qemu_messages": ""}
    return SimpleNamespace(**{**known, **parts}, problem=lambda: "no end")


class Choice(unittest.TestCase):
    def test_all_but_those_of_one_kernel(self):
        names = {m.name for m in boots.machines(args(machine=None))}
        self.assertIn("std", names)
        self.assertNotIn("fail-nth-gpu", names)

    def test_each_has_its_own_kernel_unless_one_is_given(self):
        self.assertEqual({m.kernel for m in boots.machines(args(machine=["std", "clients-none"]))}, {"debug", "stock"})
        given = args(machine=["std", "clients-none"], kernel="stock")
        self.assertEqual({m.kernel for m in boots.machines(given)}, {"stock"})
        self.assertIn("--kernel stock", boots.again(given))

    def test_unknown(self):
        self.assertRaisesRegex(PuckError, "no machine 'stt'", boots.machines, args(machine=["stt"]))
        self.assertRaises(PuckError, boots.machines, args(boots=0))

    def test_what_is_changed(self):
        machine, = boots.machines(args(machine=["iommu-two"]))
        spec = boots.changed(guesttests.machine_spec(machine, 1), args(smp=1, append="nosmp", qemu_args=["-S"]))
        self.assertEqual((spec.smp, spec.append, spec.qemu_args[-1], spec.iommu), (1, "nosmp", "-S", "puck"))
        spec = boots.changed(spec, args(plain=True))
        self.assertEqual((spec.gpu, spec.iommu, spec.load), (False, "none", "none"))


class Tally(unittest.TestCase):
    def test_ends_of_a_kind_are_one_line(self):
        tally = boots.Tally(SimpleNamespace(name="m"))
        for number in (1, 2):
            end = ending.classify(result(**{**CRASH, "qemu_messages": f"physmem.c:{number}: failed at 0x{number}f"}))
            self.assertFalse(tally.take(end, "", f"/run/{number}"))
        self.assertTrue(tally.take(ending.classify(result()), INIT, "/run/3"))
        self.assertFalse(tally.take(ending.classify(result()), "[ 1.0] BUG: x\n", "/run/4"))
        self.assertEqual([len(folders) for folders in tally.ends.values()], [2, 1])
        self.assertEqual((tally.good, tally.bad(), tally.trouble()), (1, 3, 2))

    def test_the_command(self):
        ends = iter([result(), result(**CRASH)])

        def boot(_, folder, *__):
            folder.mkdir()
            return next(ends)

        with tempfile.TemporaryDirectory() as folder, mock.patch.object(boots, "Bench") as bench, \
             mock.patch.object(boots, "say"), mock.patch.object(boots.accel, "announce"), \
             contextlib.redirect_stdout(io.StringIO()) as out:
            bench.return_value.boot = lambda *a: boot(None, *a)
            status = boots.cmd_boots(args(run_dir=folder))
            kept = sorted(p.name for p in Path(folder).iterdir() if p.is_dir())
            rundirs.let_go(Path(folder).resolve())
        self.assertEqual((status, kept), (1, ["std-2"]))
        self.assertEqual(out.getvalue().splitlines()[-1],
                         "2 boots: 1 good, 1 trouble of the infrastructure, 0 other")


if __name__ == "__main__":
    unittest.main()
