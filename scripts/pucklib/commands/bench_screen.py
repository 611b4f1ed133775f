# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of scripts/puck bench for what is on a screen.

test-images/bench/screen.c draws, flips, and says when the host is to look, and at what. To look
is to be a client of QEMU's VNC server; what is measured is the time that QEMU takes of the
host's CPUs, the guest's own work in it. Of flips that is what they add to an idle screen. How
many there can be is measured by the guest, whose time is counted: a busy host wakes nobody in
time for each blanking.
"""

import json
import re
import time

from ..base.util import PuckError
from ..report.figures import Goal
from ..vm import icount
from ..vm.machine import Spec, read_text
from ..vm.viewer import Viewer

PROGRAM = "bench-screen"
GPU, PCI = "gpu0", "0000:01:00.0"
NAMES = {"puck": "puck-gpu", "virtio": "virtio-gpu", "bochs": "bochs-display"}
DEVICES = ["-device", "virtio-gpu-pci,id=virtio,bus=rp4,xres=1920,yres=1080",
           "-device", "bochs-display,id=bochs,bus=pcie.0,addr=0xb,vgamem=64M,xres=1920,yres=1080"]
SERVERS = {"puck": GPU, "virtio": "virtio", "bochs": "bochs"}
# No console of the kernel's draws meanwhile.
APPEND = "drm_kms_helper.fbdev_emulation=0"
REDRAWS = re.compile(r" qom-get \{[^}]*'redraws0'\} -> (\{.*\})")
MARKS = 3               # how often a run asks for them: idle from the first on, moving from the second


class Looker:
    """Does what lines "screen: ..." of the guest ask for."""

    def __init__(self, rundir, figures):
        self.rundir, self.figures = rundir, figures
        self.viewer, self.begun, self.idle = None, None, 0.0

    def take(self, key, value):
        self.figures.take("display", f"bench: {key} {value}")

    def line(self, text):
        words = text.split()
        if len(words) < 3 or words[0] != "screen:":
            return
        name, what = words[1:3]
        if what == "look":
            self.viewer = Viewer(self.rundir / f"vnc-{name}")
            self.viewer.start()
        elif what == "end":
            self.end(name)
        elif what == "away":
            self.leave()
        else:
            self.begun = (what, int((words[3:] or [0])[0]), time.monotonic(), self.viewer.cpu_seconds(),
                          self.viewer.updates)

    def end(self, name):
        what, flips, start, cpu, updates = self.begun
        seconds = time.monotonic() - start
        used = self.viewer.cpu_seconds() - cpu
        if flips:
            self.take(f"{name}_{what}_cpu_ms", 1000 * (used - self.idle * seconds) / flips)
            self.take(f"{name}_{what}_updates", (self.viewer.updates - updates) / flips)
        else:
            self.idle = used / seconds
            self.take(f"{name}_{what}_cpu_ms", 1000 * self.idle)
        if self.viewer.error and not self.viewer.left:
            raise PuckError(f"looking at {name}: {self.viewer.error}")

    def leave(self):
        if self.viewer:
            self.viewer.leave()

    def take_redraws(self):
        """How often puck-gpu drew, out of the answers that the guest's requests were given."""
        marks = [json.loads(answer).get("return") for answer in REDRAWS.findall(read_text(self.rundir / "qmp.log"))]
        for idle, moving, end in zip(*(marks[n::MARKS] for n in range(MARKS))):
            self.take("puck_idle_redraws", moving - idle)
            self.take("puck_moving_redraws", end - moving)


def bench_display(runner):
    """Flips of one and of two heads, and what an idle and a moving screen cost the host."""
    if PROGRAM not in runner.bench.programs:
        raise PuckError(f"test-images/bench has no {PROGRAM}")
    servers = [arg for name, device in SERVERS.items()
               for arg in ("-vnc", f"unix:{{run}}/vnc-{name},display={device},head=0")]
    looker = Looker(runner.rundir / "display", runner.figures)
    boot(runner, "display counted", "flips", icount.CPU, counted=True)
    try:
        boot(runner, "display", "screen", servers, on_line=looker.line)
    finally:
        looker.leave()
    looker.take_redraws()
    return report(runner.figures)


def boot(runner, variant, what, more, counted=False, on_line=None):
    spec = Spec(trace=False, icount=counted, gpu_options=",heads=2", append=APPEND, qemu_args=[*DEVICES, *more])
    command = f"modprobe virtio-gpu; modprobe bochs; {PROGRAM} {what} {PCI} {GPU} {runner.args.runs}\n"
    runner.boot(variant, spec, command, on_line=on_line)


def report(figures):
    def variant(key):
        return "display counted" if key.endswith(("_rate", "_latency_us")) else "display"

    def median(key):
        return figures.median(variant(key), key)

    def cell(key, form):
        return "not measured" if median(key) is None else f"{median(key):{form}} ({figures.spread(variant(key), key)})"

    print("\n640x480, flips as fast as they are shown, at 60 Hz where there are blankings; time is counted")
    for name, heads in (("puck", 1), ("puck", 2), ("virtio", 1), ("bochs", 1)):
        print(f"  {NAMES[name]:13} {heads} head{'s' if heads > 1 else ' '} {cell(f'{name}_{heads}_latency_us', '8.0f')} us "
              f"from call to event, {cell(f'{name}_{heads}_rate', '6.0f')} a second on each head")
    print("\n1920x1080 at 60 Hz, looked at by VNC: CPU time of QEMU, the guest's work in it")
    for name, device in NAMES.items():
        print(f"  {device:13} idle {cell(f'{name}_idle_cpu_ms', '6.1f')} ms in a second; a flip adds "
              f"{cell(f'{name}_moving_cpu_ms', '6.1f')} ms, with {cell(f'{name}_moving_updates', '.2f')} updates of VNC; "
              f"{cell(f'{name}_unseen_cpu_ms', '6.1f')} ms while nobody looks")
    print(f"  {'':13} redraws of puck-gpu: idle {cell('puck_idle_redraws', '.0f')}, "
          f"moving {cell('puck_moving_redraws', '.0f')}")
    return goals(median)


def goals(median):
    found = []

    def ratio(what, value, other, limit, at_most=True):
        if value is not None and other:
            found.append(Goal(what, value / other, limit, at_most))

    ratio("flips of each head: two heads / one", median("puck_2_rate"), median("puck_1_rate"), 0.9, at_most=False)
    for what, limits in (("idle", (1.0, 1.0)), ("moving", (0.5, 1.0)), ("unseen", (0.5, 1.0))):
        for other, limit in zip(("virtio", "bochs"), limits):
            ratio(f"{what} screen, CPU of the host: puck / {other}", median(f"puck_{what}_cpu_ms"),
                  median(f"{other}_{what}_cpu_ms"), limit)
    if median("puck_idle_redraws") is not None:
        found.append(Goal("idle screen: redraws of puck-gpu", median("puck_idle_redraws"), 0.0, True))
    return found


PARTS = {"display": bench_display}
