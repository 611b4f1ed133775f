# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of a screen, as QEMU leaves them: PNG, or PPM where it was built without that."""

import re
import struct
import zlib

from ..base.util import PuckError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PPM = re.compile(rb"P6\n([1-9]\d{0,4}) ([1-9]\d{0,4})\n255\n")
BYTES = 3               # of a pixel: red, green, blue
MOST = 4096 * 4096      # pixels
# QEMU writes lines of a PPM as they lie in its memory (docs/findings.rst).
PPM_ALIGN = 4
EIGHT_BIT_RGB = (8, 2, 0, 0, 0)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encode(width, height, rgb):
    """PNG of 8-bit RGB."""
    line = width * BYTES
    # Each line begins with its filter: none.
    rows = b"".join(b"\0" + rgb[at:at + line] for at in range(0, len(rgb), line))
    head = struct.pack(">IIBBBBB", width, height, *EIGHT_BIT_RGB)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


def chunks(png):
    """The kind and the data of each, up to the end."""
    at, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if len(png) < at + 12:
            raise PuckError("the PNG ends too early")
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        data, found = png[at + 8:at + 8 + length], png[at + 8 + length:at + 12 + length]
        if found != struct.pack(">I", zlib.crc32(kind + data)):
            raise PuckError("the PNG is damaged")
        yield kind, data
        at += 12 + length


def paeth(left, above, corner):
    """Whichever is nearest to left + above - corner."""
    near_left, near_above, near_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if near_left <= near_above and near_left <= near_corner:
        return left
    return above if near_above <= near_corner else corner


def add_left(line, _above):
    for i in range(BYTES, len(line)):
        line[i] = (line[i] + line[i - BYTES]) & 255


def add_above(line, above):
    line[:] = bytes((a + b) & 255 for a, b in zip(line, above))


def add_average(line, above):
    for i, up in enumerate(above):
        line[i] = (line[i] + ((line[i - BYTES] if i >= BYTES else 0) + up) // 2) & 255


def add_paeth(line, above):
    for i, up in enumerate(above):
        left, corner = (line[i - BYTES], above[i - BYTES]) if i >= BYTES else (0, 0)
        line[i] = (line[i] + paeth(left, up, corner)) & 255


# By the number in front of a line: what was taken away from its bytes.
FILTERS = (lambda line, above: None, add_left, add_above, add_average, add_paeth)


def unfilter(rows, width, height):
    length = width * BYTES
    if len(rows) != height * (length + 1):
        raise PuckError(f"the PNG of {width}x{height} has {len(rows)} bytes")
    above, lines = bytes(length), []
    for at in range(0, len(rows), length + 1):
        line = bytearray(rows[at + 1:at + 1 + length])
        if rows[at] >= len(FILTERS):
            raise PuckError(f"the PNG has filter {rows[at]}")
        FILTERS[rows[at]](line, above)
        lines.append(line)
        above = line
    return b"".join(lines)


def decode(png):
    """Width, height and RGB of a PNG such as QEMU makes: 8-bit RGB."""
    if not png.startswith(SIGNATURE):
        raise PuckError("no PNG")
    head, packed = b"", b""
    for kind, data in chunks(png):
        head = data if kind == b"IHDR" else head
        packed += data if kind == b"IDAT" else b""
    if len(head) != 13 or tuple(head[8:]) != EIGHT_BIT_RGB:
        raise PuckError("the PNG is not 8-bit RGB")
    width, height = struct.unpack(">II", head[:8])
    if not 0 < width * height <= MOST:
        raise PuckError(f"a PNG of {width}x{height}")
    try:
        rows = zlib.decompress(packed)
    except zlib.error as err:
        raise PuckError(f"the PNG is damaged: {err}") from None
    return width, height, unfilter(rows, width, height)


def decode_ppm(ppm):
    """The same of a PPM; lines may be longer than their pixels, as QEMU leaves them."""
    found = PPM.match(ppm)
    if not found:
        raise PuckError("no PPM")
    width, height = map(int, found.groups())
    line, data = width * BYTES, ppm[found.end():]
    step = next((n for n in (line, -(-line // PPM_ALIGN) * PPM_ALIGN) if len(data) == n * height), None)
    if step is None:
        raise PuckError(f"the PPM of {width}x{height} has {len(data)} bytes")
    return width, height, b"".join(data[at:at + line] for at in range(0, len(data), step))


def of_screen(png, ppm):
    """What QEMU has left at one of these places, as width, height and RGB; it is a PNG behind that."""
    if not png.exists() and ppm.exists():
        png.write_bytes(encode(*decode_ppm(ppm.read_bytes())))
        ppm.unlink()
    if not png.exists():
        raise PuckError("QEMU has made no picture of the screen: qmp.log says why")
    return decode(png.read_bytes())
