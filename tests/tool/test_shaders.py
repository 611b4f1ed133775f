# SPDX-License-Identifier: GPL-2.0-or-later
"""test-images/clients/shaders: what it makes of a shader_runner that ends in the middle."""

import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "test-images/clients/shaders"
# Says of each test what its name begins with; "bug" ends it, and what it has said of that is not there yet.
RUNNER = """#!/bin/sh
for test; do
	case $test in
	-*)	continue ;;
	esac
	number=$((number + 1))
	name=${test##*/}
	[ "${name%%-*}" != bug ] || kill -SEGV $$
	echo "PIGLIT TEST: $number - $name"
	echo "PIGLIT: {\\"subtest\\": {\\"$name\\" : \\"${name%%-*}\\"}}"
done
"""


class Shaders(unittest.TestCase):
    def run_them(self, *names):
        with tempfile.TemporaryDirectory() as folder:
            runner, tests = Path(folder) / "runner", Path(folder) / "list"
            runner.write_text(RUNNER)
            runner.chmod(0o755)
            tests.write_text("".join(f"/a/{name}\n" for name in names))
            done = subprocess.run(["sh", SCRIPT, tests, runner], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.splitlines()

    def test_all_end(self):
        self.assertEqual(self.run_them("pass-1", "fail-2", "skip-3"), ["/a/pass-1 pass", "/a/fail-2 fail", "/a/skip-3 skip"])

    def test_some_end_it(self):
        """Only these are blamed, and all others have their turn."""
        self.assertEqual(self.run_them("bug-0", "pass-1", "bug-2", "bug-3", "pass-4", "bug-5"),
                         ["/a/bug-0 crash", "/a/pass-1 pass", "/a/bug-2 crash", "/a/bug-3 crash", "/a/pass-4 pass",
                          "/a/bug-5 crash"])

    def test_none(self):
        self.assertEqual(self.run_them(), [])


if __name__ == "__main__":
    unittest.main()
