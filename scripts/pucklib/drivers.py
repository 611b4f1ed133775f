# SPDX-License-Identifier: GPL-2.0-or-later
"""Drivers that can be put under the DMA mapper: the one table of them.

What the machine needs for each, which modules the guest loads, and what gives
the driver something to do. `run`, `soak` and the guest tests all go by it; the
guest gets it as the file /puck/drivers, which puck-dma-run reads.
"""

from dataclasses import dataclass

from . import ports
from .util import PuckError

TABLE = "puck/drivers"
VIRTIO = "iommu_platform=on,disable-legacy=on"


@dataclass(frozen=True)
class Driver:
    """In `devices`, {bus} is the port and {id} the driver's name."""
    name: str
    devices: tuple              # values of -device
    modules: tuple              # for modprobe, in this order
    work: str                   # in the guest; what else it takes is said there
    disk: bool = False          # an empty disk {id}
    net: bool = False           # its netdev {id} is one end of a cable
    screen: bool = False        # the host's view of a display, as a disk of the guest
    port: str = ""              # in each machine, at this port


TABLE_OF_DRIVERS = (
    Driver("nvme", ("nvme,bus={bus},serial=puck,drive={id}",), ("nvme",), "dma_block nvme", disk=True),
    Driver("ahci", ("ich9-ahci,bus={bus},id={id}-host", "ide-hd,bus={id}-host.0,drive={id}"), ("ahci", "sd_mod"),
           "dma_block ahci", disk=True),
    Driver("xhci", ("qemu-xhci,bus={bus},id={id}-host", "usb-storage,bus={id}-host.0,drive={id}"),
           ("sd_mod", "usb-storage", "xhci_pci"), "dma_block xhci_pci", disk=True),
    Driver("virtio-blk", ("virtio-blk-pci,bus={bus},drive={id}," + VIRTIO,), ("virtio_blk",),
           "dma_block virtio_blk", disk=True),
    Driver("e1000e", ("e1000e,bus={bus},netdev={id},romfile=",), ("e1000e",), "dma_net e1000e", net=True),
    Driver("virtio-net", ("virtio-net-pci,bus={bus},netdev={id},romfile=,rx_queue_size=256,tx_queue_size=256," + VIRTIO,), ("virtio_net",),
           "dma_net virtio_net", net=True),
    Driver("virtio-gpu", ("virtio-gpu-pci,id=virtio-gpu,bus={bus},romfile=," + VIRTIO,), ("virtio_gpu",), "dma_gpu virtio_gpu", screen=True),
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
    partner: bool = False       # the cable's other end is of the same kind

    def qemu_args(self):
        name, args = self.driver.name, []
        if self.driver.disk:
            args += ["-drive", f"file={{run}}/{name},if=none,id={name},format=raw"]
        if self.driver.screen:
            args += ["-drive", "file={run}/screen,if=none,id=screen,format=raw",
                     "-device", "virtio-blk-pci,bus=pcie.0,addr=0xb,serial=screen,drive=screen"]
        args += self.devices(name, self.port)
        # The other end is not under the mapper.
        return args + (self.devices(f"{name}-partner", ports.OUTSIDE) if self.partner else [])

    def devices(self, name, bus):
        args = ["-netdev", f"hubport,id={name},hubid=0"] if self.driver.net else []
        for device in self.driver.devices:
            args += ["-device", device.format(bus=bus, id=name)]
        return args

    def files(self):
        named = [(self.driver.name, "64M")] if self.driver.disk else [("screen", "8M")] if self.driver.screen else []
        return [":".join(one) for one in named]

    def row(self):
        return "|".join((self.driver.name, ports.address(self.port), " ".join(self.driver.modules), self.driver.work))


def place(names):
    """Gives each driver a port. A network has two ends at least."""
    free = iter(ports.free())
    chosen = [find(name) for name in names]
    alone = sum(driver.net for driver in chosen) == 1
    return [Placed(driver, driver.port or next(free), driver.net and alone) for driver in chosen]


def cpus(placed, iommu, wanted):
    """With virtio-net behind QEMU's intel-iommu and several CPUs under TCG, the device reads
    from addresses that are mapped no more, and stops: under the kernel's own DMA layer
    as well, lazy or strict. With one CPU it does not."""
    racy = iommu == "intel" and any(one.driver.name == "virtio-net" for one in placed)
    return 1 if racy else wanted


def table(placed):
    """The file that the guest goes by."""
    return "".join(f"{one.row()}\n" for one in placed)
