# SPDX-License-Identifier: GPL-2.0-or-later
"""Drivers under the DMA mapper: what is loaded, which rounds there are, what is told of findings."""

import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import soak  # noqa: E402
from pucklib.report import findings, lines  # noqa: E402
from pucklib.runs import mapper, sweep  # noqa: E402
from pucklib.vm import drivers  # noqa: E402

LEAK = ("[    5.{}] puck-dma 0000:03:00.0: finding: leak: {} (page, to-device, mapped 9 ms ago by {}+0x6a9/0xfb0 "
        "[{}]): left when the driver unbound")
COUNT = ("[   12.500000] puck-dma 0000:02:00.0: finding: unmap-count: {:#x}+0x100000 (sg, 256 entries, from-device, "
         "mapped {} ms ago by foo_map+0x31/0x90 [foo]): unmapped with 1 entries, 256 expected, by foo_done+0x1c/0x40 [foo]")


def leak(where, by="e1000_xmit_frame", module="e1000e", at="000001"):
    return LEAK.format(at, where, by, module)


class Findings(unittest.TestCase):
    def test_sites(self):
        found = findings.parse(COUNT.format(0xffe00000, 12))
        self.assertEqual((found.device, found.kind), ("0000:02:00.0", "unmap-count"))
        self.assertEqual({role: str(site) for role, site in found.sites.items()},
                         {"mapped": "foo_map+0x31/0x90 [foo]", "call": "foo_done+0x1c/0x40 [foo]"})

    def test_three_sites(self):
        line = ("puck-dma 0000:02:00.0: finding: unmap-twice: 0x1000+0x1000 (page, to-device, mapped 5 ms ago by a+0x1/0x2 "
                "[m], unmapped 3 ms ago by b+0x1/0x2 [m]): unmapped again as page, by c+0x1/0x2 [m]")
        self.assertEqual({role: site.function for role, site in findings.parse(line).sites.items()},
                         {"mapped": "a", "unmapped": "b", "call": "c"})

    def test_kernels_own_and_unknown_callers(self):
        found = findings.parse("puck-dma d: finding: leak: 0x0+0x1 (page, none, mapped 1 ms ago by x.isra.0+0x1/0x2): gone")
        self.assertEqual((found.sites["mapped"].function, found.sites["mapped"].module), ("x.isra.0", ""))
        self.assertEqual(findings.parse("puck-dma d: finding: leak: 0x0 (page, mapped 1 ms ago by unknown): x").sites, {})

    def test_other_lines(self):
        self.assertIsNone(findings.parse("puck-dma 0000:02:00.0: note: no segment size"))
        self.assertIsNone(findings.parse("puck-dma 0000:02:00.0: finding: 7 more are in debugfs alone"))

    def test_the_same_once_with_its_rounds(self):
        console = "\n".join(["[   10.000000] puck-sweep: watch: sync=watch", COUNT.format(0x1000, 3), COUNT.format(0x2000, 44),
                             "[   13.000000] puck-sweep: direct: merge=none", COUNT.format(0x7000, 1),
                             leak("0x5000+0x80", at="900000")])
        first, second = findings.grouped(console)
        self.assertEqual((first.count, first.rounds, first.after), (3, ["watch", "direct"], 2.5))
        self.assertEqual((second.first.kind, second.rounds), ("leak", ["direct"]))

    def test_records_stacks_and_counts(self):
        about = "puck-dma 0000:02:00.0: "
        console = "\n".join([
            COUNT.format(0x1000, 3), about + "record: n=1 class=unmap-count driver=foo id=1:2 iova=0x1000 size=0x1000",
            "puck-dma 0000:03:00.0: stack: n=1 mapped other+0x1/0x2[bar]",
            about + "stack: n=1 mapped foo_map+0x31/0x90[foo] foo_probe+0x12/0x80[foo] local_pci_probe+0x42/0x90",
            about + "count: n=1 class=unmap-count 37 times"])
        group, = findings.grouped(console)
        self.assertEqual(group.count, 37)
        self.assertEqual([(s.function, s.module) for s in group.callers("mapped")],
                         [("foo_map", "foo"), ("foo_probe", "foo"), ("local_pci_probe", "")])
        self.assertEqual([s.function for s in group.callers("call")], ["foo_done"])

    def test_other_callers_are_other_findings(self):
        self.assertEqual(len(findings.grouped(leak("0x1+0x1") + "\n" + leak("0x1+0x1", by="other"))), 2)


SYNC = ("puck-dma 0000:03:00.0: suspect: sync-missing: 0x1000+0x3e8 (page, from-device, mapped 5 ms ago by map+0x1/0x2 [m]): "
        "the device changed 9 bytes from +0 on, which the CPU did not fetch, seen at a sync for the device, by {}+0x1/0x2 [m]")
LISTS = ("puck-dma 0000:03:00.0: suspect: list-merged: 0x1000+0x3000 (sg, 3 entries, to-device, mapped 5 ms ago by "
         "map_list+0x1/0x2 [m]): lists from here became fewer segments than entries, this one 1")


def sweep_of(*rounds):
    """A console: (name, status of its work, lines)."""
    return "\n".join(f"puck-sweep: {name}: x\n" + "".join(f"{line}\n" for line in lines) + f"puck-sweep: {name} ended {status}"
                     for name, status, *lines in rounds)


class Suspects(unittest.TestCase):
    def told(self, *rounds):
        return [(g.first.kind, sorted(g.first.functions())) for g in findings.grouped(sweep_of(*rounds))]

    def test_none_while_all_is_good(self):
        self.assertEqual(self.told(("watch", 0, SYNC.format("a"), LISTS), ("direct", 0)), [])

    def test_a_sync_if_it_is_good_without_copies(self):
        rounds = [("watch", 1, SYNC.format("a"), LISTS), ("watch-coherent", 0, LISTS)]
        self.assertEqual(self.told(*rounds), [("sync-missing", ["a", "map"])])
        self.assertEqual(self.told(rounds[0], ("watch-coherent", 1)), [])
        self.assertEqual(self.told(rounds[0]), [])
        # Good without copies and without merging: who knows.
        self.assertEqual(self.told(rounds[0], ("watch-unmerged", 0), rounds[1]), [])

    def test_habits_come_second(self):
        good = ("scattered", 0, SYNC.format("habit"))
        bad = ("watch", 1, SYNC.format("habit"), SYNC.format("a"))
        coherent = ("watch-coherent", 0)
        self.assertEqual(self.told(bad, coherent, good), [("sync-missing", ["a", "map"])])
        self.assertEqual(self.told(("watch", 1, SYNC.format("habit")), coherent, good), [("sync-missing", ["habit", "map"])])
        # Work under mappings that fail is never good.
        self.assertEqual(self.told(bad, coherent, ("fail-1", 0, SYNC.format("a")), good), [("sync-missing", ["a", "map"])])

    def test_lists_if_it_is_good_without_merging_alone(self):
        rounds = [("watch", 1, SYNC.format("a"), LISTS), ("watch-unmerged", 0), ("watch-coherent", 1, LISTS)]
        self.assertEqual(self.told(*rounds), [("list-merged", ["map_list"])])
        self.assertEqual(self.told(rounds[0], ("watch-unmerged", 1), rounds[2]), [])

    def test_copies_that_nobody_compared(self):
        rounds = [("bounce", 1), ("bounce-coherent", 0), ("bounce-watched", 1, SYNC.format("a"))]
        self.assertEqual(self.told(*rounds), [("sync-missing", ["a", "map"])])

    def test_a_finding_is_reason_enough_and_a_leak_is_none(self):
        rounds = [("watch", 1, SYNC.format("a")), ("watch-coherent", 0)]
        self.assertEqual(len(self.told(*rounds, ("direct", 0, leak("0x1+0x1")))), 2)
        self.assertEqual(self.told(*rounds, ("direct", 0, COUNT.format(0x1000, 3))), [("unmap-count", ["foo_done", "foo_map"])])


class Known(unittest.TestCase):
    def test_that_bug_alone(self):
        e1000e = drivers.find("e1000e")
        bug = leak("0x0+0xf7")
        others = [leak("0x1000+0xf7"), leak("0x0+0xf7", by="e1000_probe"), leak("0x0+0xf7", module="mine"),
                  bug.replace("leak:", "unmap-size:")]
        self.assertEqual(drivers.sort_out(e1000e, [bug, *others]), ([bug], others))
        self.assertEqual(drivers.sort_out(drivers.find("nvme"), [bug]), ([], [bug]))

    def test_framebuffer_of_virtio_gpu(self):
        gpu = drivers.find("virtio-gpu")
        line = ("puck-dma 0000:03:00.0: finding: leak: 0x134000+{} (sg, 230 entries, bidirectional, mapped 2 ms ago by "
                "drm_gem_shmem_get_pages_sgt+0x98/0x100 [drm_shmem_helper]): left when the driver unbound")
        self.assertTrue(drivers.is_known(gpu, line.format("0x3e8000")))
        self.assertFalse(drivers.is_known(gpu, line.format("0x10000")))
        self.assertTrue(drivers.is_known(gpu, "WARNING: CPU: 0 PID: 1 at drm_mm.c:1005 drm_mm_takedown+0x25/0x30 [drm]"))
        self.assertFalse(drivers.is_known(gpu, "WARNING: CPU: 0 PID: 1 at mm.c:1 other+0x25/0x30, not drm_mm_takedown"))


    def test_no_more_of_them_than_the_bug_makes(self):
        about = "puck-dma 0000:03:00.0: "
        console = "\n".join([
            about + "finding: leak: 0x1000+0x3e8000 (sg, 802 entries, bidirectional, mapped 1 ms ago by "
            "drm_gem_shmem_get_pages_sgt+0x98/0x100 [drm_shmem_helper]): left when the driver unbound",
            about + "record: n=1 class=leak driver=virtio-pci id=1af4:1050 iova=0x1000 size=0x3e8000"])
        gpu = drivers.find("virtio-gpu")
        self.assertEqual(drivers.unknown_findings(gpu, "\n".join([console, console])), [])
        more, = drivers.unknown_findings(gpu, console + "\n" + about + "count: n=1 class=leak 2 times")
        self.assertEqual((more.first.kind, more.count), ("leak", 2))


class Rounds(unittest.TestCase):
    def test_a_missing_sync_is_always_looked_for(self):
        for driver in drivers.TABLE_OF_DRIVERS:
            self.assertIn("sync=watch", sweep.rounds_of(driver, 1)[0].policy)

    def test_mappings_fail_last_or_it_is_said_why_not(self):
        for driver in drivers.TABLE_OF_DRIVERS:
            rounds = sweep.rounds_of(driver, 1)
            failing = [one for one in rounds if "fail=" in one.policy or one.kind == sweep.BIND]
            self.assertEqual(bool(failing), not driver.no_fail)
            self.assertEqual(failing, rounds[len(rounds) - len(failing):])

    def test_each_way_to_a_mapping_fails_in_each_way_of_work(self):
        for driver in (one for one in drivers.TABLE_OF_DRIVERS if not one.no_fail):
            each = [one for one in sweep.failing(driver, 1) if "fail=each:1" in one.policy]
            self.assertEqual(len(each), len(driver.fail_ways), driver.name)
            self.assertEqual([way for way in driver.fail_ways if not any(way in one.arguments for one in each)], [])
            self.assertEqual(bool(driver.no_fail_ways), bool(driver.why_no_ways), driver.name)
            said = " ".join(one.arguments for one in sweep.failing(driver, 1))
            self.assertEqual([way for way in driver.no_fail_ways if way in said], [])
        own = drivers.Driver("own", (), (), "true")
        self.assertTrue(any("fail=each:1" in one.policy for one in sweep.failing(own, 1)))

    def test_one_policy_is_that_alone(self):
        nvme = drivers.find("nvme")
        self.assertEqual([(r.kind, r.policy) for r in sweep.given(nvme, "merge=none", 1)], [("work", "merge=none")])
        self.assertEqual(sweep.given(nvme, "fail=nth:1", 1)[0].kind, "errors")
        self.assertEqual(sweep.given(drivers.Driver("own", (), (), "true"), "fail=nth:1", 1)[0].kind, "status")

    def test_ways_of_work_take_turns(self):
        said = " ".join(one.arguments for one in sweep.rounds_of(drivers.find("e1000e"), 1))
        self.assertTrue("--jumbo" in said and "--mtu 4000" in said)

    def test_rows(self):
        text = sweep.command("P", "nvme", [sweep.Round("a", "work", "sync=watch", "--seed 1")])
        self.assertEqual(text, "exec P sweep nvme <<'ROUNDS'\na|work|sync=watch|--seed 1\nROUNDS\n")

    def test_rounds_that_hang_or_are_left_out(self):
        told = mapper.known("puck-report: round watch sync=watch\npuck-report: ended 124 1.0 17.5\n"
                            "puck-report: round watch-coherent sync=coherent\npuck-report: ended 1 17.5 18.0\n"
                            "puck-report: left-out direct merge=none\npuck-report: status 1\n")
        self.assertEqual(mapper.failed_rounds(told, []), ["under watch (sync=watch) the work got no further"])
        self.assertEqual(told.left_out, ["direct"])

    def test_report(self):
        told = mapper.known("puck-report: round watch sync=watch\npuck-report: counter mappings 3\n"
                            "puck-report: ended 0 10.5 12.0\npuck-report: round bounce sync=bounce,merge=none\n"
                            "puck-report: counter mappings 4\npuck-report: ended 1 12.0 13.0\n")
        self.assertEqual(told.counters, {"mappings": 7})
        self.assertEqual([(r.status, r.seconds) for r in told.rounds], [(0, 1.5), (1, 1.0)])
        reason, = mapper.failed_rounds(told, [])
        self.assertIn("try --dma sync=watch,merge=none", reason)
        self.assertNotIn("try", mapper.failed_rounds(told, ["a finding"])[0])


class Own(unittest.TestCase):
    def args(self, **more):
        known = {"driver": None, "device": "edu", "module": ["nvme"], "workload": "true", "iommu": "puck", "dma": None}
        return SimpleNamespace(**{**known, **more})

    def own(self, device="edu", workload="true"):
        return mapper.own(device, ["nvme"], workload)

    def test_goes_to_a_port_behind_the_iommu(self):
        self.assertEqual(self.own().qemu_args(), ["-device", "edu,bus=rp2"])

    def test_bus_is_kept(self):
        placed = self.own("edu,bus=rp3,x={1}")
        self.assertEqual((placed.port, placed.qemu_args()[1]), ("rp3", "edu,bus=rp3,x={1}"))

    def test_disk_by_name(self):
        placed = self.own("nvme,serial=1", "block")
        self.assertIn("drive=own", placed.qemu_args()[-1])
        self.assertEqual((placed.files(), placed.driver.work), (["own:64M"], "dma_block $PUCK_DEVICE"))

    def test_net_by_name(self):
        args = self.own("e1000e", "net").qemu_args()
        self.assertEqual(sum(a.startswith("e1000e,") for a in args), 2)
        self.assertIn("netdev=own,", args[3] + ",")

    def test_what_is_missing(self):
        for wrong in ({"workload": None}, {"driver": "nvme"}, {"iommu": "none"}, {"device": None},
                      {"device": None, "module": None, "workload": None, "dma": "merge=none"}):
            self.assertRaises(PuckError, mapper.check, self.args(**wrong))
        self.assertRaises(PuckError, mapper.subject, None, "edu", ["/nowhere/my.ko"], "true")

    def test_no_option_is_ignored(self):
        nothing = {"device": None, "module": None, "workload": None}
        self.assertFalse(mapper.wanted(self.args(**nothing)))
        for one in ({"module": ["x.ko"]}, {"dma": ""}, {"workload": "true"}):
            self.assertTrue(mapper.wanted(self.args(**{**nothing, **one})))


class Modules(unittest.TestCase):
    def order(self, given, others, needs):
        with unittest.mock.patch.object(mapper.steps, "output", side_effect=lambda cmd: needs[cmd[-1]]):
            return mapper.loading_order(given, others)

    def test_mine_and_not_the_kernels(self):
        self.assertEqual(self.order(["my/nvme.ko"], ("nvme",), {"my/nvme.ko": "nvme-core\n"}), ("nvme-core", "/puck/nvme.ko"))

    def test_what_others_need(self):
        needs = {"libata.ko": "scsi_mod\n", "a-b.ko": "libata,scsi_mod\n"}
        self.assertEqual(self.order(["libata.ko", "a-b.ko"], ("a_b", "sd_mod"), needs),
                         ("scsi_mod", "/puck/libata.ko", "/puck/a-b.ko", "sd_mod"))


class Lines(unittest.TestCase):
    SOURCE = "int other(int);\nint first(int a)\n{\n\treturn other(a) + 1;\n}\nint second(int a)\n{\n\treturn other(a) * 3;\n}\n"

    def test_line_of_a_call(self):
        with tempfile.TemporaryDirectory() as folder:
            source, module = Path(folder, "m.c"), Path(folder, "m.ko")
            source.write_text(self.SOURCE)
            subprocess.run(["gcc", "-g", "-O2", "-c", source, "-o", module], check=True)
            (section, _, size), = lines.symbols(module)["second"]
            code = subprocess.run(["objdump", "-dr", module], capture_output=True, text=True, check=True).stdout
            known = lines.Lines([module])
            sites = [findings.Site("second", offset, size, "m") for offset in range(1, size)]
            self.assertIn("call", code)
            self.assertIn("m.c:8", {(known.of(site) or "").rpartition("/")[2] for site in sites})
            self.assertIsNone(known.of(findings.Site("second", 1, size + 100, "m")))
            self.assertIsNone(known.of(findings.Site("second", 1, size, "unknown")))

    ENDS = ("void dma_unmap_page_attrs(long);\nvoid dma_sync(long);\nint work(int);\n"
            "static __attribute__((noinline)) void undo(long a, int b)\n{\n\twork(b);\n\tif (b)\n\t\tdma_sync(a);\n"
            "\telse\n\t\tdma_unmap_page_attrs(a);\n}\n"
            "static __attribute__((noinline)) void cover(long a, int b)\n{\n\twork(1);\n\tundo(a, b);\n}\n"
            "int done(long a)\n{\n\tcover(a, work(2));\n\treturn work(3);\n}\n")

    def test_a_function_that_ends_with_the_call(self):
        with tempfile.TemporaryDirectory() as folder:
            source, module = Path(folder, "m.c"), Path(folder, "m.ko")
            source.write_text(self.ENDS)
            subprocess.run(["gcc", "-g", "-O2", "-fno-pie", "-fno-inline", "-c", source, "-o", module], check=True)
            (_, start, size), = lines.symbols(module)["done"]
            code = subprocess.run(["objdump", "-d", module], capture_output=True, text=True, check=True).stdout
            behind = int(re.search(r"call.*<cover>\n +([0-9a-f]+):", code)[1], 16)
            site = findings.Site("done", behind - start, size, "m")
            known = lines.Lines([module])
            function, line = known.place(site, "call", "unmap-size")
            self.assertEqual((function, line.rpartition("/")[2]), ("undo", "m.c:10"))
            self.assertEqual(known.place(site, "call", "sync-range")[1].rpartition("/")[2], "m.c:8")
            # That the call on the stack is not a mapping is as before.
            self.assertEqual(known.place(site, "mapped", "leak")[0], "done")

    def test_what_is_missing_is_said(self):
        self.assertIn("linux-image-6.12-x-dbg", lines.Lines([], "6.12-x").why_not(findings.Site("f", 1, 2, "nvme")))


class Soak(unittest.TestCase):
    def test_options_of_ones_own(self):
        args = SimpleNamespace(drivers=None, device="edu", module=["nvme"], workload="true", iommus="puck,intel", policies=2)
        self.assertEqual([(c.driver, c.iommu) for c in soak.choose(args)], [("own", "puck"), ("own", "intel")])
        args.device = None
        self.assertRaises(PuckError, soak.choose, args)


if __name__ == "__main__":
    unittest.main()
