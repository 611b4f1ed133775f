# SPDX-License-Identifier: GPL-2.0-or-later
"""A camera beside the GPU: frames from one through the other, and a picture of it."""

from ..base.util import PuckError
from ..report.picture import Picture
from ..vm import ports
from .job import PREFIX, show

PROGRAM = "puck-mirror"
SIZE = "320x180"
FRAMES = 30
NAME = "picture.png"
WITHOUT = "no camera: this kernel has no sub-devices of V4L2, or no DMA memory of vb2"
# puck-cam.ko is built for kernels that have what it needs.
SCRIPT = f"""
camera=0
if [ -n "$(find /lib/modules -name 'puck-cam.ko*')" ]; then
	modprobe puck-cam && {PROGRAM} --frames {FRAMES} --size {SIZE} --picture
	camera=$?
else
	echo "{PREFIX}{WITHOUT}"
fi
"""


def add(job):
    """The camera's part, before all that `job` does; its picture is kept in the run folder."""
    picture = Picture()
    port = ports.behind(ports.COMMON)[-1]

    def on_line(line):
        if not picture.take(line):
            show(line)

    def report(result):
        if f"{PREFIX}{WITHOUT}" in result.output:
            return []
        place = result.rundir / NAME
        try:
            place.write_bytes(picture.png())
        except PuckError as err:
            return [str(err)]
        print(f"picture of the last frame: {place}", flush=True)
        return []

    job.spec.qemu_args = [*job.spec.qemu_args, "-device", f"puck-cam,id=cam0,bus={port}"]
    job.command = SCRIPT + job.command.removeprefix("exec ").rstrip() + " && exit $camera\n"
    job.programs = (*job.programs, PROGRAM)
    job.on_line, job.report = on_line, report
    return job
