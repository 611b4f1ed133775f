# SPDX-License-Identifier: GPL-2.0-or-later
"""Run external commands: log to a file, show progress, print the tail on failure."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from . import children
from .util import PuckError, cache, doing, heard, say

NINJA = re.compile(rb"^\[(\d+)/(\d+)\] (.*)")
MAKE = re.compile(rb"^\s+(CC|LD|AR|AS|MODPOST|HOSTCC|CHECK|CC \[M\]|LD \[M\]|OBJCOPY|BTF|GEN)\s+(\S.*)")
ERROR = re.compile(rb"(\berror:|ERROR:|undefined reference|^FAILED|Error \d|No such file|does not exist)")
LONG_LINE = 300
PLAIN_EVERY = 4.0
TTY_EVERY = 0.2
WATCH_SECONDS = 0.5


class Progress:
    """One line that is overwritten on a terminal, a line every few seconds elsewhere."""

    def __init__(self, title, expect=0):
        self.title, self.expect = title, expect
        self.tty = sys.stderr.isatty()
        self.start = self.shown = time.monotonic()
        self.count = 0
        self.text = ""

    def feed(self, line):
        match = NINJA.match(line)
        if match:
            self.text = f"[{match[1].decode()}/{match[2].decode()}]"
        elif MAKE.match(line):
            self.count += 1
            total = f"/~{self.expect}" if self.expect else ""
            self.text = f"[{self.count}{total}]"
        else:
            return
        self.show()

    def show(self):
        now = time.monotonic()
        if now - self.shown < (TTY_EVERY if self.tty else PLAIN_EVERY):
            return
        self.shown = now
        heard()
        if self.tty:
            print(f"\r\033[K  {self.title} {self.text} {now - self.start:.0f}s",
                  end="", file=sys.stderr, flush=True)
        else:
            say(f"  {self.title} {self.text}")

    def done(self):
        if self.tty:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return time.monotonic() - self.start


def log_path(name):
    return cache("logs", name + ".log")


@contextlib.contextmanager
def timed(title):
    """A step of the tool's own."""
    start = time.monotonic()
    with doing(title):
        yield
    say(f"{title}: done in {time.monotonic() - start:.0f}s")


def run_step(title, cmd, log, cwd=None, env=None, expect=0, rewrite=None, quiet=False):
    """Run cmd with its output in a log file; raise PuckError with the tail.

    `rewrite` maps a path prefix in messages to the one the user edits.
    """
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    progress = Progress(title, expect)
    tail = deque(maxlen=2000)
    full_env = dict(os.environ, LC_ALL="C.UTF-8", **(env or {}))
    full_env.pop("PYTHONDONTWRITEBYTECODE", None)
    with open(log, "ab") as out, doing(title):
        out.write(f"\n$ {' '.join(map(str, cmd))}   (in {cwd or '.'})\n".encode())
        status = logged(cmd, out, tail, progress, title, cwd=cwd, env=full_env)
    elapsed = progress.done()
    if status:
        raise PuckError(f"{title} failed (exit {status}); whole log: {log}\n" + excerpt(tail, rewrite))
    if not quiet:
        say(f"{title}: done in {elapsed:.0f}s")
    return b"".join(tail).decode(errors="replace")


def logged(cmd, out, tail, progress, title, **kwargs):
    """The exit status of cmd, whose lines go to a file, to `tail` and to `progress`."""
    try:
        proc = children.start(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **kwargs)
    except OSError as err:
        raise PuckError(f"{title}: {err}") from err
    try:
        for line in proc.stdout:
            out.write(line)
            out.flush()
            tail.append(line)
            progress.feed(line)
        return proc.wait()
    finally:
        if proc.poll() is None:
            proc.terminate()
        children.ended(proc)


def watched(cmd, limit, stdout, stderr, **kwargs):
    """Run cmd with its output in files, until it ends or `limit` does; returns its exit
    status and why it was ended, if it was."""
    with open(stdout, "wb") as out, open(stderr, "wb") as err:
        proc = children.start(cmd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **kwargs)
        limit.start(proc.pid)
        size, late = 0, None
        try:
            while not late:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return proc.wait(WATCH_SECONDS), None
                if os.path.getsize(stdout) != size:
                    size = os.path.getsize(stdout)
                    limit.line("")
                late = limit.expired()
            return None, late
        finally:
            children.ended(proc)
            proc.wait()


def excerpt(tail, rewrite):
    """The lines around the first errors, else the last ones."""
    lines = list(tail)
    hits = [i for i, line in enumerate(lines) if ERROR.search(line)]
    lines = lines[max(0, hits[0] - 3):hits[0] + 30] if hits else lines[-30:]
    # A compiler's command line says nothing here; it is in the log.
    lines = [line if len(line) < LONG_LINE else line[:LONG_LINE] + b"...\n" for line in lines]
    text = b"".join(lines).decode(errors="replace")
    for old, new in (rewrite or {}).items():
        text = text.replace(str(old), str(new))
    return text


def output(cmd, **kwargs):
    """stdout of a short command, or PuckError."""
    try:
        given = {} if "input" in kwargs else {"stdin": subprocess.DEVNULL}
        result = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, check=True, **given, **kwargs)
    except (OSError, subprocess.CalledProcessError) as err:
        detail = getattr(err, "stderr", "") or ""
        raise PuckError(f"{cmd[0]}: {err}\n{detail.strip()}") from err
    return result.stdout
