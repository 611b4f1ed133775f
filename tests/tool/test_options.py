# SPDX-License-Identifier: GPL-2.0-or-later
"""What is refused before anything is built or booted, and with which words."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib import cli, options  # noqa: E402
from pucklib.base.util import PuckError  # noqa: E402
from pucklib.build import kernel, words  # noqa: E402
from pucklib.commands import module  # noqa: E402
from pucklib.commands.guest import load_module  # noqa: E402
from pucklib.vm import accel, guest, machine  # noqa: E402

REFUSED = {
    "run --module nvme": "--module has no effect without --driver or --device",
    "run --dma merge=none": "--dma has no effect without",
    "run --workload true": "--workload has no effect without",
    "run --no-gpu": "--no-gpu has no effect here",
    "run --driver nvme --load puck": "--load has no effect here",
    "run --clients --dma merge=none": "--dma has no effect with --clients",
    "run --clients --compare": "--compare has no effect with --clients",
    "run --driver nvme --dma merge=none,sinc=bounce": "--dma: .*, at byte 11: 'sinc=bounce'",
    "run --driver nvme --dma merge=3K": "--dma: .*, at byte 0: 'merge=3K'",
    "run --mischief fence.complete:dely=5ms": "--mischief: no such match or action, at byte 15: 'dely=5ms'",
    "run --iommu smmu": "--iommu smmu: puck, intel, virtio, none",
    "run --device edu --module /no/such.ko --workload true": "--module: there is no file /no/such.ko",
    "guest --file x true": "--file x: GUEST=HOST",
    "guest --file x=/no/such true": "--file: there is no file /no/such",
    "guest --packages=-oX=y true": "'-oX=y' is no name of a Debian package",
    "shell --packages v4l-utils,": "'' is no name of a Debian package",
    "guest --qemu /no/such true": "--qemu: there is no file /no/such",
    "run --qemu debian --qemu-src /tmp": "--qemu and --qemu-src",
    "test unit --qemu debian": "--qemu has no effect on suites without QEMU",
    "guest --smp 0 true": "--smp 0: at least 1",
    "guest --timeout 0 true": "--timeout 0.0: at least",
    "guest --memory much true": "--memory much",
    "guest --kernel 6.12 true": "--kernel 6.12: stock, debug, kasan, 7, or the image",
    "guest --kdir /tmp true": "--kdir belongs to a kernel of your own",
    "run --icount --accel kvm": "not with --accel kvm|no /dev/kvm",
    "run --events /no/such/file": "--events: there is no folder /no/such",
    "run --events /tmp": "--events: /tmp is a folder",
    "run --run-dir /etc/passwd": "--run-dir: /etc/passwd is a file",
    "test --filter a(": "--filter: .*, at byte 1",
    "test guest --filter nothing-of-the-kind": "no test of .*/tests.list matches",
    "test long --filter nothing-of-the-kind": "no test of .*/long.list matches",
    "test sanitize --kernel kasan": "'sanitize' has no guest: --kernel is for guest, labs, matrix, long",
    "test unit style --filter gpu": "--filter has no effect on unit, style",
    "test unit --accel tcg": "--accel has no effect on suites without a guest",
    "clients": "which clients\\? .*--list",
    "clients no-such-program": "no client 'no-such-program': ",
    "clients --list vivid": "--list is of all clients",
    "clients --list --kernel stock": "--kernel has no effect with --list",
    "clients vivid --filter nothing-of-the-kind": "no test of vivid matches",
    "clients vivid --qemu /no/such": "--qemu: there is no file /no/such",
    "soak --plain": "--plain has no effect without --boots",
    "soak --boots 1 --drivers nvme": "--drivers has no effect with --boots",
    "soak --boots 1 --policies 3": "--policies has no effect with --boots",
    "soak --boots 1 --iommus puck": "--iommus has no effect with --boots",
    "soak --boots 1 --device edu": "--device has no effect with --boots",
    "soak --workload true": "--drivers NAME or --device 'ARGS' says which",
    "soak --module nvme": "--drivers NAME or --device 'ARGS' says which",
    "soak --drivers nvme --workload true": "--drivers has a workload",
    "soak --drivers nvme --device edu --module nvme --workload true": "not both",
    "soak --drivers nvme,ahci --module nvme": "one of --drivers",
    "soak --device edu": "--device wants --module",
    "run --compare --screen /tmp/puck-screen.png": "--screen has no effect with --compare, unless instructions",
    "run --driver nvme --screen /tmp/puck-screen.png": "--screen has no effect here",
    "run --clients --screen /tmp/puck-screen.png": "--screen has no effect with --clients",
    "run --screen /no/such/folder/a.png": "--screen: there is no folder",
    "build qemu --drivers iommu": "--drivers has no effect unless modules are built",
    "build programs --qemu debian": "--qemu has no effect unless QEMU or its tests are built",
    "build qemu-module --qemu source": "qemu-module is for a QEMU that others built",
    "test sanitize --qemu debian": "--qemu has no effect on sanitize",
    "lab --check": "--check has no effect without the number of a lab",
    "lab --dir x": "--dir has no effect without the number of a lab",
    "lab 99": "there is no lab 99",
    "lab x --check": "there is no lab x",
    "lab 1 --json /tmp/puck-lab.json": "--json has no effect without --check",
    "lab 1 --check --json /no/such/folder/a.json": "--json: there is no folder",
    "lab 1 --check --dir /dev/null": "--dir: /dev/null is a file",
    "lab 1 --check --seed 7": "--seed has no effect on lab 1",
    "test labs --filter nothing-of-the-kind": "no variant of a lab matches",
    "build --kdir /tmp": "is no kernel build or headers folder",
}
TAKEN = ("run", "run --driver nvme --dma random,seed=3,sync=watch", "run --events /tmp/puck-events",
         "run --screen /tmp/puck-screen.png", "run --icount --compare --screen /tmp/puck-screen.png",
         "test", "test guest --filter gpu",
         "test long --filter mirror --kernel stock", "test long --accel tcg --qemu debian",
         "test --filter nothing-of-the-kind", "guest true", "guest --packages v4l-utils,yavta true", "soak --boots 3 --machine std --smp 1",
         "lab", "lab 1", "lab 1 --check --kernel debug --json /tmp/puck-lab.json", "test labs --filter probe --kernel debug",
         "clients --list", "clients vivid --filter media --kernel stock",
         "build qemu --qemu debian", "build qtests --qemu source", "soak --drivers nvme,ahci", "soak --drivers nvme --module nvme", "soak --device edu --module nvme --workload true", "build", "shell")


class WithCache(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.patch = mock.patch.dict(os.environ, PUCK_CACHE=cls.folder.name)
        cls.patch.start()

    @classmethod
    def tearDownClass(cls):
        cls.patch.stop()
        cls.folder.cleanup()


def parsed(line):
    return cli.parser().parse_args([word.replace("fence.complete:", "fence.complete ") for word in line.split()])


class Options(WithCache):
    def test_refused(self):
        for line, text in REFUSED.items():
            with self.subTest(line), self.assertRaisesRegex(PuckError, text):
                options.check(parsed(line))

    def test_taken(self):
        for line in TAKEN:
            with self.subTest(line):
                options.check(parsed(line))

    def test_nothing_is_done_before(self):
        with mock.patch.object(cli, "cmd_run") as run, mock.patch.object(cli.children, "install"), \
             contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(cli.main(["run", "--workload", "true"]), 1)
        run.assert_not_called()


class Words(WithCache):
    """The device's and the module's own readers, built for this host."""

    def test_they_can_be_built(self):
        self.assertTrue(words.reader("mischief") and words.reader("policy"))

    def test_the_place_is_pointed_at(self):
        text = "irq.raise drop; fence.complete hold; irq.rise drop"
        with self.assertRaises(PuckError) as caught:
            words.check("--mischief", "mischief", text)
        message, line, mark = str(caught.exception).splitlines()
        self.assertIn("'irq.rise'", message)
        self.assertEqual(line[mark.index("^"):], "irq.rise drop")

    def test_what_is_good(self):
        words.check("--mischief", "mischief", "fence.complete ring=0 every=5 delay=uniform:1ms-20ms; irq.raise drop;")
        words.check("--dma", "policy", "merge=boundary:64K,layout=shuffled,gap=3,guard=2,window=top,"
                                       "reuse=quarantine:16,fail=every:7,sync=bounce,seed=0x12")
        words.check("--dma", "policy", "")


class OwnKernel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "include/config").mkdir(parents=True)
        (self.folder / "include/config/kernel.release").write_text("6.12.0-mine+\n")

    def image(self, release):
        head = bytearray(0x400)
        head[0x202:0x206] = b"HdrS"
        head[0x20e:0x210] = (0x100).to_bytes(2, "little")
        head[0x300:0x300 + len(release) + 7] = f"{release} (me) ".encode()
        (self.folder / "bzImage").write_bytes(head)
        return self.folder / "bzImage"

    def test_the_same_release(self):
        kernel.check_own(self.image("6.12.0-mine+"), self.folder)
        with self.assertRaisesRegex(PuckError, "is Linux 6.11.0, but --kdir .* is Linux 6.12.0-mine"):
            kernel.check_own(self.image("6.11.0"), self.folder)

    def test_no_kernel(self):
        with self.assertRaisesRegex(PuckError, "no kernel that has been built"):
            kernel.own_release(self.folder / "include")


class Shell(unittest.TestCase):
    def test_own_device_and_module(self):
        self.assertEqual(guest.at_port("edu"), "edu,bus=rp2")
        self.assertEqual(guest.at_port("edu,bus=rp3"), "edu,bus=rp3")
        extra = {}
        self.assertEqual(load_module("/a b/my.ko", extra), "insmod /puck/my.ko\n")
        self.assertEqual((extra, load_module("nvme", extra)), ({"puck/my.ko": "/a b/my.ko"}, "modprobe nvme\n"))


class Module(WithCache):
    """Kbuild's run, with a make that stands in for it."""

    def build(self, name):
        source = Path(self.folder.name) / name
        source.mkdir()
        (source / "Kbuild").write_text("obj-m := x.o\n")
        tools = Path(self.folder.name) / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "make").write_text('#!/bin/sh\nfor w; do case $w in M=*) cd "${w#M=}";; esac; done\n'
                                    'echo made >x.ko; echo x.o >modules.order; pwd >where\n')
        (tools / "make").chmod(0o755)
        with mock.patch.dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}"), \
             mock.patch.object(module.apt, "ensure_host"), contextlib.redirect_stdout(io.StringIO()) as out, \
             contextlib.redirect_stderr(io.StringIO()):
            (tools / "Makefile").write_text("")
            module.cmd_module(SimpleNamespace(folder=str(source), kdir=str(tools), kernel="stock"))
        return source, out.getvalue()

    def test_it_is_made_in_place(self):
        source, out = self.build("driver")
        self.assertEqual(out, f"{source.resolve()}/x.ko\n")

    def test_names_that_make_cannot_take(self):
        source, out = self.build("my driver, new")
        self.assertEqual((out, (source / "x.ko").read_text()), (f"{source.resolve()}/x.ko\n", "made\n"))
        self.assertFalse((source / "where").exists(), "it was made elsewhere")

    def test_what_is_none(self):
        self.assertRaisesRegex(PuckError, "no folder", module.source_folder, "/no/such")
        self.assertRaisesRegex(PuckError, "neither a Kbuild nor a Makefile", module.source_folder, "/")


class Kvm(unittest.TestCase):
    """A stand-in for QEMU tells how guests fare under KVM."""

    def probe(self, script, device=True):
        with tempfile.TemporaryDirectory() as folder:
            qemu = Path(folder) / "qemu"
            qemu.write_text(f"#!/bin/sh\n{script}\n")
            qemu.chmod(0o755)
            node = Path(folder) / "kvm"
            if device:
                node.write_text("")
            return accel.probe(qemu, str(node))

    def test_where_it_works_it_is_used(self):
        self.assertEqual(self.probe(f'case "$*" in *"-accel kvm"*) exit {accel.EXIT_CODE};; esac')[0], "kvm")

    def test_where_not_it_is_said_what_to_do(self):
        for script, device, why in (("", False, "virtualization"), ("exec sleep 60", True, "hung"),
                                    ("exit 1", True, "ended with 1")):
            with mock.patch.object(accel, "LIMIT", 0.3):
                chosen, said = self.probe(script, device)
            self.assertEqual(chosen, "tcg")
            self.assertIn(why, said)

    def test_permission(self):
        with mock.patch.object(accel.os, "access", return_value=False):
            self.assertIn("adduser", self.probe("")[1])

    def test_the_machine_is_made_for_it(self):
        args = machine.machine_args(machine.Spec(accel="kvm"), "/nowhere/qemu")
        self.assertEqual([args[args.index(o) + 1] for o in ("-accel", "-cpu")], ["kvm", "host"])

    def test_counted_instructions_are_tcgs(self):
        bench = guest.Bench.__new__(guest.Bench)
        bench.accel, bench.qemu, bench.kernel = "kvm", "q", None
        for icount, wanted in ((True, "tcg"), (False, "kvm")):
            with tempfile.TemporaryDirectory() as folder:
                self.assertEqual(bench.machine(folder, machine.Spec(icount=icount)).spec.accel, wanted)


if __name__ == "__main__":
    unittest.main()
