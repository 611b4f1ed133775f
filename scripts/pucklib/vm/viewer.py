# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody who looks at a machine's screen: a client of VNC that asks for one picture after the
other, and throws them away (RFC 6143, as far as QEMU's server needs it)."""

import contextlib
import os
import socket
import struct
import threading

VERSION = b"RFB 003.008\n"
NO_SECURITY, SHARED = b"\1", b"\1"
RAW, DESKTOP_SIZE = 0, -223
UPDATE, BELL, CUT_TEXT = 0, 2, 3
PIXEL = 4               # bytes, as QEMU's server has it by default
SECONDS = 20            # for the greeting


class Viewer(threading.Thread):
    """`updates` is how many pictures, or parts of one, have come so far."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.updates, self.error, self.left = 0, None, False
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(path))
        # Who listens there is QEMU.
        self.pid = struct.unpack("3i", self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        self.room = bytearray(1 << 20)
        self.size = self.greet()

    def greet(self):
        """Up to where pictures can be asked for; returns width and height."""
        self.read(len(VERSION))
        self.sock.sendall(VERSION)
        self.read(self.read(1)[0])
        self.sock.sendall(NO_SECURITY)
        self.read(4)
        self.sock.sendall(SHARED)
        width, height, length = struct.unpack(">HH16xI", self.read(24))
        self.read(length)
        self.sock.sendall(struct.pack(">BxH2i", 2, 2, RAW, DESKTOP_SIZE))
        self.sock.settimeout(None)
        return width, height

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise OSError("the server has hung up")
            data += more
        return data

    def skip(self, count):
        view = memoryview(self.room)
        while count:
            got = self.sock.recv_into(view[:min(count, len(view))])
            if not got:
                raise OSError("the server has hung up")
            count -= got

    def ask(self, changed):
        self.sock.sendall(struct.pack(">BBHHHH", 3, changed, 0, 0, *self.size))

    def take_update(self):
        for _ in range(struct.unpack(">xH", self.read(3))[0]):
            _, _, width, height, encoding = struct.unpack(">HHHHi", self.read(12))
            if encoding == DESKTOP_SIZE:
                self.size = (width, height)
            elif encoding == RAW:
                self.skip(width * height * PIXEL)
            else:
                raise OSError(f"encoding {encoding} was not asked for")
        self.updates += 1

    def run(self):
        try:
            self.ask(False)
            while True:
                kind = self.read(1)[0]
                if kind == UPDATE:
                    self.take_update()
                    self.ask(True)
                elif kind == CUT_TEXT:
                    self.skip(struct.unpack(">3xI", self.read(7))[0])
                elif kind != BELL:
                    raise OSError(f"message {kind} is not known")
        except OSError as err:
            self.error = err

    def cpu_seconds(self):
        """What QEMU has taken of the host's CPUs so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave(self):
        self.left = True
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.join()
        self.sock.close()
