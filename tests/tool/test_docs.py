# SPDX-License-Identifier: GPL-2.0-or-later
"""Each command line of puck that the documents show is one that puck takes, and what they name is there."""

import contextlib
import io
import re
import shlex
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib import cli  # noqa: E402
from pucklib.base.util import PuckError  # noqa: E402
from pucklib.build import words as words_of  # noqa: E402
from pucklib.suites import docs  # noqa: E402

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.rst"), *ROOT.glob("labs/**/*.rst")])
# What begins a line of a literal block, and goes on in the next one behind a backslash or within
# quotes; or words between backquotes, which may name a command without all that it wants.
COMMAND = r"(?:\w+=\S+ )*((?:scripts/)?puck (?:'[^']*'|\"[^\"]*\"|\\\n|[^\n'\"])*)$"
BLOCK = re.compile("^ +" + COMMAND, re.M)
SESSION = re.compile(COMMAND)
INLINE = re.compile(r"``?((?:scripts/)?puck [^`]+)``?")
TO_COME = ("arguments are required", "expected one argument")


def joined(command):
    return " ".join(command.replace("\\\n", " ").split())


def without_sessions(text):
    """The page with nothing where its sessions are, line by line."""
    lines = text.splitlines()
    for first, block in docs.blocks(text):
        lines[first - 1:first - 1 + len(block)] = [""] * len(block)
    return "\n".join(lines)


def shown(text):
    """(line, command) of each command line on a page."""
    for command in docs.commands("", text):
        found = SESSION.match(command.text)
        if found:
            yield command.line, joined(found[1])
    text = without_sessions(text)
    for pattern in (BLOCK, INLINE):
        for found in pattern.finditer(text):
            command = joined(found[1])
            if pattern is INLINE and any(what in refused(command) for what in TO_COME):
                continue
            yield text.count("\n", 0, found.start()) + 1, command


def words(command):
    """Its words up to a pipe, a redirection or a comment; what may be left out, [X] and ..., left out."""
    command = re.sub(r"\[[^]]*\]|(?<!')\.\.\.(?!')", "", command)
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|<>;&()")
    lexer.whitespace_split = True
    taken = []
    for word in lexer:
        if set(word) <= set("|<>;&()"):
            break
        taken.append(word)
    return taken[1:]


def refused(command):
    """What argparse says against it, or nothing."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            cli.parser().parse_args(words(command))
        except SystemExit as err:
            return said.getvalue().strip().splitlines()[-1] if err.code else ""
        except ValueError as err:
            return str(err)
    return ""


# What devices and the mapper are told to do, wherever a page says it.
TOLD = re.compile(r"--(dma|mischief) (?:'([^']+)'|([^\s'`]+))")
KINDS = {"dma": "policy", "mischief": "mischief"}
PLACEHOLDER = re.compile(r"^[A-Z]+$|RULE|\.\.\.")


class Docs(unittest.TestCase):
    def test_policies_and_rules(self):
        count = 0
        for page in PAGES:
            text = page.read_text()
            for found in TOLD.finditer(text):
                told = " ".join((found[2] or found[3]).split())
                if PLACEHOLDER.search(told):
                    continue
                count += 1
                place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}"
                with self.subTest(place=place):
                    words_of.check(f"--{found[1]}", KINDS[found[1]], told)
        self.assertGreater(count, 20)

    def test_command_lines(self):
        count = 0
        for page in PAGES:
            for line, command in shown(page.read_text()):
                count += 1
                with self.subTest(place=f"{page.relative_to(ROOT)}:{line}", command=command):
                    self.assertEqual(refused(command), "")
        self.assertGreater(count, 50)

    def test_what_is_no_command_is_seen(self):
        page = "Text::\n\n    puck run --iomu none\n\nand ``puck nothing here``, ``puck test style``, ``puck repro``.\n" \
               "\n    $ puck test \\\n    > abi >x; echo $?\n    puck 0\n"
        found = list(shown(page))
        self.assertEqual(found, [(7, "puck test abi >x; echo $?"), (3, "puck run --iomu none"), (5, "puck nothing here"),
                                 (5, "puck test style")])
        self.assertEqual(refused(found[0][1]), "")
        self.assertIn("--iomu", refused(found[1][1]))
        self.assertIn("nothing", refused(found[2][1]))
        self.assertEqual(refused(found[3][1]), "")

    def test_pages_named_are_there(self):
        for page in PAGES:
            text = page.read_text()
            for found in re.finditer(r":doc:`(?:[^`<]*<)?([^`>]+)>?`|\]\((?!http)([^)#]+)[^)]*\)", text):
                name = found[1] or found[2]
                place = page.parent / (name + ".rst" if found[1] else name)
                with self.subTest(place=f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}"):
                    self.assertTrue(place.exists(), name)


PAGE = """\
A page
======

Here it is::

    $ echo one; echo "two and three"
    one
    two ...
    $ for word in a b
    > do echo $word; done
    ...
    b

Not a session::

    puck run $ x
"""


class Sessions(unittest.TestCase):
    """The suite docs, on pages that lie."""

    def test_commands_and_what_they_print(self):
        first, second = docs.commands("page.rst", PAGE)
        self.assertEqual((first.name, first.text, first.wanted),
                         ("page.rst:6", 'echo one; echo "two and three"', ["one", "two ..."]))
        self.assertEqual((second.text, second.wanted), ("for word in a b\ndo echo $word; done", ["...", "b"]))

    def test_dots(self):
        self.assertIsNone(docs.differs(["one", "two ..."], "one\ntwo and three\n"))
        self.assertIsNone(docs.differs(["...", "b"], "a\na\nb\n"))
        self.assertIsNone(docs.differs(["...", "b"], "b"))
        self.assertIsNone(docs.differs([], ""))
        self.assertEqual(docs.differs(["one", "two", "three"], "one\n2\nthree\n"), "two")
        self.assertEqual(docs.differs(["one"], "one\nand more\n"), "one")
        self.assertEqual(docs.differs([], "something\n"), "nothing")

    def run_page(self, text):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(docs, "REPO", Path(folder) / "clone"):
            docs.REPO.mkdir()
            (docs.REPO / "file").write_text("of the clone\n")
            with contextlib.redirect_stderr(io.StringIO()):
                return docs.run_page("page.rst", docs.commands("page.rst", text), Path(folder))

    def test_one_shell_for_a_page(self):
        cases = self.run_page("::\n\n    $ cat file; WORD=x; cd ..\n    of the clone\n    $ echo $WORD; ls\n    x\n    puck\n")
        self.assertEqual([case.result for case in cases], ["passed", "passed"])

    def test_what_does_not_come_out(self):
        cases = self.run_page("::\n\n    $ echo yes\n    no\n    $ true\n")
        self.assertEqual([case.result for case in cases], ["failed", "skipped"])
        self.assertIn("did not print: no\nbut:\nyes", cases[0].detail)

    def test_a_shell_that_ends(self):
        with self.assertRaisesRegex(PuckError, "has ended"):
            self.run_page("::\n\n    $ exit 0\n")


if __name__ == "__main__":
    unittest.main()
