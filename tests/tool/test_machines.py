# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines as they are put together, and what is kept of a run to have it again."""

import contextlib
import io
import signal
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base import children  # noqa: E402
from pucklib.base.util import PuckError, write_json  # noqa: E402
from pucklib.build import modules  # noqa: E402
from pucklib.commands import repro, soak  # noqa: E402
from pucklib.vm import drivers, files, guest, icount, machine, ports, runfile  # noqa: E402

DISK = ["-drive", "file=/r/disk,if=none,id=d0,format=raw", "-device", "virtio-blk-pci,drive=d0"]


def result(**parts):
    known = {"console": "", "output": "", "status": 0, "timed_out": None, "qemu_status": 0, "qemu_messages": "", "elapsed": 1.0, "problem": lambda: None}
    return SimpleNamespace(**{**known, **parts})


class Modules(unittest.TestCase):
    """Clones of different sources have one tree for a kernel, in which each builds its own."""

    def build(self, builder, source):
        def make(parts):
            self.builds += 1
            (self.root / "puck.ko").write_text(source)
            return [self.root / "puck.ko"]

        with unittest.mock.patch.object(modules, "tree_digest", return_value=source), \
             unittest.mock.patch.object(builder, "build", make):
            return builder.ensure()

    def test_another_build_takes_none_away(self):
        with tempfile.TemporaryDirectory() as folder:
            self.root, self.builds = Path(folder), 0
            builder = modules.Drivers.__new__(modules.Drivers)
            builder.root = self.root
            with unittest.mock.patch.object(modules, "lock", lambda name: contextlib.nullcontext()):
                mine, other, again = (self.build(builder, source) for source in ("mine", "other", "mine"))
            self.assertEqual([path.read_text() for path in (*mine, *other)], ["mine", "other"])
            self.assertEqual((again, self.builds), (mine, 2))


class Programs(unittest.TestCase):
    """A guest has those that its command names."""

    def test_named(self):
        with tempfile.TemporaryDirectory() as folder:
            found = {name: Path(folder) / name for name in ("gpu_vm", "gpu_vm_bad", "try-all", "runs", "dma_net")}
            for path in found.values():
                path.write_bytes(b"")
            found["try-all"].write_text("exec gpu_vm --all\n")
            found["runs"].write_bytes(b"\177ELF\0try-all\0\xff")
            self.assertEqual(list(modules.named(found, "modprobe puck; 'gpu_vm_bad' 5")), ["gpu_vm_bad"])
            self.assertEqual(list(modules.named(found, "runs")), ["gpu_vm", "runs", "try-all"])
            self.assertEqual(modules.named(found, "true"), {})

    def test_a_program_is_made_of_what_it_includes(self):
        with tempfile.TemporaryDirectory() as folder:
            images = Path(folder)
            for name, text in (("gpu/a.c", '#include "lib/b.h"\n#include <stdio.h>\n'), ("lib/unused.h", ""),
                               ("lib/b.h", '#include "lib/c.h"\n#include "abi/d.h"\n'), ("lib/c.h", '#include "lib/b.h"\n')):
                (images / name).parent.mkdir(exist_ok=True)
                (images / name).write_text(text)
            with unittest.mock.patch.object(modules, "IMAGES", images):
                found = modules.with_shared(images / "gpu/a.c")
            self.assertEqual([path.name for path in found], ["a.c", "b.h", "c.h"])


class Drivers(unittest.TestCase):
    def test_each_has_a_port_of_its_own(self):
        placed = drivers.place(list(drivers.DRIVERS))
        used = [one.port for one in placed]
        self.assertEqual(len(used), len(set(used)))
        self.assertNotIn(ports.OUTSIDE, used)

    def test_ids_are_unique(self):
        args = [a for one in drivers.place(list(drivers.DRIVERS)) for a in one.qemu_args()]
        ids = [word for arg in args for word in arg.split(",") if word.startswith("id=")]
        backends = [i for i in ids if ids.count(i) > 1]
        self.assertEqual(backends, [])

    def test_network_alone_gets_its_other_end(self):
        alone, = drivers.place(["e1000e"])
        self.assertEqual(sum(a.startswith("e1000e,") for a in alone.qemu_args()), 2)
        pair = drivers.place(["e1000e", "virtio-net"])
        self.assertEqual([sum(a == "-netdev" for a in one.qemu_args()) for one in pair], [1, 1])

    def test_table_names_the_port(self):
        self.assertEqual(drivers.table(drivers.place(["nvme"])), "nvme|0000:00:05.0|nvme||dma_block nvme\n")

    def test_unknown(self):
        self.assertRaises(PuckError, drivers.place, ["floppy"])


class Mischief(unittest.TestCase):
    def test_commas_are_doubled(self):
        self.assertEqual(machine.quoted("a,b"), "a,,b")

    def test_users_own_rules(self):
        spec = machine.Spec(qemu_args=["-device", "puck-mischief,id=m"], mischief="x")
        self.assertEqual(machine.mischief_args(spec, "/nowhere", "log"), [])

    def test_the_guest_adds_rules_where_it_may(self):
        machine.known_devices.cache_clear()
        with unittest.mock.patch.object(machine, "known_devices", return_value={"puck-mischief"}):
            args = [machine.mischief_args(machine.Spec(guest_rules=may), "qemu", "log")[1] for may in (False, True)]
        self.assertEqual(args, ["puck-mischief,id=mischief,seed=1,log=log",
                                "puck-mischief,id=mischief,seed=1,log=log,guest=on"])


class Ended(unittest.TestCase):
    """The tool is told to end while a guest runs."""

    def test_such_a_guest_has_no_result(self):
        def told(line):
            children.STOPPED.set()
            for group in set(children._groups):
                children.signal_group(group, signal.SIGTERM)

        self.addCleanup(children.STOPPED.clear)
        with tempfile.TemporaryDirectory() as folder:
            one = machine.Machine("qemu", None, folder, machine.Spec())
            with self.assertRaises(PuckError) as caught:
                one.run(["sh", "-c", "echo it runs; exec sleep 60"], 60, told)
        self.assertEqual(caught.exception.code, children.INTERRUPTED)


class Record(unittest.TestCase):
    def test_pauses_only_for_recorded_disks(self):
        options = [icount.qemu_args(mode, args, Path("/r"))[1]
                   for mode, args in (("", DISK), ("record", []), ("record", DISK))]
        self.assertEqual([("sleep=off" in o, "rr=record" in o) for o in options],
                         [(True, False), (True, True), (False, True)])

    def test_drives_are_recorded(self):
        self.assertEqual(icount.recorded_drives(DISK)[:4], [
            "-drive", "file=/r/disk,if=none,id=d0-file,format=raw",
            "-drive", "driver=blkreplay,if=none,image=d0-file,id=d0"])

    def test_what_cannot_be(self):
        self.assertRaises(PuckError, icount.recorded_drives, ["-device", "nvme,bus=rp2"])
        self.assertRaises(PuckError, icount.recorded_drives, ["-drive", "file=x,if=virtio"])

    def test_replay_is_of_the_recording(self):
        cmd = ["qemu", *icount.qemu_args("record", [], Path("/old")), "-smp", "1"]
        self.assertEqual(icount.replaying(cmd, Path("/kept"))[1:3],
                         ["-icount", f"shift={icount.SHIFT},sleep=off,rr=replay,rrfile=/kept/replay.bin"])


class RunFile(unittest.TestCase):
    def test_first_failure(self):
        bad = "[    2.500000] BUG: sleeping function called from invalid context\n"
        for parts, want in (
                ({"console": "[    1.0] fine\n" + bad, "output": "not ok 1 - x\n"}, bad.strip()),
                ({"console": "puck-expect: begin x: y\n"}, "'puck-expect: begin x: y' was never ended"),
                ({"output": "ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\n"}, "not ok 2 - b"),
                ({"output": "not ok 1 - a # TODO later\n"}, None),
                ({"output": "puck: WRONG: bytes differ\n", "status": 1}, "puck: WRONG: bytes differ"),
                ({"status": 3}, "exit status 3"),
                ({}, None)):
            self.assertEqual(runfile.first_failure(result(**parts)), want)

    def test_paths_of_the_new_run(self):
        known = {"rundir": "/old", "cmd": ["/q/qemu", "-serial", "file:/old/console.log", "-kernel", "/k/bzImage"],
                 "kept": {}, "recorded": False}
        self.assertEqual(runfile.command_again(known, Path("/old"), Path("/new")),
                         ["/q/qemu", "-serial", "file:/new/console.log", "-kernel", "/k/bzImage"])

    def test_what_a_recording_keeps(self):
        cmd = ["/q/qemu", "-kernel", "/k/bzImage", "-drive", "file=/run/disk,if=none", "-drive", "if=none,file=/d/a,,b",
               "-device", "puck-cam,bus=rp2,source=/d/video.y4m", "-device", "puck-cam,id=source",
               "-device", "e1000e,source=/d/none", "-device", "puck-cam,source=/run/own.y4m"]
        kept = runfile.inputs(Path("/run"), cmd)
        self.assertEqual([str(path) for path in kept], ["/q/qemu", "/k/bzImage", "/d/a,b", "/d/video.y4m"])

    def test_a_moved_recording_uses_its_own_files(self):
        known = {"rundir": "/old", "cmd": ["/q/qemu", *icount.qemu_args("record", [], Path("/old"))],
                 "kept": {"/q/qemu": "qemu"}, "recorded": True}
        cmd = runfile.command_again(known, Path("/moved"), Path("/new"))
        self.assertEqual((cmd[0], cmd[2].rpartition("rrfile=")[2]), ("/moved/qemu", "/moved/replay.bin"))


class Files(unittest.TestCase):
    """What a machine finds in its run folder, and finds there again."""

    ITEMS = ["disk:64K", "a.y4m:y4m:420:16x18:2", "b.y4m:y4m:mono:16x16:1", "live:fifo"]

    def made(self, items=ITEMS):
        with tempfile.TemporaryDirectory() as folder:
            rundir = Path(folder)
            files.make(rundir, items)
            self.assertTrue(all((rundir / item.partition(":")[0]).is_fifo() for item in items if item.endswith("fifo")))
            files.tidy(rundir)
            shared = files.shared(rundir, items)
            self.assertTrue(all(path.exists() for path in shared.values()))
            return {path.name: path.read_bytes() for path in rundir.iterdir()}, set(shared)

    def test_sizes(self):
        made, shared = self.made()
        self.assertEqual(set(made), {"disk", "a.y4m", "b.y4m"})
        self.assertEqual(shared, {"puck/a.y4m", "puck/b.y4m"})
        self.assertEqual(made["disk"], bytes(65536))
        head, _, rest = made["a.y4m"].partition(b"\n")
        self.assertEqual(head, b"YUV4MPEG2 W16 H18 F30:1 Ip C420")
        self.assertEqual(len(rest), 2 * (len(b"FRAME\n") + 16 * 18 * 3 // 2))
        self.assertTrue(rest.startswith(b"FRAME\n"))
        self.assertEqual(len(made["b.y4m"].partition(b"\n")[2]), len(b"FRAME\n") + 256)

    def test_the_same_again(self):
        first, second = self.made()[0], self.made()[0]
        self.assertEqual(first, second)
        other = self.made(["c.y4m:y4m:420:16x18:2"])[0]["c.y4m"]
        self.assertNotEqual(first["a.y4m"], other)

    def test_bad_items(self):
        for item in ("disk", "disk:", ":64K", "disk:64", "a/b:64K", "a:y4m", "a:y4m:411:16x16:1", "a:y4m:420:16:1",
                     "a:y4m:420:16x16:0", "a:fifo:1"):
            self.assertRaises(PuckError, files.parts, item)


class Repro(unittest.TestCase):
    def judge(self, first, second, recorded, logs=("same", "same")):
        with tempfile.TemporaryDirectory() as folder:
            old, new = Path(folder, "old"), Path(folder, "new")
            for place, text in zip((old, new), logs):
                place.mkdir()
                (place / "console.log").write_text(text)
            return repro.report(old, {"recorded": recorded, "failure": first}, new, result(console=second))

    def test_same_place(self):
        first, later = ("[    1.000000] BUG: soft lockup", "[    2.000000] BUG: soft lockup")
        self.assertTrue(self.judge(first, first, True))
        self.assertFalse(self.judge(first, later, True))
        self.assertTrue(self.judge(first, later, False))
        self.assertFalse(self.judge(first, "[    1.000000] Oops: 0000", False))
        self.assertFalse(self.judge(first, "", False))

    def test_the_same_finding_at_another_time(self):
        finding = ("[ {}] puck-dma 0000:02:00.0: finding: sync-missing: {}+0x40 (page, from-device, mapped {} ms ago by "
                   "edu_map+0x1/0x2 [my_edu]): CPU: {} PID: {} Comm: sh")
        first, second = finding.format("2.5", "0xffffe000", 133, 0, 61), finding.format("3.25", "0xffffa000", 140, 1, 77)
        self.assertTrue(self.judge(first, second, False))
        self.assertFalse(self.judge(first, first.replace("133", "140"), True))
        for other in ("edu_unmap+0x1", "edu_map+0x9"):
            self.assertFalse(self.judge(first, second.replace("edu_map+0x1", other), False))
        self.assertFalse(self.judge(first, second.replace("sync-missing", "leak"), False))

    def test_replay_is_the_same_throughout(self):
        self.assertFalse(self.judge(None, "", True, ("a", "b")))
        self.assertTrue(self.judge(None, "", False, ("a", "b")))

    def test_no_run(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertRaises(PuckError, repro.folder_of, folder)
            write_json(Path(folder, "part", runfile.NAME), {})
            self.assertRaisesRegex(PuckError, "part", repro.folder_of, folder)


class Soak(unittest.TestCase):
    def cell(self, lines, **parts):
        cell = soak.Cell("nvme", "puck")
        for line in lines:
            cell.line(line)
        cell.finish(result(output="puck-report: counter mappings 5\n", **parts), 2)
        return cell

    def test_good(self):
        cell = self.cell(["ok 1 nvme: random,seed=1, 12 ms", "ok 2 nvme: random,seed=2, 9 ms"])
        self.assertEqual((cell.trouble, cell.mappings), ([], 5))

    def test_bad_policy_is_named(self):
        cell = self.cell(["ok 1 nvme: random,seed=1, 12 ms", "not ok 2 nvme: random,seed=2, 9 ms"])
        self.assertTrue(cell.trouble)
        self.assertEqual(cell.suspect(1, 2), 2)

    def test_a_boot_that_is_excused_does_not_count(self):
        def boot(place, *_, on_line, **__):
            boots.append(place)
            on_line(f"not ok 1 nvme: random,seed={len(boots)}, 12 ms")
            return result(console="", qemu_status=-6 if len(boots) == 1 else 0, status=1, rundir=place)

        boots, cell = [], soak.Cell("nvme", "puck")
        bench = guest.Bench.__new__(guest.Bench)
        bench.boot = boot
        with contextlib.redirect_stdout(io.StringIO()) as said:
            soak.soak(bench, SimpleNamespace(seed=1, policies=2, timeout=1), Path("/run"), cell)
        self.assertEqual((boots, cell.bad), ([Path("/run/nvme-puck"), Path("/run/nvme-puck/once-more")], [2]))
        self.assertIn("QEMU was ended by SIGABRT", said.getvalue())

    def test_one_that_never_ended_is_named(self):
        cell = self.cell(["ok 1 nvme: random,seed=7, 12 ms"], problem=lambda: "the guest did not finish")
        self.assertTrue(cell.trouble)
        self.assertEqual(cell.suspect(7, 2), 8)


if __name__ == "__main__":
    unittest.main()
