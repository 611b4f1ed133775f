# SPDX-License-Identifier: GPL-2.0-or-later
"""Drivers that can be put under the DMA mapper: the one table of them.

What the machine needs for each, which modules the guest loads, and what gives
the driver something to do. `run`, `soak` and the guest tests all go by it; the
guest gets it as the file /puck/drivers, which puck-dma-run reads.
"""

import re
from dataclasses import dataclass

from ..base.util import PuckError
from ..report import findings
from . import ports, screen

TABLE = "puck/drivers"
VIRTIO = "iommu_platform=on,disable-legacy=on"
# QEMU's virtio takes a ring at address 0 for none (docs/findings.rst).
NO_RING_AT_0 = "window=any"


OWN = "own"
DISK_SIZE = "64M"
BAD_SECTOR = 126977     # of 131072


@dataclass(frozen=True)
class Known:
    """A bug of a driver that is known (docs/findings.rst): these findings are it, and no others."""
    kind: str                   # class of the finding
    mapped_by: tuple            # functions, one of which made the mapping
    module: str
    text: str = ""              # what the line has to have beside, a regular expression
    most: int = 0               # how often while it is bound once; 0: any number

    def matches(self, finding):
        site = finding.sites.get("mapped")
        return (finding.kind == self.kind and site is not None and site.function in self.mapped_by
                and site.module == self.module and bool(re.search(self.text, finding.text)))

    def explains(self, group):
        """More of them than the bug makes are not the bug: the like of a finding is counted alone."""
        return self.matches(group.first) and not (self.most and group.most > self.most)


@dataclass(frozen=True)
class Driver:
    """In `devices`, {bus} is the port and {id} the driver's name."""
    name: str
    devices: tuple              # values of -device
    modules: tuple              # for modprobe, in this order
    work: str                   # in the guest; what else it takes is said there
    disk: bool = False          # an empty disk {id}
    partner: str = ""           # -device of the other end of its cable, not under the mapper
    known: tuple = ()           # findings that are bugs of the driver
    splat: str = ""             # a line of the kernel's log that is one
    bind: str = ""              # more words for a policy that is drawn, when it binds
    screen: bool = False        # the host's view of a display, as a disk of the guest
    port: str = ""              # in each machine, at this port
    ways: tuple = ()            # options of the work, that take turns in the rounds of a run
    fail: str = "fail=share:16"     # words for mappings that fail while it works
    fail_pool: str = ""         # the same for pages of its dma_pools
    no_fail_ways: tuple = ()    # ways of work in which they must not
    why_no_ways: str = ""       # and why
    no_fail: str = ""           # why they must not
    no_fail_bind: str = ""      # why they must not while it binds

    @property
    def fail_ways(self):
        """Ways of work that go on while mappings fail. Errors of the disk's own are for other rounds."""
        return [way for way in self.ways if "--bad" not in way and way not in self.no_fail_ways] or [""]

    @property
    def takes_options(self):
        """Whether its work is one of the guest's programs that dma_test.h is in, or does as they."""
        return self.work.startswith("dma_")


TABLE_OF_DRIVERS = (
    Driver("nvme", ("nvme,bus={bus},serial=puck,drive={id}",), ("nvme",), "dma_block nvme", disk=True,
           ways=("", "--large", "--bad", "--depth 1", "--large --depth 32"), fail_pool="fail=share:2,of=pool"),
    Driver("ahci", ("ich9-ahci,bus={bus},id={id}-host", "ide-hd,bus={id}-host.0,drive={id}"), ("ahci", "sd_mod"),
           "dma_block ahci", disk=True, ways=("", "--large", "--depth 32", "--depth 1")),
    # USB 2, whose packets are a sector: with parts of one xhci_hcd falls over sync=bounce (docs/findings.rst).
    Driver("xhci", ("qemu-xhci,p3=0,bus={bus},id={id}-host", "usb-storage,bus={id}-host.0,drive={id}"),
           ("sd_mod", "usb-storage", "xhci_pci"), "dma_block xhci_pci", disk=True,
           ways=("", "--large")),
    Driver("virtio-blk", ("virtio-blk-pci,bus={bus},drive={id}," + VIRTIO,), ("virtio_blk",),
           "dma_block virtio_blk", disk=True, bind=NO_RING_AT_0, fail="fail=share:400",
           ways=("", "--large", "--bad", "--depth 32")),
    Driver("e1000e", ("e1000e,bus={bus},netdev={id},romfile=",), ("e1000e",), "dma_net e1000e",
           known=(Known("leak", ("e1000_xmit_frame", "e1000_alloc_rx_buffers"), "e1000e", r"^0x0\+", most=1),
                  Known("leak", ("e1000_alloc_rx_buffers_ps",), "e1000e",
                        r"^0x0\+|^0x\w+\+0x1000 \(page, from-device")),
           ways=("", "--jumbo --pages", "--mtu 4000", "--mtu 600"), fail="fail=share:50",
           no_fail_ways=("--jumbo --pages", "--mtu 4000"),
           why_no_ways="with large frames it uses a page that was not mapped (docs/findings.rst)",
           partner="e1000e,bus={bus},netdev={id},romfile="),
    Driver("virtio-net", ("virtio-net-pci,bus={bus},netdev={id},romfile=," + VIRTIO,), ("virtio_net",),
           "dma_net virtio_net", bind=NO_RING_AT_0, fail="fail=share:400", ways=("", "--mtu 600", "--mtu 4000"),
           partner="virtio-net-pci,bus={bus},netdev={id},romfile=,disable-legacy=on"),
    Driver("virtio-gpu", ("virtio-gpu-pci,id=virtio-gpu,bus={bus},romfile=," + VIRTIO,), ("virtio_gpu",),
           "dma_gpu virtio_gpu", screen=True, bind=NO_RING_AT_0,
           # The console's framebuffer, 1280 by 800 pixels.
           known=(Known("leak", ("drm_gem_shmem_get_pages_sgt",), "drm_shmem_helper",
                        r"\+0x3e8000 \(sg, .*bidirectional", most=1),),
           splat=r"\bdrm_mm_takedown\+",
           no_fail="it waits for ever for a command that could not be mapped"),
    Driver("puck-gpu", (), ("puck",), "dma_puck", port="rp1", no_fail="gpu_stress takes no error for an answer"),
)
DRIVERS = {driver.name: driver for driver in TABLE_OF_DRIVERS}


def find(name):
    if name not in DRIVERS:
        raise PuckError(f"no driver '{name}': {', '.join(DRIVERS)}")
    return DRIVERS[name]


def disk(name):
    """The disk {run}/name; a sector in its last eighth cannot be read, for dma_block --bad."""
    bad = {"event": "none", "iotype": "read", "errno": 5, "sector": BAD_SECTOR, "immediately": "off"}
    words = [f"file.inject-error.0.{key}={value}" for key, value in bad.items()]
    return ",".join(["if=none", f"id={name}", "format=raw", "file.driver=blkdebug", "file.image.driver=file",
                     f"file.image.filename={{run}}/{name}", *words])


@dataclass
class Placed:
    """A driver with its device at a port of one machine."""
    driver: Driver
    port: str
    alone: bool = False         # no other driver here is at the cable's other end

    def qemu_args(self):
        name, args = self.driver.name, []
        if self.driver.disk:
            args += ["-drive", disk(name)]
        if self.driver.screen:
            args += screen.ARGS
        if self.driver.partner:
            args += ["-netdev", f"hubport,id={name},hubid=0"]
        for device in self.driver.devices:
            args += ["-device", device.format(bus=self.port, id=name)]
        return args + (self.other_end(f"{name}-partner") if self.alone else [])

    def other_end(self, name):
        return ["-netdev", f"hubport,id={name},hubid=0",
                "-device", self.driver.partner.format(bus=ports.OUTSIDE, id=name)]

    def files(self):
        if self.driver.disk:
            return [f"{self.driver.name}:{DISK_SIZE}"]
        return [screen.FILE] if self.driver.screen else []

    def row(self):
        return "|".join((self.driver.name, ports.address(self.port), " ".join(self.driver.modules), self.driver.bind,
                         self.driver.work))


def place(names):
    """Gives each driver a port. A network has two ends at least."""
    free = iter(ports.free())
    chosen = [find(name) for name in names]
    alone = sum(bool(driver.partner) for driver in chosen) == 1
    return [Placed(driver, driver.port or next(free), bool(driver.partner) and alone) for driver in chosen]


def is_known(driver, text):
    """Whether a line of the kernel's log tells of a bug that is known of the driver; of None, one of the user's, none is."""
    if not driver:
        return False
    finding = findings.parse(text)
    if finding:
        return any(known.matches(finding) for known in driver.known)
    return bool(driver.splat and re.search(driver.splat, text))


def is_known_group(driver, group):
    """The same of a finding with how often it came."""
    return bool(driver) and any(known.explains(group) for known in driver.known)


def unknown_findings(driver, console):
    """What the mapper found, each once, that is no bug known of the driver."""
    return [group for group in findings.grouped(console) if not is_known_group(driver, group)]


def sort_out(driver, texts):
    """(those lines that are known of the driver, the others)"""
    return [t for t in texts if is_known(driver, t)], [t for t in texts if not is_known(driver, t)]


def table(placed):
    """The file that the guest goes by."""
    return "".join(f"{one.row()}\n" for one in placed)
