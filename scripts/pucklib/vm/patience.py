# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits that guard against hanging alone: a busy host does not use them up.

A limit is in seconds without a line of output. Time in which a thread of the
process wanted to run and the host ran something else does not count, so that a
guest which gets a tenth of a CPU has ten times as long, and one that sleeps for
good has no more than the limit. A guest that has said ALIVE says so every few
seconds until it says END, and hangs if it is silent for BEAT seconds. A guest that
took long to boot gets more time in the same proportion. In all, a run ends after TOTAL times its limit even if it goes
on talking, and after OUTER times its limit by the clock on the wall.
"""

import contextlib
import os
import time
from pathlib import Path

OUTER = 20
TOTAL = 10
# Seconds that count until the guest's init runs, on a machine of the slowest kind that
# limits are made for. It takes 3 to 9 s on an idle machine under TCG.
BOOT_REFERENCE = 15.0
MOST_FACTOR = 8.0
LOOK_EVERY = 0.25
BEAT = 20.0
ALIVE, END = "puck-report: alive", "puck-report: status "
# What init writes first.
INIT_LINE = "puck-init: up"


def waits(pid):
    """Nanoseconds for which each thread of a process, and of those it started, has waited
    for a CPU; none of those that are gone, or if the host does not tell."""
    found = {}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for task in os.listdir(f"/proc/{pid}/task"):
            folder = Path(f"/proc/{pid}/task/{task}")
            found[task] = int((folder / "schedstat").read_text(encoding="ascii").split()[1])
            for child in (folder / "children").read_text(encoding="ascii").split():
                found.update(waits(child))
    return found


def used(pid):
    """Seconds of CPU that a process and its threads have had so far; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def stolen():
    """Seconds that the host's own host gave to others, of each CPU on average."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        return int(fields[8]) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
    except (OSError, ValueError, IndexError):
        return 0.0


class FairClock:
    """Seconds of the wall's clock less those in which a process was kept waiting."""

    def __init__(self, pid, now=time.monotonic, read=waits, steal=stolen):
        self.pid, self.now, self.read, self.steal = pid, now, read, steal
        self.start = self.looked = now()
        self.before = read(pid)
        self.steal_start = steal()
        self.waited = self.lost = 0.0

    def look(self):
        """To be called every second or so: threads come and go."""
        if self.now() - self.looked < LOOK_EVERY:
            return
        self.looked = self.now()
        self.lost = self.steal() - self.steal_start
        now = self.read(self.pid)
        # Whichever was kept waiting longest may be the one that all the others need.
        self.waited += max((ns - self.before.get(task, ns) for task, ns in now.items()), default=0) / 1e9
        self.before = now

    def wall(self):
        return self.now() - self.start

    def fair(self):
        wall = self.wall()
        return max(wall - self.waited - self.lost, wall / OUTER)


class Limit:
    """For how long a run may be silent. `seconds` are those of an idle machine."""

    def __init__(self, seconds, clock=FairClock):
        self.seconds, self.make_clock = seconds, clock
        self.clock, self.factor, self.booted = None, 1.0, False
        self.begun = self.heard = 0.0
        self.beats = False

    def start(self, pid):
        self.clock = self.make_clock(pid)

    def line(self, text):
        """The guest said something."""
        self.heard = self.clock.fair()
        if text.startswith(INIT_LINE) and not self.booted:
            self.booted = True
            self.factor = min(max(self.heard / BOOT_REFERENCE, 1.0), MOST_FACTOR)
        if text.startswith((ALIVE, END)):
            self.beats = text.startswith(ALIVE)

    def whole(self):
        return self.seconds * self.factor

    def current(self):
        return min(self.whole(), BEAT * self.factor) if self.beats else self.whole()

    def expired(self):
        """Why the run has to end, or None."""
        self.clock.look()
        fair, limit, most = self.clock.fair(), self.current(), TOTAL * self.whole()
        if fair - self.heard > limit:
            return f"no line of output for {limit:.0f} s"
        if fair - self.begun > most:
            return f"not done after {most:.0f} s"
        return None

    def relieve(self, stdin):
        """Whether something less than ending the machine may help; then it is done."""
        return False


class TestLimit(Limit):
    """A limit for each test of a machine: what hangs is killed within the guest first."""

    GRACE = 60.0

    def __init__(self, seconds, limits, default, say=lambda text: None, clock=FairClock, cpu=used):
        super().__init__(seconds, clock)
        self.limits, self.default, self.say, self.cpu = limits, default, say, cpu
        self.test, self.killed = None, False
        # {test, None for what is between them: CPU seconds}, and what has been told apart so far
        self.costs, self.counted = {}, 0.0

    def line(self, text):
        super().line(text)
        words = text.split()
        if words[:2] == ["puck-test:", "begin"]:
            self.next(words[2])
        elif words[:2] == ["puck-test:", "end"]:
            self.next(None)

    def next(self, test):
        now = self.cpu(self.clock.pid)
        self.costs[self.test] = self.costs.get(self.test, 0.0) + now - self.counted
        self.counted = now
        self.test, self.killed, self.beats = test, False, False
        self.begun = self.heard

    def whole(self):
        if self.killed:
            return self.GRACE * self.factor
        return self.factor * (self.seconds if self.test is None else self.limits.get(self.test, self.default))

    def relieve(self, stdin):
        if self.test is None or self.killed:
            return False
        self.say(f"{self.test} is killed: no progress")
        stdin.write(f"puck-kill {self.test}\n".encode())
        stdin.flush()
        self.killed = True
        self.heard = self.begun = self.clock.fair()
        return True
