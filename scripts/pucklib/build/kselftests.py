# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own selftests of what display and camera share: built from its source, for the guest."""

from ..base import steps
from ..base.util import cache, digest, lock
from . import kernel

FOLDER = "tools/testing/selftests"
# {name in the guest: sources below FOLDER}
TESTS = {"kselftest_dmabuf-heap": "dmabuf-heaps/dmabuf-heap.c", "kselftest_udmabuf": "drivers/dma-buf/udmabuf.c",
         "kselftest_sync": "sync/*.c"}
# The kernel's headers for user space, as they are in its source: drm.h, which is elsewhere on this system.
FLAGS = ["-O2", "-static", "-pthread", "-D_GNU_SOURCE=", "-D__user="]


def programs():
    """{path in the guest: program}"""
    tree = kernel.source_tree()
    return {f"bin/{name}": program(tree, name, paths) for name, paths in TESTS.items()}


def program(tree, name, paths):
    """The one that is made of all sources that `paths` finds."""
    sources = sorted((tree / FOLDER).glob(paths))
    key = digest(FLAGS, paths, *sources)
    out = cache("guest", f"{name}-{key}")
    with lock(f"compile-{name}"):
        if not out.exists():
            tmp = out.with_suffix(".partial")
            steps.run_step(f"compile {name}", ["gcc", *FLAGS, "-idirafter", tree / "include/uapi", "-o", tmp, *sources],
                           steps.log_path("guest-programs"), quiet=True)
            tmp.rename(out)
    return out
