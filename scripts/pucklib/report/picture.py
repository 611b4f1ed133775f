# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture that a guest has printed, as a PNG."""

import base64
import binascii
import re
import struct
import zlib

from ..base.util import PuckError

PREFIX = "picture: "
HEAD = re.compile(r"XRGB8888 ([1-9]\d{0,4})x([1-9]\d{0,4})")
BYTES = 4               # of a pixel
MOST = 4096 * 2160


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encode(width, height, pixels):
    """PNG of 8-bit RGB from XRGB8888 as it lies in memory: blue, green, red, nothing."""
    rgb = bytearray(width * height * 3)
    rgb[0::3], rgb[1::3], rgb[2::3] = pixels[2::BYTES], pixels[1::BYTES], pixels[0::BYTES]
    line = width * 3
    # Each line begins with its filter: none.
    rows = b"".join(b"\0" + rgb[at:at + line] for at in range(0, len(rgb), line))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


class Picture:
    """Takes the lines "picture: ..." from a guest's output."""

    def __init__(self):
        self.head, self.lines = None, []

    def take(self, line):
        """Whether the line was one of them."""
        if not line.startswith(PREFIX):
            return False
        if self.head is None:
            self.head = line.removeprefix(PREFIX).strip()
        else:
            self.lines.append(line.removeprefix(PREFIX).strip())
        return True

    def png(self):
        found = HEAD.fullmatch(self.head or "")
        if not found:
            raise PuckError("the guest sent no picture")
        width, height = map(int, found.groups())
        try:
            pixels = base64.b64decode("".join(self.lines), validate=True)
        except binascii.Error as err:
            raise PuckError(f"the guest's picture is no base64: {err}") from None
        if width * height > MOST or len(pixels) != width * height * BYTES:
            raise PuckError(f"the guest's picture of {width}x{height} has {len(pixels)} bytes")
        return encode(width, height, pixels)
