# SPDX-License-Identifier: GPL-2.0-or-later
"""The check of who imports whom in the tool: what it has to see, and what not."""

import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib.suites import imports  # noqa: E402

TOOL = "scripts/pucklib"
# The top imports commands, these vm and base, vm base.
TREE = {
    "__init__.py": "",
    "cli.py": "from .base.util import say\n\n\ndef cmd_run():\n    from .commands import run\n    run.cmd_run()\n",
    "commands/__init__.py": "",
    "commands/run.py": "import os\n\nfrom ..base import util\nfrom ..vm.guest import Bench, new_rundir\n",
    "vm/__init__.py": "",
    "vm/guest.py": "from ..base.util import cpus\nfrom . import ports\nfrom .ports import free as new_rundir\n\n\n"
                   "class Bench:\n    pass\n",
    "vm/ports.py": "def free():\n    pass\n",
    "base/__init__.py": "",
    "base/util.py": "try:\n    cpus = 1\nexcept OSError:\n    cpus = 2\n\n\ndef say():\n    pass\n",
}


class Imports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in TREE.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / TOOL / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def more(self, name, text):
        self.write(name, TREE[name] + text)

    def failures(self):
        return [line for case in imports.check(self.root) if case.result == "failed" for line in case.detail.splitlines()]

    def test_packages_in_layers_pass(self):
        told = []
        cases = imports.check(self.root, told.append)
        self.assertEqual(told, [f"  {TOOL}: imports go from . to commands to vm to base"])
        self.assertEqual([(case.name, case.result) for case in cases],
                         [(f"imports in {TOOL}", "passed"), (f"imported names in {TOOL}", "passed")])

    def test_a_circle_of_two_packages(self):
        self.more("base/util.py", "\n\nfrom ..vm import ports\n")
        self.assertEqual(self.failures(), [f"{TOOL}/base/util.py:11: base imports vm on a circle: vm.ports",
                                           f"{TOOL}/vm/guest.py:1: vm imports base on a circle: base.util"])

    def test_an_import_in_a_function_counts(self):
        self.more("vm/ports.py", "\n\ndef show():\n    from ..commands.run import os\n")
        self.assertEqual(self.failures(), [
            f"{TOOL}/commands/run.py:4: commands imports vm on a circle: vm.guest, and 1 more",
            f"{TOOL}/vm/ports.py:6: vm imports commands on a circle: commands.run"][::-1])

    def test_a_circle_by_way_of_a_third(self):
        self.more("base/util.py", "\n\nimport pucklib.commands.run\n")
        found = self.failures()
        self.assertIn(f"{TOOL}/base/util.py:11: base imports commands on a circle: commands.run", found)
        self.assertIn(f"{TOOL}/vm/guest.py:1: vm imports base on a circle: base.util", found)

    def test_nobody_below_imports_the_top(self):
        self.more("vm/ports.py", "\n\nfrom pucklib import cli\n")
        found = self.failures()
        self.assertIn(f"{TOOL}/vm/ports.py:5: vm imports . on a circle: cli", found)

    def test_files_of_one_package_may_import_each_other(self):
        self.more("vm/ports.py", "\n\ndef show():\n    from .guest import Bench\n")
        self.assertEqual(self.failures(), [])

    def test_what_is_not_there(self):
        for line, missing in {
            "from ..base import words": "base.words",
            "from ..base.util import cpu": "base.util.cpu",
            "from .base.util import cpus": "vm.base.util.cpus",
            "from .guest import os": "vm.guest.os",
            "from ...base.util import cpus": "...base.util.cpus",
            "import pucklib.vm.guests": "vm.guests",
        }.items():
            with self.subTest(line):
                self.more("vm/ports.py", f"\n\ndef show():\n    {line}\n")
                self.assertEqual(self.failures(), [f"{TOOL}/vm/ports.py:6: there is no {missing}"])

    def test_the_tool_itself(self):
        self.assertEqual([case.detail for case in imports.check(ROOT) if case.result != "passed"], [])


if __name__ == "__main__":
    unittest.main()
