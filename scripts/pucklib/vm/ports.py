# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's root ports, and where the guest finds them."""

from ..base.util import PuckError

# rp1 has puck-gpu. rp4 is the one port that puck-iommu is not in charge of.
COMMON = 4
OUTSIDE = "rp4"
FIRST_SLOT, FIRST_MORE = 0x4, 0x10
MOST = 12


def slot(number):
    return FIRST_SLOT + number - 1 if number <= COMMON else FIRST_MORE + number - COMMON - 1


def names(count=COMMON):
    return [f"rp{n}" for n in range(1, count + 1)]


def behind(count):
    """Those that puck-iommu is in charge of."""
    return [name for name in names(count) if name != OUTSIDE]


def free():
    """Behind the IOMMU, and nothing in them; those from rp5 on are made when asked for."""
    return [name for name in behind(MOST) if name != "rp1"]


def number(port):
    if port not in names(MOST):
        raise PuckError(f"no root port '{port}': rp1 to rp{MOST}")
    return int(port.removeprefix("rp"))


def address(port):
    """PCI address of a port."""
    return f"0000:00:{slot(number(port)):02x}.0"


def qemu_args(count):
    args = []
    for n, name in enumerate(names(count), start=1):
        args += ["-device", f"pcie-root-port,id={name},bus=pcie.0,chassis={n},slot={n},addr={slot(n):#x}"]
    return args
