# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest calls the devices of a machine, from the command line of its QEMU."""

import re
from pathlib import Path

from ..base.util import read_json


def options(value):
    name, *words = value.split(",")
    return name, dict(word.partition("=")[::2] for word in words)


# The kernel's log: a port, and the number of the bus behind it.
BRIDGE = re.compile(r"pci 0000:00:([0-9a-f]{2})\.0: PCI bridge to \[bus ([0-9a-f]{2})")


class Devices:
    """Names of devices by their PCI addresses: of those on the root bus and right below its ports.
    Which bus is behind a port the guest's log says; else they are in the order of slots."""

    def __init__(self, command=None, console=""):
        command = command if isinstance(command, list) else []
        given = [options(value) for option, value in zip(command, command[1:]) if option == "-device"]
        ports = sorted((int(words.get("addr", "0"), 16), words.get("id")) for name, words in given
                       if name == "pcie-root-port" and re.fullmatch(r"0x[0-9a-f]+|\d+", words.get("addr", "0")))
        told = {int(slot, 16): int(bus, 16) for slot, bus in BRIDGE.findall(console)}
        buses = {port: told.get(slot, number) for number, (slot, port) in enumerate(ports, start=1)}
        self.names, self.kinds = {}, {}
        for name, words in given:
            bus, addr = words.get("bus", ""), words.get("addr", "0x0")
            if name == "pcie-root-port" or not re.fullmatch(r"0x[0-9a-f]+", addr):
                continue
            number = buses.get(bus, 0 if bus == "pcie.0" else None)
            if number is not None:
                where = f"0000:{number:02x}:{int(addr, 16):02x}.0"
                self.names[where] = words.get("id") or name
                self.kinds[self.names[where]] = name

    @classmethod
    def of(cls, folder):
        log = Path(folder) / "console.log"
        known = read_json(Path(folder) / "run.json")
        return cls(known.get("cmd") if isinstance(known, dict) else None,
                   log.read_text(errors="replace") if log.exists() else "")

    def name(self, address):
        return self.names.get(address, address)

    def address(self, name):
        return next((address for address, known in self.names.items() if known == name), name)

    @staticmethod
    def of_requester(rid):
        return f"0000:{rid >> 8:02x}:{rid >> 3 & 0x1f:02x}.{rid & 7}"
