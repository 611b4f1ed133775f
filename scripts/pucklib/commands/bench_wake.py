# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of scripts/puck bench for the way of a 3D fence from the renderer to a program of the guest.

test-images/bench/wake.c draws and waits, QEMU's trace has the stamps, report/wakes.py makes stages of them. What
QEMU's own virtio-gpu-gl has stands beside it: its fences are called back about when QEMU asks for them, every 10 ms,
so the whole turn is what can be compared.
"""

import re
import statistics

from ..base.util import PuckError, say, write_json
from ..build import qemu_gl, renderer
from ..report import wakes
from ..report.figures import Goal
from ..vm.machine import Spec
from .bench_render import NAMES, VIRTIO

PROGRAM = "bench-wake"
FENCES = 2500           # a turn; some are over before anybody sleeps
LIMIT = 300             # seconds
MORE = ["-device", f"puck-cam,id={wakes.MARKER},bus=rp2", "-msg", "timestamp=on"]
FILE, EVENTS = "wakes.json", "events.log"


def bench_wake(runner):
    """From the callback of a fence to the program that waits for it, of puck-gpu and of virtio-gpu-gl."""
    program = str(renderer.ensure())
    own, other = runner.bench.qemu, qemu_gl.ensure(runner.bench.qemu)
    found = {name: [] for name in NAMES}
    with qemu_gl.screen():
        for turn in range(runner.args.runs):
            found["puck"].append(boot(runner, own, turn, "puck", Spec(renderer=program)))
            # The last -trace decides upon the file.
            traced = [arg for event in wakes.QEMU_EVENTS for arg in ("-trace", f"{event},file={{run}}/{EVENTS}")]
            found["virtio"].append(boot(runner, other, turn, "virtio", Spec(gpu=False, load="none", qemu_args=[
                *VIRTIO, *qemu_gl.DISPLAY, *traced])))
    write_json(runner.rundir / FILE, {NAMES[name]: [wakes.raw(reader) for reader in readers]
                                      for name, readers in found.items()})
    return report(runner, found)


def boot(runner, qemu, turn, name, spec):
    """A Reader with the fences of this turn."""
    spec.events, spec.qemu_args = wakes.EVENTS, [*spec.qemu_args, *MORE]
    load = "modprobe virtio-gpu; " if name == "virtio" else ""
    variant = f"wake {name}"
    with runner.by(qemu):
        runner.boot(variant, spec, f"{load}{PROGRAM} {name} {FENCES}\n", timeout=LIMIT, turn=turn,
                    on_line=lambda line: say(f"  {variant}: {line}") if line.startswith("# progress") else None)
    path = runner.rundir / f"{variant} {turn}".replace(" ", "-") / EVENTS
    with open(path, errors="replace") as lines:
        reader = wakes.read(lines)
    if not reader.wakes:
        raise PuckError(f"{path} has no fence that is whole: {reader.left_out} are not, {len(reader.early)} were early")
    take(runner.figures, name, reader)
    return reader


def take(figures, name, reader):
    """The median of each stage, and the mean of the turns: where some wait for 10 ms and others do not, which of both the
    median has is chance."""
    told = {stage: statistics.median(wakes.spans(reader.wakes, start, end)) for stage, start, end in wakes.STAGES}
    for stage, value in {**told, wakes.TURN: statistics.fmean(wakes.turns(reader))}.items():
        figures.take(f"wake {name}", f"bench: {key_of(name, stage)} {value}")


def key_of(name, stage):
    """Of bench.json."""
    return f"{name}_{re.sub('[^a-z]+', '_', stage)}_us"


def report(runner, found):
    for name, readers in found.items():
        fences = [wake for reader in readers for wake in reader.wakes]
        early, lost = sum(len(reader.early) for reader in readers), sum(reader.left_out for reader in readers)
        print(f"\n{NAMES[name]}: fences of 3D, {len(fences)} of them (more: {early} that nobody slept for, {lost} not whole); "
              "microseconds")
        print("\n".join(wakes.table(fences, [value for reader in readers for value in wakes.turns(reader)])))
        print(f"{NAMES[name]}: {wakes.WHOLE}")
        print("\n".join(wakes.show(wakes.spans(fences, "callback", "awake"))))
    print(f"all stamps: {runner.rundir / FILE}")
    means = {name: (f"wake {name}", key_of(name, wakes.TURN)) for name in NAMES}
    print("mean turn, microseconds (median of the runs, range): " + ", ".join(
        f"{NAMES[name]} {runner.figures.median(*at):.0f} ({runner.figures.spread(*at)})" for name, at in means.items()))
    mine, other = (runner.figures.median(*at) for at in means.values())
    return [Goal("mean turn: puck / virtio-gpu-gl", mine / other, 0.5, True)]


PARTS = {"wake": bench_wake}
