# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run writes for programs, against the contract in docs/reports.rst."""

import json
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib import results  # noqa: E402
from pucklib.util import write_json  # noqa: E402

CONSOLE = """\
[    0.000000] Linux version 6.12.117+deb12-amd64 (x) #1
[    5.000000] puck-dma 0000:02:00.0: finding: leak: 0x1000+0x40 (page, to-device, mapped 9 ms ago by x+0x1/0x2)
[    5.000001] puck-dma 0000:02:00.0: note: its driver declared no limits
"""
OUTPUT = """\
puck-report: device 0000:02:00.0 1234:11e8
puck-report: driver my_edu
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
                               mischief="", dma=None)
        results.write(args, self.folder, reasons)
        return json.loads((self.folder / "j").read_text()), xml.parse(self.folder / "x").getroot()

    def test_members_are_those_of_the_contract(self):
        written, _ = self.write([])
        contract = (ROOT / "docs/reports.rst").read_text().partition("JUnit XML")[0]
        self.assertEqual(set(written), set(re.findall(r"^``(\w+)``", contract, re.M)))
        self.assertIn(written["schema"], contract)

    def test_facts(self):
        written, _ = self.write(["the mapper found 1 wrong"])
        self.assertEqual(written["findings"], [{"device": "0000:02:00.0", "class": "leak",
                                                "text": CONSOLE.splitlines()[1].partition("finding: ")[2]}])
        self.assertEqual((written["kernel"], written["driver"], written["policy"], written["counters"]),
                         ("6.12.117+deb12-amd64", "my_edu", "merge=all,seed=1", {"mappings": 5, "live": 1}))

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


if __name__ == "__main__":
    unittest.main()
