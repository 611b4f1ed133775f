# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of a screen: PNGs of all kinds of lines are read, PPMs become PNGs, and what the guest
has drawn is what has to be seen."""

import struct
import sys
import tempfile
import unittest
import zlib
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.report import picture  # noqa: E402
from pucklib.runs import mirror  # noqa: E402
from pucklib.runs.job import Job  # noqa: E402
from pucklib.vm import qmp  # noqa: E402
from pucklib.vm.machine import Spec  # noqa: E402

# Three pixels a line: 9 bytes, which QEMU makes 12 of in a PPM.
WIDTH, HEIGHT = 3, 6
RGB = bytes((37 * n * n + 11 * n) & 255 for n in range(3 * WIDTH * HEIGHT))


def neighbours(at):
    """Left, above and corner of a byte, zero outside of the picture."""
    column, line = at % (3 * WIDTH), 3 * WIDTH
    left = RGB[at - 3] if column >= 3 else 0
    above = RGB[at - line] if at >= line else 0
    return left, above, RGB[at - line - 3] if column >= 3 and at >= line else 0


def predicted(kind, at):
    """What a filter takes away from a byte, by the words of the specification of PNG."""
    left, above, corner = neighbours(at)
    guess = left + above - corner
    # min() takes the first of those that are equally near: left, above, corner.
    nearest = min((left, above, corner), key=lambda value: abs(guess - value))
    return (0, left, above, (left + above) // 2, nearest)[kind]


def filtered(kinds):
    """The lines of RGB, each behind its filter."""
    rows = b""
    for y, kind in enumerate(kinds):
        at = y * 3 * WIDTH
        rows += bytes([kind]) + bytes((RGB[i] - predicted(kind, i)) & 255 for i in range(at, at + 3 * WIDTH))
    return rows


def png_of(rows, head=(WIDTH, HEIGHT, 8, 2, 0, 0, 0)):
    """Its data is in two chunks."""
    packed = zlib.compress(rows)
    return picture.SIGNATURE + b"".join(picture.chunk(kind, data) for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", *head)), (b"IDAT", packed[:7]), (b"IDAT", packed[7:]), (b"IEND", b"")))


class Png(unittest.TestCase):
    def test_each_filter(self):
        for kinds in ((0, 1, 2, 3, 4, 0), (4, 4, 4, 4, 4, 4), (3, 2, 1, 0, 4, 3), (1, 1, 3, 3, 2, 2), (2, 4, 3, 1, 4, 2)):
            with self.subTest(kinds=kinds):
                self.assertEqual((WIDTH, HEIGHT, RGB), picture.decode(png_of(filtered(kinds))))

    def test_our_own(self):
        self.assertEqual((WIDTH, HEIGHT, RGB), picture.decode(picture.encode(WIDTH, HEIGHT, RGB)))

    def test_bad_ones(self):
        rows = filtered([0] * HEIGHT)
        good = png_of(rows)
        for bad in (b"", good[:-13], good[:40] + b"?" + good[41:], png_of(rows[:-1]), png_of(b"\5" + rows[1:]),
                    png_of(rows, (WIDTH, HEIGHT, 8, 6, 0, 0, 0)), png_of(rows, (WIDTH, 0, 8, 2, 0, 0, 0)),
                    png_of(rows, (99999, 99999, 8, 2, 0, 0, 0)), good.replace(picture.SIGNATURE, b"P6\n")):
            with self.subTest(bad=bad), self.assertRaises(PuckError):
                picture.decode(bad)


class Ppm(unittest.TestCase):
    HEAD = f"P6\n{WIDTH} {HEIGHT}\n255\n".encode()

    def test_lines_with_padding(self):
        lines = [RGB[at:at + 3 * WIDTH] for at in range(0, len(RGB), 3 * WIDTH)]
        for padding in (b"", b"\0\0\0"):
            with self.subTest(padding=padding):
                self.assertEqual((WIDTH, HEIGHT, RGB), picture.decode_ppm(self.HEAD + b"".join(l + padding for l in lines)))

    def test_bad_ones(self):
        for bad in (b"", self.HEAD, self.HEAD + RGB[:-1], self.HEAD + RGB + bytes(HEIGHT), b"P5\n" + RGB):
            with self.subTest(bad=bad), self.assertRaises(PuckError):
                picture.decode_ppm(bad)

    def test_it_becomes_a_png(self):
        with tempfile.TemporaryDirectory() as folder:
            png, ppm = Path(folder) / "a.png", Path(folder) / "a.ppm"
            with self.assertRaises(PuckError):
                picture.of_screen(png, ppm)
            ppm.write_bytes(self.HEAD + RGB)
            self.assertEqual((WIDTH, HEIGHT, RGB), picture.of_screen(png, ppm))
            self.assertEqual((WIDTH, HEIGHT, RGB), picture.decode(png.read_bytes()))
            self.assertFalse(ppm.exists())


class Dump(unittest.TestCase):
    """A QEMU that has PNG, and one that has not."""

    def asked(self, has_png):
        said = []

        def execute(command, arguments):
            said.append((command, arguments))
            return has_png or "format" not in arguments

        qmp.Qmp.screendump(SimpleNamespace(execute=execute), {"filename": "/x/s.png", "format": "png", "device": "d"})
        return said

    def test_other_format_if_need_be(self):
        wanted = ("screendump", {"filename": "/x/s.png", "format": "png", "device": "d"})
        self.assertEqual([wanted], self.asked(True))
        self.assertEqual([wanted, ("screendump", {"filename": "/x/s.ppm", "device": "d"})], self.asked(False))


class Part(unittest.TestCase):
    def test_goes_before_the_rest_and_counts(self):
        job = mirror.add(Job(Spec(), "exec first-light\n", programs=("first-light",)))
        self.assertRegex(job.command, r"(?s)puck-mirror.*camera=\$\?.*\nfirst-light && exit \$camera\n$")
        self.assertEqual(("first-light", "puck-mirror"), job.programs)
        self.assertIn("puck-cam,id=cam0,bus=rp3", job.spec.qemu_args)

    def report(self, output, png=None, copy=None):
        """What is wrong with a run, and what is printed of it."""
        job = mirror.add(Job(Spec(), "exec first-light\n"), copy)
        with tempfile.TemporaryDirectory() as folder:
            if png:
                (Path(folder) / mirror.NAME).write_bytes(png)
            return job.report(SimpleNamespace(rundir=Path(folder), output=output))

    def drawn(self, rgb):
        return f"screen: {WIDTH}x{HEIGHT} crc32={zlib.crc32(rgb):08x}\n"

    def test_what_is_drawn_is_seen(self):
        png = picture.encode(WIDTH, HEIGHT, RGB)
        self.assertEqual([], self.report(self.drawn(RGB), png))
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.png"
            self.assertEqual([], self.report(self.drawn(RGB), png, copy))
            self.assertEqual(png, copy.read_bytes())

    def test_what_is_not(self):
        png = picture.encode(WIDTH, HEIGHT, RGB)
        for what, output, seen in (("another picture", self.drawn(RGB[:-1] + b"\0"), png), ("none", self.drawn(RGB), None),
                                   ("nothing drawn", "", png),
                                   ("another size", self.drawn(RGB), picture.encode(HEIGHT, WIDTH, RGB))):
            with self.subTest(what=what):
                self.assertEqual(1, len(self.report(output, seen)))

    def test_kernel_without_camera(self):
        without = f"puck: {mirror.WITHOUT}\n"
        self.assertEqual([], self.report(without))
        self.assertEqual(1, len(self.report(without, copy="copy.png")))


if __name__ == "__main__":
    unittest.main()
