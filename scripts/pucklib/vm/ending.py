# SPDX-License-Identifier: GPL-2.0-or-later
"""How the run of a machine ended: by itself, by a bug of what is tested, or for
trouble of the infrastructure, which says nothing about either.

Trouble is what a second try may be without: QEMU fell over in code that is not
Puck's, the guest never came to its init, a CPU of it got no timer interrupts any
more, an image could not be read, or not a byte of its output came. A panic, a splat
or a hang of a guest that has come to its init is never trouble, however seldom it
comes: that is how drivers fail. Before, none was loaded.
"""

import re
import signal
from dataclasses import dataclass

from ..report import verdict
from .patience import INIT_LINE

ENDED, FINDING, HANG, TROUBLE = "ended", "finding", "hang", "trouble"

CRASHES = {-number: number.name for number in (
    signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP,
    signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU, signal.SIGXFSZ)}
# An assertion in here is a bug of Puck's devices.
OURS = re.compile(r"\bhw/puck/|\bpuck[-_]\w+.*[Aa]ssertion|[Aa]ssertion.*\bpuck_\w+")
UNREADABLE = re.compile(r"could not (?:open|load|read)|[Ff]ailed to (?:load|read|open|get)|No space left|Cannot allocate")
# What the kernel says of an initramfs that is cut short or missing.
NO_ROOT = re.compile(r"Unable to mount root fs|Initramfs unpacking failed|No working init found"
                     r"|invalid magic at start of compressed archive|/init: .*not found")
INIT = re.compile(r"Run /init as init process")
# A CPU that gets no timer interrupts: the kernel's own diagnosis, by its grace periods.
NO_TIMER = re.compile(r"timer wakeup didn't happen|Possible timer handling issue on cpu=")
# What such a CPU makes the kernel complain of, besides.
STALLED = re.compile(r"rcu: |rcu_\w+ (?:kthread|self-detected|detected)|detected (?:expedited )?stall|soft lockup"
                     r"|workqueue lockup|INFO: task .* blocked for more than|clocksource: ")
# A driver that is on the stack of what hangs is under suspicion, not the timer. Other lines
# name its functions as well: those of the mapper's findings do.
MODULE_FRAME = re.compile(r"^(?:\[ *\d+\.\d+\])? +(?:\? )?[\w.]+\+0x[0-9a-f]+/0x[0-9a-f]+ \[", re.M)


@dataclass(frozen=True)
class Ending:
    """`reason` is a line that a reader understands without the logs."""
    kind: str
    reason: str = ""

    @property
    def trouble(self):
        return self.kind == TROUBLE


def classify(result):
    """The Ending of a Result, from its console, QEMU's messages and exit status."""
    return (crashed(result) or lost_timer(result.console) or no_start(result)
            or (Ending(ENDED) if result.status is not None else cut_short(result)))


def crashed(result):
    """QEMU was ended by a signal, and not by the tool when time was up."""
    name = CRASHES.get(result.qemu_status)
    if not name or result.timed_out:
        return None
    last = (result.qemu_messages.splitlines() or ["it said nothing"])[-1]
    if OURS.search(result.qemu_messages):
        return Ending(FINDING, f"a device of Puck's ended QEMU ({name}): {last}")
    return Ending(TROUBLE, f"QEMU was ended by {name}: {last}")


def lost_timer(console):
    """None, too, if the guest complains of anything that a lost timer does not explain."""
    line = next((text for text in console.splitlines() if NO_TIMER.search(text)), None)
    if not line or MODULE_FRAME.search(console[console.index(line):]):
        return None
    others = [text for text in own_findings(console) if not (STALLED.search(text) or NO_TIMER.search(text))]
    return None if others else Ending(TROUBLE, f"a CPU of the guest got no timer interrupts: {line.strip()}")


def no_start(result):
    """The guest did not come to its init, or cannot say so, and does not complain of anything but that."""
    if INIT.search(result.console) and not NO_ROOT.search(result.console):
        return mute(result)
    root = NO_ROOT.search(result.console)
    if root:
        return Ending(TROUBLE, f"the guest's image could not be read: {root[0]}")
    if result.status is not None:
        return None
    found = own_findings(result.console)
    if found:
        return Ending(TROUBLE, f"the guest's kernel failed before it had loaded a driver: {found[0]}")
    if UNREADABLE.search(result.qemu_messages):
        return Ending(TROUBLE, f"QEMU cannot read what it needs: {result.qemu_messages.splitlines()[-1]}")
    if not result.timed_out and not result.console.strip():
        return None         # QEMU refuses its command line, and will again
    return Ending(TROUBLE, "the guest never came to its init")


def mute(result):
    """What init writes before all else never came: the way out of the guest does not work."""
    if not result.timed_out or INIT_LINE in result.output or own_findings(result.console):
        return None
    return Ending(TROUBLE, "the guest runs, and nothing that it writes comes out")


def own_findings(console):
    """What the guest complains of; a bracket that a cut left open is no complaint."""
    return [text for text in verdict.check_console(console) if not text.startswith("'puck-expect: ")]


def cut_short(result):
    """The guest's command did not come to its end, and the infrastructure is not to blame."""
    found = own_findings(result.console)
    if found:
        return Ending(FINDING, found[-1] if "panic" in found[-1] else found[0])
    return Ending(HANG if result.timed_out else FINDING, result.problem())
