# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of scripts/puck bench for 3D, beside QEMU's own virtio-gpu-gl.

Two machines take turns, each with one of them, the same Mesa in the guest, and the same llvmpipe on the
host. QEMU looks for the ends of virtio-gpu-gl's fences every 10 ms; puck-gpu is told of them.
"""

from ..build import client_image, qemu_gl, renderer, scenes
from ..report.figures import Goal
from ..suites import guesttests
from ..vm.machine import Spec
from .clients import LIST

# Whose image has the programs
MACHINE = "virgl"
NAMES = {"puck": "puck-gpu", "virtio": "virtio-gpu-gl"}
RATES = {"finish": "draw a triangle, glFinish", "look": "draw a triangle, look at it"}
GLMARK = ("build", "texture", "shading", "bump")
COMMAND = "client_virgl client_rates"
VIRTIO = ["-device", "virtio-gpu-gl-pci,id=virtio,bus=rp4,edid=off"]
# Pictures of the largest mode, for glmark2
GPU = ",render-bytes=2G"
LIMIT = 300             # seconds


def bench_render(runner):
    """Fences and frames of OpenGL, of puck-gpu and of virtio-gpu-gl."""
    packages = next(machine.packages for machine in guesttests.parse_list(LIST) if machine.name == MACHINE)
    program, image = renderer.ensure(), client_image.ensure(packages)
    own, other = runner.bench.qemu, qemu_gl.ensure(runner.bench.qemu)
    with qemu_gl.screen():
        for turn in range(runner.args.runs):
            boot(runner, own, turn, "puck", Spec(renderer=str(program), clients=image, gpu_options=GPU))
            boot(runner, other, turn, "virtio", Spec(gpu=False, load="none", clients=image,
                                                     qemu_args=[*VIRTIO, *qemu_gl.DISPLAY]))
    return report(runner.figures)


def boot(runner, qemu, turn, name, spec):
    spec.trace, spec.memory = False, "2G"
    with runner.by(qemu):
        runner.boot(f"render {name}", spec, f"{COMMAND} {name} {' '.join(GLMARK)}\n", timeout=LIMIT, turn=turn,
                    extra={scenes.PROGRAM: scenes.program()})


def report(figures):
    def median(key):
        return figures.median(f"render {key.partition('_')[0]}", key)

    def show(key, what):
        cells = [f"{NAMES[name]} {median(f'{name}_{key}'):7.1f} ({figures.spread(f'render {name}', f'{name}_{key}')})"
                 if median(f"{name}_{key}") else f"{NAMES[name]} not measured" for name in NAMES]
        print(f"  {what:30} " + ", ".join(cells))

    def ratio(goals, what, key, limit):
        mine, other = (median(f"{name}_{key}") for name in NAMES)
        if mine and other:
            goals.append(Goal(f"{what}: puck / virtio-gpu-gl", mine / other, limit, False))

    goals = []
    print("\nOpenGL by Mesa's virgl driver, times a second (median of the runs, range)")
    for key, what in RATES.items():
        show(key, what)
    for name in GLMARK:
        show(name, f"glmark2 {name}, frames")
    for key, what in RATES.items():
        ratio(goals, what, key, 4.0 if key == "finish" else 1.0)
    for name in GLMARK:
        ratio(goals, f"glmark2 {name}", name, 1.0)
    return goals


PARTS = {"render": bench_render}
