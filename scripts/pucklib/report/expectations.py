# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known to fail, in the format of the kernel's drm-ci: tests/expectations/NAME-KIND.txt.

NAME is that of a machine or of a kernel, KIND one of these:

    fails       TEST,Fail or TEST@PART,Fail: it fails, each time. If it passes, the line has to go:
                that is a failure, too, and so is a line for a part that there is not
    flakes      TEST or TEST@PART: it may fail
    skips       a regular expression for names of tests: they are not run

Lines that begin with # say why, and stand above those that they are about; a line for which
nothing says why is an error.
"""

import re
from dataclasses import dataclass

from ..base.util import REPO, PuckError
from .verdict import Case

FOLDER = REPO / "tests/expectations"
KINDS = ("fails", "flakes", "skips")


@dataclass(frozen=True)
class Line:
    name: str
    why: str
    where: str


def lines(path):
    """Those of a file; none if there is no such file."""
    found, why, fresh = [], [], False
    for number, text in enumerate(path.read_text().splitlines() if path.exists() else [], start=1):
        text, where = text.strip(), f"{path.name}:{number}"
        if text.startswith("#"):
            why = (why if fresh else []) + [text.lstrip("# ")]
            fresh = True
        elif not text:
            why, fresh = [], False
        elif not why:
            raise PuckError(f"{where}: a comment above it has to say why")
        else:
            found.append(Line(text, " ".join(why), where))
            fresh = False
    return found


def failing(line):
    name, comma, status = line.name.rpartition(",")
    if not comma or status != "Fail":
        raise PuckError(f"{line.where}: '{line.name}' is not TEST,Fail or TEST@PART,Fail")
    return name


def pattern(line):
    try:
        return re.compile(line.name)
    except re.error as err:
        raise PuckError(f"{line.where}: {err}") from err


class Expectations:
    """Those of a machine with a kernel."""

    def __init__(self, names, folder=FOLDER):
        known = {kind: [line for name in names for line in lines(folder / f"{name}-{kind}.txt")] for kind in KINDS}
        self.fails = {failing(line): line for line in known["fails"]}
        self.flakes = {line.name: line for line in known["flakes"]}
        self.skips = [(pattern(line), line) for line in known["skips"]]

    def skipped(self, test):
        """Why this test is not to be run, or None."""
        return next((line for regex, line in self.skips if regex.fullmatch(test)), None)

    def judged(self, case, test):
        """The case of a test as it counts."""
        part = name_of(case, test)
        expected, flaky = self.fails.get(part), self.flakes.get(part)
        if case.result == "failed" and (expected or flaky):
            case.detail = f"{'fails as expected' if expected else 'fails now and then'}: {(expected or flaky).why}"
            case.result = "skipped"
        elif case.result == "passed" and expected:
            case.result = "failed"
            case.detail = f"passes, but {expected.where} says that it fails: {expected.why}"
        return case

    def missed(self, suite, test, seen):
        """Cases for lines about parts of a test that had none, although it ran."""
        return [Case(suite, name, "failed", f"{line.where} is about nothing that there is")
                for name, line in self.fails.items() if name.partition("@")[0] == test and name not in seen]


def name_of(case, test):
    """TEST, or TEST@PART for one of several cases of it."""
    return f"{test}@{case.name}" if case.suite.endswith("." + test) else case.name


def test_of(case, prefix):
    """The test that a case is of, if its suite is `prefix` (SUITE.MACHINE) or below that."""
    if case.suite == prefix:
        return case.name
    return case.suite.removeprefix(prefix + ".") if case.suite.startswith(prefix + ".") else None
