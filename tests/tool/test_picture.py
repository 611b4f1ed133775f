# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's picture becomes a PNG, read back here by its specification alone."""

import base64
import struct
import sys
import tempfile
import unittest
import zlib
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.report.picture import Picture  # noqa: E402
from pucklib.runs import mirror  # noqa: E402
from pucklib.runs.job import Job  # noqa: E402
from pucklib.vm.machine import Spec  # noqa: E402

# Blue, green, red and a byte of nothing: two lines of three pixels.
PIXELS = bytes([255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9, 1, 2, 3, 9, 4, 5, 6, 9, 7, 8, 9, 9])
RGB = [[0, 0, 255, 0, 255, 0, 255, 0, 0], [3, 2, 1, 6, 5, 4, 9, 8, 7]]


def lines(head, pixels):
    text = base64.b64encode(pixels).decode()
    return [f"picture: {head}"] + [f"picture: {text[at:at + 8]}" for at in range(0, len(text), 8)]


def take(head, pixels):
    picture = Picture()
    for line in lines(head, pixels):
        assert picture.take(line)
    return picture


def chunks(png):
    at = 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        data, (crc,) = png[at + 8:at + 8 + length], struct.unpack(">I", png[at + 8 + length:at + 12 + length])
        assert crc == zlib.crc32(kind + data)
        yield kind, data
        at += 12 + length


class Png(unittest.TestCase):
    def test_pixels_arrive(self):
        png = take("XRGB8888 3x2", PIXELS).png()
        self.assertEqual(b"\x89PNG\r\n\x1a\n", png[:8])
        parts = dict(chunks(png))
        self.assertEqual((3, 2, 8, 2, 0, 0, 0), struct.unpack(">IIBBBBB", parts[b"IHDR"]))
        rows = zlib.decompress(parts[b"IDAT"])
        self.assertEqual([[0, *row] for row in RGB], [list(rows[:10]), list(rows[10:])])

    def test_other_lines_are_not_taken(self):
        self.assertFalse(Picture().take("puck: verdict: PASS"))

    def test_bad_ones(self):
        for head, pixels in (("RGB24 3x2", PIXELS), ("XRGB8888 3x3", PIXELS), ("XRGB8888 0x2", b""),
                             ("XRGB8888 3x2", PIXELS[:-1]), ("XRGB8888 99999x99999", PIXELS)):
            with self.subTest(head=head), self.assertRaises(PuckError):
                take(head, pixels).png()
        picture = take("XRGB8888 3x2", PIXELS)
        picture.take("picture: ?")
        with self.assertRaises(PuckError):
            picture.png()

    def test_none_is_told(self):
        with self.assertRaises(PuckError):
            Picture().png()


class Part(unittest.TestCase):
    def test_goes_before_the_rest_and_counts(self):
        job = mirror.add(Job(Spec(), "exec first-light\n", programs=("first-light",)))
        self.assertRegex(job.command, r"(?s)puck-mirror.*camera=\$\?.*\nfirst-light && exit \$camera\n$")
        self.assertEqual(("first-light", "puck-mirror"), job.programs)
        self.assertIn("puck-cam,id=cam0,bus=rp3", job.spec.qemu_args)

    def test_picture_is_kept_or_missed(self):
        job = mirror.add(Job(Spec(), "exec first-light\n"))
        with tempfile.TemporaryDirectory() as folder:
            without = SimpleNamespace(rundir=Path(folder), output=f"puck: {mirror.WITHOUT}\n")
            self.assertEqual([], job.report(without))
            result = SimpleNamespace(rundir=Path(folder), output="")
            self.assertEqual(["the guest sent no picture"], job.report(result))
            self.assertFalse((Path(folder) / mirror.NAME).exists())
            for line in lines("XRGB8888 3x2", PIXELS):
                job.on_line(line)
            self.assertEqual([], job.report(result))
            self.assertTrue((Path(folder) / mirror.NAME).read_bytes().startswith(b"\x89PNG"))


if __name__ == "__main__":
    unittest.main()
