# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run writes for programs, against the contract in docs/reports.rst."""

import contextlib
import io
import json
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib.base.util import write_json  # noqa: E402
from pucklib.commands import run  # noqa: E402
from pucklib.runs import explain, results  # noqa: E402
from pucklib.vm import guest  # noqa: E402

CONSOLE = """\
[    0.000000] Linux version 6.12.117+deb12-amd64 (x) #1
[    5.000000] puck-dma 0000:02:00.0: finding: leak: 0x1000+0x40 (page, to-device, mapped 9 ms ago by x+0x1/0x2)
[    5.000001] puck-dma 0000:02:00.0: note: its driver declared no limits
"""
OUTPUT = """\
puck-report: device 0000:02:00.0 1234:11e8
puck-report: driver my_edu
puck-report: round given random,seed=1
puck-report: policy merge=all,seed=1
puck-report: counter mappings 5
puck-report: counter live 1
1..1
not ok 1 - bytes are the same
"""


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, reasons, console=CONSOLE, output=OUTPUT, ending="ended"):
        for name, text in (("console.log", console), ("output.log", output)):
            (self.folder / name).write_text(text)
        write_json(self.folder / "run.json", {"status": 0, "ending": ending})
        args = SimpleNamespace(json=str(self.folder / "j"), junit=str(self.folder / "x"), iommu="puck", seed=1,
                               mischief="", driver=None, module=None)
        results.write(args, self.folder, reasons)
        return json.loads((self.folder / "j").read_text()), xml.parse(self.folder / "x").getroot()

    def test_members_are_those_of_the_contract(self):
        written, _ = self.write([])
        contract = (ROOT / "docs/reports.rst").read_text().partition("JUnit XML")[0]
        self.assertEqual(set(written), set(re.findall(r"^``(\w+)``", contract, re.M)))
        self.assertIn(written["schema"], contract)

    def test_facts(self):
        written, _ = self.write(["the mapper found 1 wrong"])
        self.assertEqual(written["findings"],
                         [{"device": "0000:02:00.0", "class": "leak", "count": 1, "after": None, "policies": [],
                           "known": False, "why": None, "text": CONSOLE.splitlines()[1].partition("leak: ")[2],
                           "places": {"mapped": {"function": "x", "module": None, "line": None}},
                           "stacks": {"mapped": [{"function": "x", "module": None, "line": None}]}}])
        self.assertEqual((written["kernel"], written["driver"], written["policies"], written["counters"]),
                         ("6.12.117+deb12-amd64", "my_edu",
                          [{"name": "given", "policy": "merge=all,seed=1", "status": None}],
                          {"mappings": 5, "live": 1}))

    def test_several_policies(self):
        text = ("puck-report: round watch sync=watch,seed=1\npuck-report: ended 0 1.0 2.0\n"
                "puck-report: round bounce sync=bounce,seed=1\npuck-report: ended 1 2.0 3.0\n"
                "puck-report: round all merge=all,seed=1\n")
        written, _ = self.write([], output=text)
        self.assertEqual([(one["name"], one["status"]) for one in written["policies"]],
                         [("watch", 0), ("bounce", 1), ("all", None)])

    def test_the_same_finding_again(self):
        begun, found = "[    4.000000] puck-sweep: watch: sync=watch,seed=1\n", CONSOLE.splitlines()[1] + "\n"
        record = "[    5.0] puck-dma 0000:02:00.0: record: n=1 class=leak\n"
        count = "[    6.0] puck-dma 0000:02:00.0: count: n=1 class=leak 37 times\n"
        finding, = self.write(["x"], console=begun + found + record + count)[0]["findings"]
        self.assertEqual((finding["count"], finding["after"], finding["policies"]), (37, 1.0, ["watch"]))

    def test_words_that_make_mappings_fail(self):
        text = ("puck-report: round fail-1 sync=watch,fail=nth:2,seed=1\n"
                "puck-report: policy merge=all,fail=never,sync=watch,seed=1\n")
        self.assertEqual(self.write([], output=text)[0]["policies"][0]["policy"],
                         "merge=all,sync=watch,seed=1,fail=nth:2")

    def test_verdicts(self):
        for reasons, ending, wanted in (([], "ended", "pass"), (["x"], "ended", "fail"), (["x"], "hang", "fail"),
                                        (["x"], "trouble", "error")):
            self.assertEqual(self.write(reasons, ending=ending)[0]["verdict"], wanted)

    def test_junit(self):
        _, root = self.write(["the mapper found 1 wrong"])
        self.assertEqual({suite.get("name"): suite.get("failures") for suite in root},
                         {"puck.run": "1", "puck.run.findings": "1", "puck.run.guest": "1"})
        _, root = self.write(["no init"], console="", output="", ending="trouble")
        self.assertEqual([(suite.get("name"), suite.get("errors")) for suite in root], [("puck.run", "1")])


class Excused(unittest.TestCase):
    """A run that was made once more is told by what came of it then."""

    def boot(self, place, *_args, **_more):
        place.mkdir(exist_ok=True)
        name, qemu_status = ("second", 0) if (place.parent / "output.log").exists() else ("first", -6)
        (place / "output.log").write_text(f"puck-report: driver {name}\n")
        (place / "console.log").write_text(f"finding of the {name}\n")
        (place / "events.log").write_text("")
        return SimpleNamespace(rundir=place, status=0, qemu_status=qemu_status, qemu_messages="Assertion", timed_out=None,
                               console="Run /init as init process", output="", elapsed=1.0, problem=lambda: None)

    def test_second(self):
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            rundir = Path(name) / "run"
            rundir.mkdir()
            args = SimpleNamespace(json=str(Path(name) / "json"), junit=None, events=None, compare=False, explain=False,
                                   timeout=1, run_dir=None, iommu="puck", seed=1, mischief=None,
                                   driver=None, module=None)
            bench = guest.Bench.__new__(guest.Bench)
            bench.boot, bench.kernel = self.boot, SimpleNamespace(release="6")
            with mock.patch.multiple(run, prepare=lambda *_: bench, new_rundir=lambda *_: rundir,
                                     first_light=lambda _: run.Job(None, "true")), \
                 mock.patch.object(run.mapper, "wanted", lambda _: False):
                self.assertEqual(run.cmd_run(args), 0)
            self.assertEqual(json.loads(Path(args.json).read_text())["driver"], "second")


class Explain(unittest.TestCase):
    POLICY = "merge=none,layout=shuffled,gap=3,guard=1,window=any,reuse=eager,fail=never,sync=bounce,seed=7"

    def needed(self, *culprits):
        words, seed = explain.words_of(self.POLICY)
        tried = []

        def fails(some):
            tried.append(explain.text_of(some, seed))
            return all(word in tried[-1].split(",") for word in culprits)
        return explain.sentence(explain.needed(words, fails)), tried

    def test_words_that_say_nothing_are_left_out(self):
        self.assertEqual(explain.words_of(self.POLICY),
                         ({"merge": "none", "layout": "shuffled", "gap": "3", "sync": "bounce"}, "7"))

    def test_one_word(self):
        said, tried = self.needed("sync=bounce")
        self.assertEqual(said, "it fails only with sync=bounce")
        self.assertLessEqual(len(tried), 5)
        self.assertEqual(tried[0], "seed=7")

    def test_two_words(self):
        self.assertEqual(self.needed("merge=none", "gap=3")[0], "it fails only with merge=none and gap=3 together")

    def test_no_word(self):
        said, tried = self.needed()
        self.assertIn("no word of the policy is to blame", said)
        self.assertEqual(len(tried), 1)

    def first(self, console=""):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "output.log").write_text(
                "puck-report: round watch sync=watch,seed=1\npuck-report: ended 0 1 2\n"
                "puck-report: round zero window=zero,seed=1\npuck-report: ended 0 1 2\n"
                "puck-report: round bounce sync=bounce,seed=1\npuck-report: ended 1 2 3\n")
            (folder / "console.log").write_text(console)
            groups = explain.groups_of(SimpleNamespace(driver="e1000e"), folder)
            first, groups = explain.first_failure(folder, groups)
            return first.name, explain.marks(groups)

    def test_which_policy(self):
        leak = "puck-dma 0000:02:00.0: finding: leak: {} (page, to-device, mapped 9 ms ago by {}+0x1/0x2 [e1000e])\n"
        begun = "puck-sweep: zero: window=zero\n"
        self.assertEqual(self.first(), ("bounce", {"work"}))
        self.assertEqual(self.first(begun + leak.format("0x10+0x10", "e1000_xmit_frame")), ("zero", {"leak"}))
        self.assertEqual(self.first(begun + leak.format("0x0+0x10", "e1000_xmit_frame")), ("bounce", {"work"}))

    def test_runs(self):
        """A stand-in for the runs: a leak with sync=bounce, something else with merge=none."""
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()) as out, \
             contextlib.redirect_stderr(io.StringIO()):
            folder = Path(name)

            def run(args, place):
                kind = "leak" if "sync=bounce" in args.dma else "unmap-size" if "merge=none" in args.dma else None
                line = f"puck-dma 0000:02:00.0: finding: {kind}: x\n" if kind else ""
                (place / "console.log").write_text(line)
                return [kind] if kind else [], place

            (folder / "console.log").write_text("puck-sweep: given: x\npuck-dma 0000:02:00.0: finding: leak: x\n")
            (folder / "output.log").write_text(f"puck-report: round given random,seed=7\npuck-report: policy {self.POLICY}\n"
                                               "puck-report: ended 0 1 2\n")
            explain.explain(SimpleNamespace(dma=None, driver=None), folder, run)
        self.assertIn("it fails only with sync=bounce (4 boots)", out.getvalue())
        self.assertIn("again: --dma sync=bounce,seed=7", out.getvalue())


if __name__ == "__main__":
    unittest.main()
