#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.html and the trace behind it, from two recorded runs cut short: a driver that walks its
lists wrongly, and jobs whose fences are late; and from what no run should leave."""

import base64
import contextlib
import gzip
import html.parser
import io
import json
import re
import shutil
import sys
import tempfile
import unittest
import zlib
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import report, repro  # noqa: E402
from pucklib.report.html import accesses, compare, mappings, page, source, timeline, told  # noqa: E402
from pucklib.report.names import Devices  # noqa: E402
from pucklib.report.trace import clock, guest, host, merge, perfetto  # noqa: E402
from pucklib.report.trace.event import DEVICE, GUEST, event  # noqa: E402
from pucklib.runs import results  # noqa: E402

RUNS = Path(__file__).with_name("runs")
HOPS = ("submit", "resv", "job_arm", "doorbell", "device", "enter", "complete", "fence_signal")
MISCHIEF = ('{"t": 121189000000, "device": "gpu0", "site": "fence.complete", "rule": 3, "action": "delay", '
            '"value": 50000000, "ring": 0, "seqno": 39}\n')


class Folder(unittest.TestCase):
    """A copy of a recorded run, as `puck run` leaves it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def copy(self, name):
        place = self.folder / name
        shutil.copytree(RUNS / name, place)
        text = (place / "guest-events.txt").read_bytes()
        (place / "guest-events.gz").write_bytes(gzip.compress(text))
        return place

    def made(self, name):
        return page.write(self.copy(name)).read_text()


class Balance(html.parser.HTMLParser):
    """Whether each element ends where it has to, and which there are."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.wrong, self.attributes = [], [], [], []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.attributes += attributes
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class WrongList(Folder):
    """orig_nents for nents: the device is given an entry that is no segment."""

    def test_verdict(self):
        text = self.made("edu")
        self.assertIn("<h1>The device was given an entry of a list behind the last DMA segment: orig_nents where nents belongs: "
                      "edu_list_move(), edu_dma.c:190</h1>", text)
        self.assertIn("scripts/puck repro ", text)
        self.assertIn("--dma merge=all,layout=ascending,gap=0,guard=1,window=low", text)
        # Its stack, with lines.
        self.assertRegex(text, r"selftest_show\(\)</code></td><td><code>edu_dma\.c:\d+")

    def test_red_access(self):
        run = source.Run(self.copy("edu"))
        first = mappings.choose(run)[0]
        self.assertEqual((first.device, first.access.iova, first.access.size), ("edu", 0x5eadffff7000, 1))
        mapping, = first.mappings
        self.assertEqual((mapping.entries, mapping.count, len(mapping.pages), mapping.direction), (3, 2, 3, "to-device"))
        self.assertEqual(sum(length for _, length in mapping.segments), 0x9f4)
        text = mappings.draw(first)
        self.assertIn('data-iova="0x5eadffff7000"', text)
        self.assertEqual(text.count('class="entry"'), 3)
        self.assertEqual(text.count('class="segment'), 2)
        for page_of, _ in zip(mapping.pages, range(3)):
            self.assertIn(f"memory {page_of:#x}", text)

    def test_places_of_entries(self):
        """Each entry is where the device sees it: the third begins the second segment, or runs into it."""
        mapping = mappings.choose(source.Run(self.copy("edu")))[0].mappings[0]
        where = list(mappings.places(mapping, mappings.lengths(mapping)))
        self.assertEqual(where[0], mapping.segments[0][0])
        self.assertTrue(all(mapping.holds(iova) for iova in where), where)

    def test_what_the_guest_ran(self):
        place = self.copy("edu")
        (place / "command.sh").write_text("cat <x>\n")
        self.assertIn("<pre class=\"log\">cat &lt;x&gt;</pre>", page.write(place).read_text())

    def test_one_clock_by_faults(self):
        line = merge.read(self.copy("edu"))
        refused = [one.time for one in line.events if one.kind == "fault" and one.side == DEVICE]
        heard = [one.time for one in line.events if one.kind == "fault" and one.side == GUEST]
        self.assertGreaterEqual(len(refused), 3)
        self.assertEqual(len(refused), len(heard))
        for first, then in zip(refused, heard):
            self.assertLessEqual(first, then)

    def test_page(self):
        text = self.made("edu")
        balance = Balance(text)
        self.assertEqual(balance.wrong, [])
        self.assertEqual({"svg", "canvas", "section", "header", "nav", "main"} - set(balance.seen), set())
        self.assertLess(len(text), 2 << 20)
        self.assertNotIn("This part could not be made", text)
        for word in ("http:", "https:", "@import", "url(h"):
            self.assertNotIn(word, text)

    def test_without_result(self):
        """A machine of a soak has no result.json: its log says what was found."""
        place = self.copy("edu")
        (place / "result.json").unlink()
        text = page.write(place).read_text()
        self.assertIn('class="verdict fail"', text)
        self.assertIn("access-tail", text)
        self.assertIn('data-iova="0x5eadffff7000"', text)


class WhatIsRed(Folder):
    """The bytes that a finding is about, for each form of its text (docs/dma.rst)."""

    PAGE = "0x10000+0x1000 (page, to-device, mapped 1 ms ago by a+0x1/0x2 [m]): "
    LIST = "0x10000+0x4000 (sg, 4 entries, from-device, mapped 1 ms ago by a+0x1/0x2 [m], unmapped 2 ms ago by b+0x1/0x2 [m]): "
    CASES = (
        ("unmap-size", PAGE + "unmapped with 512 bytes, 4096 expected, by b+0x1/0x2 [m]", (0x10200, 0xe00, None)),
        ("unmap-size", PAGE + "unmapped with 8192 bytes, 4096 expected, by b+0x1/0x2 [m]", (0x11000, 0x1000, None)),
        ("unmap-count", LIST + "unmapped with 1 entries, 4 expected, by b+0x1/0x2 [m]", (0x10000, 0x4000, (1, 4))),
        ("sync-range", PAGE + "synced 0x10800+0x900, which is not all inside, by b+0x1/0x2 [m]", (0x11000, 0x100, None)),
        ("sync-range", PAGE + "synced 0xff00+0x200, which is not all inside, by b+0x1/0x2 [m]", (0xff00, 0x100, None)),
        ("sync-missing", PAGE + "the device changed 100 bytes from +0x40 on, which the CPU did not fetch, seen at unmap, "
                                "by b+0x1/0x2 [m]", (0x10040, 100, None)),
        ("access-beyond", PAGE + "the device or the CPU wrote 16 bytes behind it, from +0x4 on", (0x11004, 16, None)),
        ("access-guard", LIST + "the device wrote to 0x14010", (0x14010, 1, None)),
        ("access-unknown", "0x7000: the device read from it, but there never was a mapping", (0x7000, 1, None)),
        ("leak", PAGE + "left when the driver unbound", (0x10000, 0x1000, None)),
    )

    def test_bytes(self):
        for kind, text, wanted in self.CASES:
            one = accesses.of_finding({"class": kind, "text": text, "device": "0000:02:00.0"}, Devices())
            self.assertEqual((one.iova, one.size, one.entries), wanted, text)

    def test_pictures(self):
        """Each is on the page, in red, with nothing but the finding to go by."""
        (self.folder / "run.json").write_text("{}")
        for kind, text, (iova, *_) in self.CASES:
            facts = {"verdict": "fail", "findings": [{"class": kind, "text": text, "device": "0000:02:00.0", "count": 1}]}
            (self.folder / "result.json").write_text(json.dumps(facts))
            made = page.write(self.folder).read_text()
            self.assertNotIn("This part could not be made", made)
            self.assertIn(f'data-iova="{iova:#x}"', made)

    def test_what_is_no_text_of_a_finding(self):
        self.assertIsNone(accesses.of_finding({"class": "x", "text": "something else", "device": "d"}, Devices()))


class LateFence(Folder):
    def line(self, more=""):
        place = self.copy("late")
        (place / "mischief.jsonl").write_text(more)
        return merge.read(place)

    def test_hops_in_order(self):
        line = self.line()
        self.assertEqual(line.clock.wrong, 0)
        whole = {job: hops for job, hops in line.jobs.items() if set(HOPS) <= set(hops)}
        self.assertIn(("gpu0", 0, 39), whole)
        for job, hops in whole.items():
            times = [hops[hop] for hop in HOPS]
            self.assertEqual(times, sorted(times), job)

    def test_completion_stage(self):
        stage, = [one for one in self.line().events if one.kind == "fence" and one.length and one.job == ("gpu0", 0, 39)]
        self.assertAlmostEqual(stage.length / 1e6, 50, delta=1)

    def test_arrow_from_fence_to_wait(self):
        line = self.line()
        self.assertTrue(line.arrows)
        for signal, wait in line.arrows:
            self.assertEqual((signal.at["name"], wait.kind), ("dma_fence_signaled", "wait"))
            self.assertGreaterEqual(signal.time, wait.time)
            self.assertLessEqual(signal.time, wait.time + wait.length)

    def test_injected_delay(self):
        rule, = [one for one in self.line(MISCHIEF).events if one.kind == "mischief"]
        self.assertEqual((rule.length, rule.lane, rule.job), (50_000_000, ("gpu0", "ring 0"), ("gpu0", 0, 39)))
        self.assertIn("rule 3: delay 50 ms at fence.complete", rule.text)

    def test_merged_list(self):
        figure = mappings.choose(source.Run(self.copy("late")))[0]
        mapping = figure.mappings[0]
        self.assertEqual((mapping.entries, mapping.count, len(mapping.pages)), (256, 1, 128))
        text = mappings.draw(figure)
        self.assertIn("orig_nents = 256 entries", text)
        self.assertIn("nents = 1 DMA segment<", text)
        self.assertIn("128 more, not in the trace", text)

    def test_passed(self):
        text = self.made("late")
        self.assertIn('class="verdict pass"', text)
        self.assertIn("IOTLB hits, %", text)
        self.assertEqual(Balance(text).wrong, [])

    def test_payload(self):
        """What the script unpacks is what was read, in order."""
        text = self.made("late")
        packed = re.search(r'id="events">([^<]*)<', text)[1]
        value = json.loads(zlib.decompress(base64.b64decode(packed)))
        line = merge.read(self.folder / "late")
        self.assertEqual(len(value["events"]["t"]), len(line.events))
        self.assertTrue(all(step >= 0 for step in value["events"]["t"]))
        lanes = [tuple(lane) for lane in value["lanes"]]
        self.assertIn(("gpu0", "ring 0", "guest"), lanes)
        self.assertIn(("gpu0", "ring 0", "device"), lanes)

    def test_compare(self):
        text = compare.page([self.copy("late"), self.copy("edu")])
        self.assertEqual(Balance(text).wrong, [])
        self.assertIn("access-tail", text)
        self.assertIn('class="verdict pass"', text)
        self.assertIn('class="verdict fail"', text)


class OneClock(unittest.TestCase):
    def job(self, n, offset, rate):
        """Events of a job on both sides; the device's clock is `offset` before, and runs faster by `rate`."""
        begin, at = n * 10**8, {"ring": 0, "seqno": n}
        there = lambda time: int(time + offset + rate * time)  # noqa: E731
        late = 3000 + 977 * n % 40000
        mine = [event(begin, GUEST, "doorbell", ("gpu0", "ring 0"), "", {"name": "puck_doorbell", **at}, job=("gpu0", 0, n)),
                event(begin + late + 50000, GUEST, "signal", ("gpu0", "ring 0"), "", {"name": "puck_fence_signal", **at},
                      job=("gpu0", 0, n))]
        theirs = [event(there(begin + late), DEVICE, "command", ("gpu0", "ring 0"), "cmd", at, job=("gpu0", 0, n)),
                  event(there(begin + late + 20000), DEVICE, "fence", ("gpu0", "ring 0"), "fence complete", at, job=("gpu0", 0, n))]
        return mine, theirs

    def fitted(self, offset, rate, count=200):
        jobs = [self.job(n, offset, rate) for n in range(1, count)]
        return clock.fit([one for mine, _ in jobs for one in mine], [one for _, theirs in jobs for one in theirs])

    def test_offset_and_rate(self):
        for offset, rate in ((5 * 10**9, 0), (-2 * 10**9, 1e-4), (10**6, -3e-4)):
            fit = self.fitted(offset, rate)
            self.assertEqual(fit.wrong, 0)
            for time in (10**8, 10**10, 2 * 10**10):
                self.assertAlmostEqual(fit.of_guest(time), time + offset + rate * time, delta=10_000)

    def test_one_moment(self):
        """A few jobs close together say nothing of speed."""
        fit = self.fitted(7 * 10**9, 0, 2)
        self.assertEqual(fit.rate, 0)
        self.assertIsNone(clock.fit([], []))


class Hostile(Folder):
    """What a guest writes is anybody's text."""

    TEXT = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>\u202eevil"

    def test_everything_is_escaped(self):
        place = self.copy("edu")
        for name in ("console.log", "output.log", "events.log"):
            text = (place / name).read_text()
            (place / name).write_text(text.replace("from an entry", self.TEXT) + f"puck: {self.TEXT}\n"
                                      f"185000000000 puck_gpu_error gpu0: ring 0 seqno 1 {self.TEXT}\n")
        facts = json.loads((place / "result.json").read_text())
        for key in ("driver", "device", "kernel", "mischief", "command", "puck"):
            facts[key] = self.TEXT
        facts["problems"] = [self.TEXT]
        facts["findings"][0]["text"] = facts["findings"][0]["text"].replace("from an entry", self.TEXT)
        facts["findings"][0]["class"] = facts["findings"][1]["device"] = self.TEXT
        facts["policies"][0]["name"] = facts["policies"][0]["policy"] = self.TEXT
        (place / "result.json").write_text(json.dumps(facts))
        for text in (page.write(place).read_text(), compare.page([place, place])):
            balance = Balance(text)
            self.assertEqual(balance.wrong, [])
            self.assertNotIn("img", balance.seen)
            self.assertNotIn("onerror", dict(balance.attributes))
            self.assertLessEqual(balance.seen.count("script"), 2)
            self.assertNotIn("\u202e", text)
            self.assertIn("&lt;img", text)

    def test_logs_of_anything(self):
        """Bytes, halves of lines, wrong JSON: a page comes of it."""
        for n, raw in enumerate((b"", bytes(range(256)) * 20, b"[1,2", b"null", b"{}", b'{"cmd": 3, "findings": 7}')):
            place = self.folder / str(n)
            place.mkdir()
            for name in ("run.json", "console.log", "output.log", "events.log", "guest-events.gz", "mischief.jsonl"):
                (place / name).write_bytes(raw)
            self.assertEqual(Balance(page.write(place).read_text()).wrong, [])

    def test_cut_off(self):
        """A guest that died has not ended its file."""
        place = self.copy("late")
        raw = (place / "guest-events.gz").read_bytes()
        (place / "guest-events.gz").write_bytes(raw[:len(raw) // 2])
        self.assertGreater(len(guest.read(place / "guest-events.gz").events), 3)

    def test_a_bug_of_the_page_fails_nothing(self):
        with mock.patch.object(page, "write", side_effect=KeyError("x")), mock.patch.object(results, "say") as said:
            self.assertIsNone(results.report(self.folder))
        said.assert_called_once()


class Many(Folder):
    COUNT = 100_000

    def big(self, kind="puck_gpu_dma gpu0: ring 0 seqno {n} list 1 desc 0 addr 0xffe00000 len 4096"):
        (self.folder / "events.log").write_text("".join(f"{n * 1000} {kind.format(n=n // 10)}\n" for n in range(self.COUNT)))
        (self.folder / "run.json").write_text("{}")
        return self.folder

    def test_100000_events(self):
        place = page.write(self.big())
        text = place.read_text()
        packed = re.search(r'id="events">([^<]*)<', text)[1]
        value = json.loads(zlib.decompress(base64.b64decode(packed)))
        self.assertEqual(len(value["events"]["t"]), self.COUNT)
        self.assertLess(len(text), 2 << 20)

    def test_a_log_that_is_too_long(self):
        """The end of it counts, and that the rest is left out is said."""
        with mock.patch.object(host, "MOST_BYTES", 100_000):
            line = merge.read(self.big())
        self.assertEqual(line.events[-1].time, (self.COUNT - 1) * 1000)
        self.assertLess(len(line.events), 2000)
        self.assertIn("MiB of the devices' log are left out", line.notes[0])

    def test_more_than_there_is_room_for(self):
        """What is common goes first, what is notable stays."""
        line = merge.merge(guest.Trace(), host.read(self.big() / "events.log"), Devices())
        line.events[:0] = [event(0, DEVICE, "fault", ("IOMMU", ""), "fault")]
        line.events += [event(10**9, DEVICE, "register", ("gpu0", "registers"), "reg_read")] * 30_000
        payload = timeline.Payload(line)
        self.assertEqual(payload.left_out, 30_000)
        self.assertEqual(payload.events[0].kind, "fault")
        with mock.patch.object(timeline, "MOST_EVENTS", 1000):
            events, left = timeline.cut(line.events)
        self.assertEqual((len(events), events[0].kind, left), (1000, "fault", self.COUNT + 1 + 30_000 - 1000))


def fields(raw):
    """[(number, value)] of a protobuf message: integers, and bytes of what is longer."""
    at, found = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = raw[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(raw):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
        else:
            size = {1: 8, 5: 4}.get(key & 7) or varint()
            found.append((key >> 3, raw[at:at + size]))
            at += size
    return found


class Perfetto(Folder):
    def test_decoded(self):
        place = self.copy("late")
        (place / "mischief.jsonl").write_text(MISCHIEF)
        line = merge.read(place)
        packets = [dict(fields(raw)) for number, raw in fields(perfetto.encode(line)) if number == 1]
        tracks = [dict(fields(one[60])) for one in packets if 60 in one]
        names = {one[1]: one[2].decode() for one in tracks}
        self.assertEqual(len(names), len(tracks))
        self.assertIn("gpu0", names.values())
        self.assertTrue(all(one[5] in names for one in tracks if 5 in one))
        events = [(one[8], dict(fields(one[11]))) for one in packets if 11 in one]
        kinds = [one[9] for _, one in events]
        self.assertEqual(kinds.count(perfetto.BEGIN), kinds.count(perfetto.END))
        self.assertEqual(kinds.count(perfetto.BEGIN), sum(bool(one.length) for one in line.events))
        self.assertTrue(all(one[11] in names for _, one in events))
        self.assertTrue(all(one[10] == 1 for one in packets))
        # Of one track nothing begins before what is on it has ended.
        self.check_nesting(events)

    def check_nesting(self, events):
        until = {}
        for time, one in sorted(events, key=lambda pair: (pair[0], pair[1][9] != perfetto.END)):
            if one[9] == perfetto.BEGIN:
                self.assertFalse(until.get(one[11]), one)
                until[one[11]] = True
            elif one[9] == perfetto.END:
                until[one[11]] = False

    def test_numbers(self):
        for value in (0, 1, 127, 128, 300, 2**32, 2**63):
            self.assertEqual(fields(perfetto.number(8, value)), [(8, value)])
        self.assertEqual(fields(perfetto.data(2, "\u00e4" * 200)), [(2, ("\u00e4" * 200).encode())])


class Names(unittest.TestCase):
    COMMAND = ["qemu", "-device", "pcie-root-port,id=rp1,bus=pcie.0,addr=0x4",
               "-device", "pcie-root-port,id=rp2,bus=pcie.0,addr=0x5",
               "-device", "puck-gpu,id=gpu0,bus=rp1", "-device", "edu,bus=rp2", "-device", "puck-gpu,id=gpu1,bus=pcie.0,addr=0x9"]

    def test_order_of_slots(self):
        self.assertEqual(Devices(self.COMMAND).names, {"0000:01:00.0": "gpu0", "0000:02:00.0": "edu", "0000:00:09.0": "gpu1"})

    def test_what_the_kernel_says(self):
        log = "[    1.0] pci 0000:00:04.0: PCI bridge to [bus 04]\n[    1.0] pci 0000:00:05.0: PCI bridge to [bus 03]\n"
        self.assertEqual(Devices(self.COMMAND, log).names, {"0000:04:00.0": "gpu0", "0000:03:00.0": "edu", "0000:00:09.0": "gpu1"})

    def test_requester(self):
        self.assertEqual(Devices.of_requester(0x0348), "0000:03:09.0")


class ReportCommand(Folder):
    def run_it(self, *folders, **options):
        args = SimpleNamespace(folders=[str(one) for one in folders],
                               **{"output": None, "picture": None, "part": None, "dark": False, **options})
        with contextlib.redirect_stdout(io.StringIO()) as said, mock.patch.object(report, "say"):
            self.assertEqual(report.cmd_report(args), 0)
        return Path(said.getvalue().removeprefix("report: ").strip())

    def test_one_and_two(self):
        first, second = self.copy("late"), self.copy("edu")
        self.assertEqual(self.run_it(first), first / "report.html")
        self.assertTrue((first / "trace.perfetto-trace").exists())
        self.assertIn("What differs", self.run_it(first, second).read_text())
        self.assertEqual(self.run_it(second, output=self.folder / "x.html"), self.folder / "x.html")

    def test_refused(self):
        for folders, options, why in (([self.folder], {}, "no folder of a run"), ([self.copy("late")] * 3, {}, "one run, or two"),
                                      ([self.folder / "late"], {"dark": True}, "--picture")):
            with self.assertRaisesRegex(PuckError, why):
                self.run_it(*folders, **options)


class Repro(Folder):
    def test_times_of_events(self):
        """In a run that was not recorded events come when they like; their order counts."""
        for name, times in (("old", (100, 250)), ("new", (170, 400))):
            (self.folder / name).mkdir()
            (self.folder / name / "events.log").write_text("".join(f"{t} puck_gpu_irq gpu0: vector {n}\n" for n, t in enumerate(times)))
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertTrue(repro.same(self.folder / "old", self.folder / "new", "events.log", False))
            self.assertFalse(repro.same(self.folder / "old", self.folder / "new", "events.log", True))


class Command(unittest.TestCase):
    def test_places_are_left_out(self):
        argv = ["run", "--driver", "nvme", "--json", "x", "--junit=y", "--seed", "3", "--run-dir", "/z", "--workload", "a b"]
        self.assertEqual(results.command(argv), "scripts/puck run --driver nvme --seed 3 --workload 'a b'")

    def test_torn_frames(self):
        """Those of a run that is to show them are no failure, and not what a pass looks like."""
        said = "puck:   15 frames copied whole, 4 torn, 21 of another frame; 60 dropped, 0 failed\n"
        run = mock.Mock(output=said, facts={"verdict": "pass"})
        self.assertEqual(told.sentence(run), "Of 40 copies of the camera's frames 4 are torn, and 21 of another frame")
        self.assertIn('class="verdict error"', told.header(run))
        run.output = said.replace("4 torn, 21", "0 torn, 0")
        self.assertEqual(told.sentence(run), "Nothing wrong was found")

    def test_sentence_of_a_hang(self):
        run = mock.Mock(output="", facts={"verdict": "fail", "problems": ["the guest was ended: too long\nmore"], "findings": []})
        self.assertEqual(told.sentence(run), "the guest was ended: too long")


if __name__ == "__main__":
    unittest.main()
