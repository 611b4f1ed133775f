# SPDX-License-Identifier: GPL-2.0-or-later
"""Drivers that can be put under the DMA mapper: the one table of them.

What the machine needs for each, which modules the guest loads, and what gives
the driver something to do. `run`, `soak` and the guest tests all go by it; the
guest gets it as the file /puck/drivers, which puck-dma-run reads.
"""

import re
from dataclasses import dataclass

from . import ports
from .util import PuckError

TABLE = "puck/drivers"
VIRTIO = "iommu_platform=on,disable-legacy=on"
# QEMU's virtio takes a ring at address 0 for none (docs/findings.rst).
NO_RING_AT_0 = "window=any"


@dataclass(frozen=True)
class Driver:
    """In `devices`, {bus} is the port and {id} the driver's name."""
    name: str
    devices: tuple              # values of -device
    modules: tuple              # for modprobe, in this order
    work: str                   # in the guest; what else it takes is said there
    disk: bool = False          # an empty disk {id}
    partner: str = ""           # -device of the other end of its cable, not under the mapper
    known: str = ""             # what the kernel's log may say: bugs of the driver (docs/findings.rst)
    bind: str = ""              # more words for a policy that is drawn, when it binds
    screen: bool = False        # the host's view of a display, as a disk of the guest
    port: str = ""              # in each machine, at this port


TABLE_OF_DRIVERS = (
    Driver("nvme", ("nvme,bus={bus},serial=puck,drive={id}",), ("nvme",), "dma_block nvme", disk=True),
    Driver("ahci", ("ich9-ahci,bus={bus},id={id}-host", "ide-hd,bus={id}-host.0,drive={id}"), ("ahci", "sd_mod"),
           "dma_block ahci", disk=True),
    # USB 2, whose packets are a sector: with parts of one xhci_hcd falls over sync=bounce (docs/findings.rst).
    Driver("xhci", ("qemu-xhci,p3=0,bus={bus},id={id}-host", "usb-storage,bus={id}-host.0,drive={id}"),
           ("sd_mod", "usb-storage", "xhci_pci"), "dma_block xhci_pci", disk=True),
    Driver("virtio-blk", ("virtio-blk-pci,bus={bus},drive={id}," + VIRTIO,), ("virtio_blk",),
           "dma_block virtio_blk", disk=True, bind=NO_RING_AT_0),
    Driver("e1000e", ("e1000e,bus={bus},netdev={id},romfile=",), ("e1000e",), "dma_net e1000e",
           known=r"puck-dma .*finding: leak: 0x0\+.* by e1000_",
           partner="e1000e,bus={bus},netdev={id},romfile="),
    Driver("virtio-net", ("virtio-net-pci,bus={bus},netdev={id},romfile=," + VIRTIO,), ("virtio_net",),
           "dma_net virtio_net", bind=NO_RING_AT_0,
           partner="virtio-net-pci,bus={bus},netdev={id},romfile=,disable-legacy=on"),
    Driver("virtio-gpu", ("virtio-gpu-pci,id=virtio-gpu,bus={bus},romfile=," + VIRTIO,), ("virtio_gpu",),
           "dma_gpu virtio_gpu", screen=True, bind=NO_RING_AT_0,
           known=r"drm_mm_takedown|puck-dma .*finding: leak: .* by drm_gem_shmem_get_pages_sgt"),
    Driver("puck-gpu", (), ("puck",), "dma_puck", port="rp1"),
)
DRIVERS = {driver.name: driver for driver in TABLE_OF_DRIVERS}


def find(name):
    if name not in DRIVERS:
        raise PuckError(f"no driver '{name}': {', '.join(DRIVERS)}")
    return DRIVERS[name]


@dataclass
class Placed:
    """A driver with its device at a port of one machine."""
    driver: Driver
    port: str
    alone: bool = False         # no other driver here is at the cable's other end

    def qemu_args(self):
        name, args = self.driver.name, []
        if self.driver.disk:
            args += ["-drive", f"file={{run}}/{name},if=none,id={name},format=raw"]
        if self.driver.screen:
            args += ["-drive", "file={run}/screen,if=none,id=screen,format=raw",
                     "-device", "virtio-blk-pci,bus=pcie.0,addr=0xb,serial=screen,drive=screen"]
        if self.driver.partner:
            args += ["-netdev", f"hubport,id={name},hubid=0"]
        for device in self.driver.devices:
            args += ["-device", device.format(bus=self.port, id=name)]
        return args + (self.other_end(f"{name}-partner") if self.alone else [])

    def other_end(self, name):
        return ["-netdev", f"hubport,id={name},hubid=0",
                "-device", self.driver.partner.format(bus=ports.OUTSIDE, id=name)]

    def files(self):
        named = [(self.driver.name, "64M")] if self.driver.disk else [("screen", "8M")] if self.driver.screen else []
        return [":".join(one) for one in named]

    def row(self):
        return "|".join((self.driver.name, ports.address(self.port), " ".join(self.driver.modules), self.driver.bind,
                         self.driver.work))


def place(names):
    """Gives each driver a port. A network has two ends at least."""
    free = iter(ports.free())
    chosen = [find(name) for name in names]
    alone = sum(bool(driver.partner) for driver in chosen) == 1
    return [Placed(driver, driver.port or next(free), bool(driver.partner) and alone) for driver in chosen]


def sort_out(driver, findings):
    """(those that are known of the driver, the others)"""
    def is_known(text):
        return bool(driver.known and re.search(driver.known, text))
    return [f for f in findings if is_known(f)], [f for f in findings if not is_known(f)]


def table(placed):
    """The file that the guest goes by."""
    return "".join(f"{one.row()}\n" for one in placed)
