# SPDX-License-Identifier: GPL-2.0-or-later
"""The suite docs: what the pages show is done, line by line, and comes out as they say.

A literal block whose lines begin with "$ " is a session: each such line is given to one bash for the
whole page, in a copy of the clone; what stands below it is what must come out, where "..." stands
for anything. A line of dots alone stands for any number of lines.
"""

import re
import signal
import subprocess
import threading
import time

from ..base import children
from ..base.util import REPO, PuckError, fresh_dir, say, sync_tree
from ..report.verdict import Case

SUITE = "docs"
PROMPT = "$ "
MORE = "> "
MARK = "puck-docs-end"
# Of one command: the longest of them makes everything that a new machine has not.
SECONDS = 1800


class Command:
    """One line of a session, and what stands below it."""

    def __init__(self, page, line, text):
        self.page, self.line, self.text, self.wanted = page, line, text, []

    @property
    def name(self):
        return f"{self.page}:{self.line}"


def blocks(text):
    """(line, lines without their indent) of each literal block."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        indent = re.match(r" +(?=\$ )", lines[at])
        if not indent or (at and lines[at - 1].strip()):
            at += 1
            continue
        start = at
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith(indent[0])):
            at += 1
        yield start + 1, [line[len(indent[0]):] for line in lines[start:at]]


def commands(page, text):
    """The commands of a page, in its order."""
    found = []
    for first, lines in blocks(text):
        for number, line in enumerate(lines, first):
            if line.startswith(PROMPT):
                found.append(Command(page, number, line[len(PROMPT):]))
            elif line.startswith(MORE) and not found[-1].wanted:
                found[-1].text += "\n" + line[len(MORE):]
            else:
                found[-1].wanted.append(line.rstrip())
    for command in found:
        while command.wanted and not command.wanted[-1]:
            command.wanted.pop()
    return found


def pattern(wanted):
    """What a text of a page stands for."""
    parts = []
    for line in wanted:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("...")) + r"[ \t]*\n")
    return re.compile("".join(parts))


def differs(wanted, out):
    """The first line that did not come out, or None."""
    text = "".join(line.rstrip() + "\n" for line in out.splitlines())
    if pattern(wanted).fullmatch(text):
        return None
    for count in range(1, len(wanted)):
        if not pattern([*wanted[:count], "..."]).fullmatch(text):
            return wanted[count - 1]
    return wanted[-1] if wanted else "nothing"


class Session:
    """One bash for a page, in a copy of the clone."""

    def __init__(self, folder, log):
        self.log = log
        self.proc = children.start(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                   cwd=folder)

    def run(self, text):
        """What it prints; what it says on stderr is in the log."""
        self.log.write(f"$ {text}\n")
        self.log.flush()
        self.proc.stdin.write(f"{text}\necho\necho {MARK}\n")
        self.proc.stdin.flush()
        late = threading.Timer(SECONDS, children.signal_group, (self.proc.pid, signal.SIGKILL))
        late.start()
        try:
            return self.read()
        finally:
            late.cancel()

    def read(self):
        out = []
        for line in self.proc.stdout:
            if line == MARK + "\n":
                # The mark has a line of its own, also behind text that does not end with one.
                return "".join(out)[:-1]
            out.append(line)
        raise PuckError(f"the shell of this page has ended, or a command took more than {SECONDS} s")

    def end(self):
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.proc.wait()
        children.ended(self.proc)


def run_page(page, found, rundir):
    """A case for each command; behind one that is not as shown the rest of the page is not tried."""
    name = page.replace("/", "-").removesuffix(".rst")
    cases = []
    with fresh_dir(rundir / name) as scratch:
        clone = scratch / "puck"
        sync_tree(REPO, clone)
        with open(rundir / f"{name}.log", "w", encoding="utf-8") as log:
            session = Session(clone, log)
            try:
                for command in found:
                    cases.append(judged(session, command))
                    if cases[-1].result != "passed":
                        break
            finally:
                session.end()
    left = found[len(cases):]
    return cases + [Case(SUITE, one.name, "skipped", "a line before it was not as shown") for one in left]


def judged(session, command):
    say(f"  {command.name}: {command.text.splitlines()[0]}")
    start = time.monotonic()
    out = session.run(command.text)
    wrong = differs(command.wanted, out)
    if wrong is None:
        return Case(SUITE, command.name, "passed", "", time.monotonic() - start)
    return Case(SUITE, command.name, "failed", f"$ {command.text}\ndid not print: {wrong}\nbut:\n{out}", time.monotonic() - start)


def pages():
    """{page: its commands}, of those that have any."""
    found = {}
    for path in sorted([*REPO.glob("docs/**/*.rst"), *REPO.glob("labs/*.rst")]):
        page = str(path.relative_to(REPO))
        found[page] = commands(page, path.read_text())
    return {page: found for page, found in found.items() if found}


def run(args, rundir):
    chosen = {page: found for page, found in pages().items() if not args.filter or re.search(args.filter, page)}
    if not chosen:
        raise PuckError(f"--filter {args.filter}: no page with sessions has such a name")
    return [case for page, found in chosen.items() for case in run_page(page, found, rundir)]
