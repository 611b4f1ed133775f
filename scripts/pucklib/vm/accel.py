# SPDX-License-Identifier: GPL-2.0-or-later
"""KVM or TCG: decided by starting a guest, not by looking at /dev/kvm.

There are machines whose /dev/kvm opens and makes VMs that then run nothing.
So a tiny guest is booted through the firmware for real: its boot sector
writes to isa-debug-exit. Anything but that exit code in time means TCG.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from ..base.util import cache, read_json, say, write_json

LIMIT = 2.0
VALUE = 0x21
EXIT_CODE = (VALUE << 1) | 1
# mov dx, 0x501; mov al, VALUE; out dx, al; hlt
BOOT_CODE = bytes([0xba, 0x01, 0x05, 0xb0, VALUE, 0xee, 0xf4])


def boot_sector():
    return BOOT_CODE + bytes(510 - len(BOOT_CODE)) + b"\x55\xaa"


def probe(qemu, device="/dev/kvm"):
    """(accelerator, why, and what to do about it)"""
    if not os.path.exists(device):
        return "tcg", ("no /dev/kvm: for speed, turn virtualization on in the firmware and load kvm_intel or kvm_amd; "
                       "in a virtual machine have it nested; in a container give it --device /dev/kvm")
    if not os.access(device, os.R_OK | os.W_OK):
        return "tcg", "/dev/kvm may not be opened by this user: as root, adduser USER kvm, and log in anew"
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder) / "boot"
        disk.write_bytes(boot_sector())
        cmd = [str(qemu), "-machine", "q35", "-accel", "kvm", "-m", "32M", "-nodefaults", "-display", "none",
               "-no-user-config", "-cpu", "host", "-device", "isa-debug-exit",
               "-drive", f"if=none,id=boot,format=raw,file={disk}", "-device", "ide-hd,drive=boot"]
        try:
            code = subprocess.run(cmd, capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT).returncode
        except subprocess.TimeoutExpired:
            return "tcg", (f"/dev/kvm is there, but a guest under it hung for {LIMIT:.0f} s: "
                           "nested virtualization that does not work; --accel kvm tries it all the same")
    if code == EXIT_CODE:
        return "kvm", "a probe guest ran"
    return "tcg", (f"/dev/kvm is there, but a guest under it ended with {code}: see dmesg; "
                   "--accel kvm tries it all the same")


def choose(qemu, wanted=None):
    """The accelerator to use; the answer is kept until the host boots again."""
    if wanted:
        return wanted, "asked for"
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    key = [boot_id, str(qemu), os.geteuid(), os.access("/dev/kvm", os.R_OK | os.W_OK)]
    stamp = cache("accel.json")
    known = read_json(stamp, {})
    if known.get("key") != key:
        accel, why = probe(qemu)
        known = {"key": key, "accel": accel, "why": why}
        write_json(stamp, known)
    return known["accel"], known["why"]


def announce(accel, why):
    say(f"accelerator: {accel.upper()} ({why})")
