# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that the tool starts, and how they end when it is ended.

Each has a process group of its own, so that SIGINT, SIGTERM and SIGHUP to the tool
take down whatever such a program has started as well: compilers below make, QEMUs
below a qtest. If the tool is killed the kernel ends them.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from .util import PuckError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds between asking and killing.
GRACE = 2.0
INTERRUPTED = 130
STOPPED = threading.Event()

_groups = set()


class Interrupted(BaseException):
    """A signal asked the tool to end. Not an Exception: nobody goes on after it."""

    def __init__(self, number):
        super().__init__()
        self.number = number


def tied(cmd, number):
    """cmd, that gets a signal when the thread that starts it is gone."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), "--", *cmd] if setpriv else cmd


def check_going_on():
    """PuckError if the tool was asked to end."""
    if STOPPED.is_set():
        raise PuckError("interrupted", INTERRUPTED)


def start(cmd, death=signal.SIGTERM, **kwargs):
    """A Popen of cmd, to be ended with the tool. Its owner waits for it, and then calls ended()."""
    check_going_on()
    cmd = [str(word) for word in cmd]
    if cmd[0] == "sudo":
        return subprocess.Popen(cmd, **kwargs)      # it may ask for a password, on our terminal
    proc = subprocess.Popen(tied(cmd, death), start_new_session=True, **kwargs)
    _groups.add(proc.pid)
    return proc


def ended(proc):
    """To be called when a program is over; what it left behind is killed."""
    signal_group(proc.pid, signal.SIGKILL)
    _groups.discard(proc.pid)


def signal_group(group, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def processes():
    """(pid, parent, group, state) of all there are."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, parent, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            yield int(stat.parent.name), int(parent), int(group), state


def ours():
    """Processes below this one, and those in the groups of what it started."""
    listed = list(processes())
    groups = set(_groups)
    found = {pid for pid, _, group, state in listed if group in groups and state != "Z"}
    more = {os.getpid()}
    while more:
        more = {pid for pid, parent, _, state in listed if parent in more and state != "Z"} - found
        found |= more
    return found


def end_all():
    """Ask, wait a little, kill."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in ours():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        limit = time.monotonic() + GRACE
        while ours() and time.monotonic() < limit:
            time.sleep(0.02)


def interrupt(number, _frame):
    """The handler. A second signal while it works changes nothing."""
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    STOPPED.set()
    end_all()
    raise Interrupted(number)


def install():
    """From now on; what is ignored, as under nohup, stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
