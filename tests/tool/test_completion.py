# SPDX-License-Identifier: GPL-2.0-or-later
"""What a shell completes and what the man page says: as bash and man see it."""

import shlex
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from pucklib import cli, options  # noqa: E402
from pucklib.commands import completion, manual  # noqa: E402

ASK = """
COMP_WORDS=(%s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_puck
printf '%%s\\n' "${COMPREPLY[@]}"
"""


def ask(script, line):
    """What bash offers at the end of this line."""
    words = line.split(" ")
    asked = script + ASK % " ".join(shlex.quote(word) for word in words)
    result = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert not result.stderr, result.stderr
    return result.stdout.split()


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.parser = cli.parser()
        cls.script = completion.text(cls.parser, options.known_words())

    def offers(self, line):
        return ask(self.script, line)

    def test_commands(self):
        self.assertEqual(self.offers("puck "), list(completion.subcommands(self.parser)))
        self.assertEqual(self.offers("puck ru"), ["run"])
        self.assertEqual(self.offers("puck --v"), ["--version"])

    def test_each_option_of_each_command(self):
        for name, sub in completion.subcommands(self.parser).items():
            flags = {flag for action in sub._actions for flag in action.option_strings if flag.startswith("--")}
            self.assertEqual(set(self.offers(f"puck {name} --")), flags, name)

    def test_values(self):
        self.assertEqual(self.offers("puck run --iommu "), list(options.IOMMUS))
        self.assertEqual(self.offers("puck run --no-gpu --accel k"), ["kvm"])
        self.assertIn("nvme", self.offers("puck run --driver n"))
        # Linux 7.x is none of those that `module` builds for.
        self.assertNotIn("7", self.offers("puck module --kernel "))
        self.assertIn("7", self.offers("puck guest --kernel "))

    def test_arguments(self):
        self.assertIn("qtest", self.offers("puck test --seed 3 q"))
        self.assertIn("weston", self.offers("puck clients xorg we"))
        self.assertIn("display", self.offers("puck bench "))

    def test_files_are_left_to_the_shell(self):
        for line in ("puck run --module ", "puck test --run-dir ", "puck report "):
            self.assertEqual(self.offers(line), [], line)

    def test_words_that_are_no_command(self):
        self.assertEqual(self.offers("puck nothing --"), [])

    def test_each_list_belongs_to_something(self):
        """A list whose option went would be kept for ever."""
        seen = {action.dest for sub in completion.subcommands(self.parser).values() for action in sub._actions}
        self.assertLessEqual(set(options.known_words()), seen)


class Manual(unittest.TestCase):
    def setUp(self):
        self.parser = cli.parser()
        self.text = manual.text(self.parser)

    def test_each_command_and_option(self):
        for name, sub in completion.subcommands(self.parser).items():
            self.assertIn(f".SS puck {name}\n", self.text)
            for action in sub._actions:
                for flag in action.option_strings:
                    if flag not in ("-h", "--help"):
                        self.assertIn(manual.plain(flag), self.text)

    def test_no_line_of_text_is_a_request(self):
        self.assertEqual(manual.plain(".so /etc/passwd\n'br\na-b\\c"), "\\&.so /etc/passwd\n\\&'br\na\\-b\\ec")

    @unittest.skipUnless(shutil.which("groff"), "no groff here")
    def test_groff_has_nothing_to_say(self):
        result = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=self.text, capture_output=True, text=True,
                                check=True)
        self.assertEqual(result.stderr, "")


if __name__ == "__main__":
    unittest.main()
