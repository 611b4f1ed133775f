# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast the host's time stamp counter runs.

TCG hands it to the guest, whose kernel would measure it against emulated timers.
On a busy host it gets that wrong by any factor, and then times out, stalls or
hangs. So it is told.
"""

import ctypes
import functools
import mmap
import platform
import time

# rdtsc; shl rdx, 32; or rax, rdx; ret
CODE = bytes([0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3])
TURNS, SECONDS = 5, 0.01


@functools.lru_cache(maxsize=None)
def khz():
    """None where it cannot be known."""
    if platform.machine() != "x86_64":
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    page.write(CODE)
    read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return sorted(measure(read) for _ in range(TURNS))[TURNS // 2]


def measure(read):
    start, ticks = time.monotonic_ns(), read()
    time.sleep(SECONDS)
    end, more = time.monotonic_ns(), read()
    return (more - ticks) * 1000000 // (end - start)


def kernel_words(spec):
    """For the command line of a guest whose counter is the host's."""
    known = khz() if spec.accel == "tcg" and not spec.icount else None
    return [f"tsc_early_khz={known} tsc=reliable"] if known else []
