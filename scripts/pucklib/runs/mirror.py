# SPDX-License-Identifier: GPL-2.0-or-later
"""A camera beside the GPU, and a screen: frames from one through the other to the third, and a
picture of what is seen there."""

import re
import shutil
import zlib

from ..base.util import PuckError
from ..report import picture
from ..vm import ports
from .job import PREFIX, show

PROGRAM = "puck-mirror"
SIZE = "640x360"
FRAMES = 30
# The one in port rp1, as QEMU and the guest know it.
GPU, PCI = "gpu0", "0000:01:00.0"
NAME, PLAIN = "screen.png", "screen.ppm"
# What puck-mirror says is on the screen.
DRAWN = re.compile(r"screen: (\d+)x(\d+) crc32=([0-9a-f]{8})")
WITHOUT = "no camera: this kernel has no sub-devices of V4L2, or no DMA memory of vb2"
# puck-cam.ko is built for kernels that have what it needs.
SCRIPT = f"""
camera=0
if [ -n "$(find /lib/modules -name 'puck-cam.ko*')" ]; then
	modprobe puck-cam && {{ [ ! -e /puck/trace ] || sh /puck/trace begin; }} && {PROGRAM} --frames {FRAMES} --size {SIZE} --gpu {PCI} --screen {GPU}
	camera=$?
else
	echo "{PREFIX}{WITHOUT}"
fi
"""


def compare(rundir, output):
    """A line on what is seen, beside what was drawn; PuckError if that is something else."""
    drawn = DRAWN.search(output)
    if not drawn:
        raise PuckError("the guest has drawn nothing on the screen")
    place = rundir / NAME
    width, height, rgb = picture.of_screen(place, rundir / PLAIN)
    seen, meant = f"{width}x{height} crc32={zlib.crc32(rgb):08x}", drawn[0].removeprefix("screen: ")
    if seen != meant:
        raise PuckError(f"the screen is not what the guest has drawn: {seen}, and not {meant}: {place}")
    return f"screen: {seen}, each pixel as the guest has drawn it: {place}"


def add(job, copy=None):
    """The camera's part, before all that `job` does; what is on the screen is kept in the run
    folder, and `copy` is one more place for it."""
    port = ports.behind(ports.COMMON)[-1]

    def report(result):
        if f"{PREFIX}{WITHOUT}" in result.output:
            return [f"nothing for --screen: {WITHOUT}"] if copy else []
        try:
            print(compare(result.rundir, result.output), flush=True)
        except PuckError as err:
            return [str(err)]
        if copy:
            shutil.copyfile(result.rundir / NAME, copy)
        return []

    job.spec.qemu_args = [*job.spec.qemu_args, "-device", f"puck-cam,id=cam0,bus={port}"]
    job.command = SCRIPT + job.command.removeprefix("exec ").rstrip() + " && exit $camera\n"
    job.programs = (*job.programs, PROGRAM)
    job.on_line, job.report = show, report
    return job
