# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU with sanitizers, and its fuzzers: the build that `puck test sanitize` runs."""

import shutil

from ..base.util import REPO
from . import apt
from .qemu import CONFIGURE, DEVICES, HOOKS, OVERLAY, Flavour, Qemu

FUZZER = "qemu-fuzz-x86_64"
PACKAGES = {
    "clang-14": "compiler with libFuzzer",
    "libclang-rt-14-dev": "the sanitizers' run-time",
    "llvm-14": "the coverage's figures, symbols in reports",
}
DROPPED = ("--enable-tcg", "--disable-debug-info")
ADDED = """
--disable-tcg --enable-asan --enable-ubsan --enable-fuzzing -Doptimization=1
--cc={root}/tools/clang --cxx={root}/tools/clang++ --extra-ldflags=-fprofile-instr-generate
""".split()
# An IOMMU that sends its fault message within the access at fault.
MORE_DEVICES = ["AMD_IOMMU"]
WRAPPER = "tests/fuzz/cc-wrapper"


def flavour():
    """ASan and UBSan where they count, and QEMU's fuzzer with Puck's targets in it."""
    wrapper = (REPO / WRAPPER).read_text()
    return Flavour(
        configure=[word for word in CONFIGURE if word not in DROPPED] + ADDED,
        hooks={**HOOKS, "tests/qtest/fuzz/meson.build": lambda text: text + "subdir('puck')\n"},
        devices=[*DEVICES, *MORE_DEVICES],
        overlay={**OVERLAY, "tests/qtest/fuzz/puck": "tests/fuzz"},
        tools={f"tools/{name}": wrapper.replace("COMPILER", f"{name}-14") for name in ("clang", "clang++")},
        targets=[FUZZER],
        # The wrapper gives options to the linker that it does not use.
        warnings_are_errors=False,
        title="QEMU with sanitizers")


def ensure(qemu_src=None):
    """The Qemu, built, and a folder with copies of emulator and fuzzer.

    As with all published binaries, a build that goes on elsewhere does not take
    these away from under what runs.
    """
    apt.ensure_host({**apt.HOST_PACKAGES, **apt.QEMU_PACKAGES, **PACKAGES})
    qemu = Qemu(qemu_src, flavour())
    folder = qemu.ensure(qemu.qtests()).parent
    built, copy = qemu.build / FUZZER, folder / FUZZER
    if not copy.exists() or copy.stat().st_mtime_ns != built.stat().st_mtime_ns:
        partial = copy.with_suffix(".partial")
        shutil.copy2(built, partial)
        partial.rename(copy)
    return qemu, folder
