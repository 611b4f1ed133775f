# SPDX-License-Identifier: GPL-2.0-or-later
"""What puck-qemu.so refuses when a QEMU loads it, tried with real ones.

A module that was made for another build, or with other structures, would take QEMU down
at some later time. So it is made wrongly here, and has to say so and end QEMU.
"""

import re
import subprocess
from dataclasses import dataclass

from ..build import apt, qemu_module
from ..report.verdict import Case

SUITE = "qtest.module"
LIMIT = 120             # seconds, against hanging alone


@dataclass(frozen=True)
class Check:
    """How a module is loaded, and what it has to say; None if it has nothing against it."""
    name: str
    file: str
    arguments: str
    says: str = None


def checks(module):
    """All of them, for the QEMU that `module` is of."""
    binary = module.binary
    version = re.escape(binary.version)
    return [
        Check("what fits is taken", qemu_module.MODULE, ""),
        Check("trace patterns are taken", qemu_module.MODULE, ",trace=puck_gpu_*,trace=-puck_gpu_dma"),
        Check("of another build", qemu_module.OTHER_BUILD, "",
              f"was built for QEMU {version}, build id {qemu_module.NO_BUILD}; this is {version}.*, build id {binary.build_id}"),
        Check("of another layout", qemu_module.OTHER_LAYOUT, "", "structures are not laid out as in the headers"),
        Check("an argument that it does not know", qemu_module.MODULE, ",colour=red",
              "no argument 'colour=red': trace=PATTERN is all"),
    ]


def load(program, path, arguments):
    """Exit status of a QEMU that loads it and is told to quit, and what it said."""
    cmd = [program, "-machine", "none", "-nodefaults", "-display", "none", "-monitor", "stdio",
           "-plugin", f"file={path}{arguments}"]
    done = subprocess.run([str(word) for word in cmd], input="quit\n", capture_output=True, text=True, timeout=LIMIT)
    return done.returncode, done.stderr.strip()


def judge(check, status, said):
    """A message, and the exit status of an error: no signal, and no machine that goes on."""
    good = status == 0 if check.says is None else status == 1 and bool(re.search(check.says, said))
    return Case(SUITE, check.name, "passed" if good else "failed",
                "" if good else f"exit status {status}; wanted: {check.says or 'nothing'}; said: {said}")


def run(which, wanted):
    """The cases; `which` is what --qemu says."""
    if not apt.on_debian():
        return [Case(SUITE, "module", "skipped", "QEMU's packages are Debian's")]
    module = qemu_module.stock(which)
    program, folder = module.ensure(), module.wrong_ones()
    cases = []
    for check in checks(module):
        if re.search(wanted or "", check.name):
            path = (program.parent if check.file == qemu_module.MODULE else folder) / check.file
            cases.append(judge(check, *load(program, path, check.arguments)))
    return cases
