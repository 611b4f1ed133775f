# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's view of a display, for the guest: a picture that the host writes (screendump) into
a file of the run folder, which is a disk of the guest as well (test-images/lib/base/host_screen.h)."""

FILE = "screen:8M"
ARGS = ["-drive", "file={run}/screen,if=none,id=screen,format=raw",
        "-device", "virtio-blk-pci,bus=pcie.0,addr=0xb,serial=screen,drive=screen"]
