# SPDX-License-Identifier: GPL-2.0-or-later
"""camera_verify, which judges what clients captured: pictures made here after the spec, and broken ones."""

import random
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import REPO  # noqa: E402
from pucklib.build import modules  # noqa: E402
from pucklib.report import verdict  # noqa: E402

# docs/specs/camera.rst, "Formats": number, bytes of a line's pixel, planes.
FORMATS = {"XRGB8888": (1, 4, 1), "RGB24": (2, 3, 1), "YUYV": (3, 2, 1), "UYVY": (4, 2, 1),
           "NV12": (5, 1, 2), "NV12M": (6, 1, 2), "GREY": (7, 1, 1)}
STAMP = 64


def words(data):
    data += bytes(-len(data) % 4)
    return sum(struct.unpack(f"<{len(data) // 4}I", data))


def picture(frame, name="NV12", width=64, height=32, stride=0):
    """The bytes of one frame, with stamps."""
    number, pixel, planes = FORMATS[name]
    noise, length = random.Random(frame), width * pixel
    lines = [(plane, line, bytearray(noise.randbytes(length)))
             for plane in range(planes) for line in range(height >> plane)]
    total = 0
    for plane, line, data in lines:
        data[:8] = struct.pack("<IHBB", frame, line, plane, 0xc5)
        begin = STAMP if length >= STAMP and not plane and not line else 8
        total += (line + 1) * words(bytes(data[begin:]))
    if length >= STAMP:
        lines[0][2][:STAMP] = stamp(lines[0][2][:8], number, 1000 + frame * 33333333, total, width, height)
    return b"".join(bytes(data) + bytes(max(stride - length, 0)) for _, _, data in lines)


def stamp(line, number, time, total, width, height):
    parts = [bytes(line), struct.pack("<4sHHQIHH", b"PKST", 1, number, time, total % 2**32, width, height), bytes(4),
             struct.pack("<BBHQ", 3, 0, 256, 7), bytes(16)]
    parts[2] = struct.pack("<I", words(b"".join(parts)) % 2**32)
    return b"".join(parts)


class Stamps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.program = Path(cls.folder.name) / "camera_verify"
        subprocess.run(["gcc", *modules.CFLAGS, *modules.INCLUDES, "-o", cls.program, "test-images/camera/verify.c"],
                       cwd=REPO, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def bad(self, data, *options, name="NV12", size="64x32"):
        """Names of what is not passed. `data` is one file, or a list of them."""
        files = []
        for number, part in enumerate(data if isinstance(data, list) else [data]):
            files.append(Path(self.folder.name) / f"frame-{number}")
            files[-1].write_bytes(part)
        done = subprocess.run([self.program, "--format", name, "--size", size, *options, *files],
                              capture_output=True, text=True)
        names = [case.name for case in verdict.parse_ktap(done.stdout, "v") if case.result != "passed"]
        self.assertEqual(done.returncode, 1 if names else 0, done.stdout + done.stderr)
        return names

    def test_each_format(self):
        for name in FORMATS:
            with self.subTest(name):
                data = picture(7, name) + picture(8, name)
                self.assertEqual(self.bad(data, "--frames", "2", "--no-gaps", name=name), [])

    def test_too_narrow_for_a_frame_stamp(self):
        self.assertEqual(self.bad(picture(7, "GREY", 18), name="GREY", size="18x32"), [])

    def test_strides_and_room_behind(self):
        data = picture(7, stride=96) + bytes(1000) + picture(8, stride=96) + bytes(1000)
        self.assertEqual(self.bad(data, "--stride", "96", "--bytes", str(96 * 48 + 1000), "--frames", "2"), [])

    def test_a_file_for_each_frame(self):
        self.assertEqual(self.bad([picture(1), picture(2)], "--frames", "2", "--no-gaps"), [])

    def test_frames_missed_are_told_and_asked_about(self):
        data = picture(7) + picture(9)
        self.assertEqual(self.bad(data), [])
        self.assertEqual(self.bad(data, "--no-gaps"), ["no frame is missed"])

    def test_numbers_wrap_around(self):
        late = picture(2**32 - 1)
        self.assertEqual(self.bad([late[:16] + picture(0)[16:24] + late[24:]], "--no-gaps"), ["each picture has its checksum"])
        found = self.bad(picture(2**32 - 1, "GREY", 16) + picture(0, "GREY", 16), "--no-gaps", name="GREY", size="16x32")
        self.assertEqual(found, [])

    def test_the_same_twice_and_backwards(self):
        for data in (picture(7) * 2, picture(8) + picture(7)):
            self.assertEqual(self.bad(data), ["numbers and times go up"])

    def test_torn(self):
        one, other = picture(7), picture(8)
        half = 64 * 16
        self.assertEqual(self.bad(one[:half] + other[half:]), ["no picture has lines of two frames",
                                                               "each picture has its checksum"])

    def test_a_byte_that_is_wrong(self):
        data = bytearray(picture(7))
        data[64 * 40 + 20] ^= 1
        self.assertEqual(self.bad(bytes(data)), ["each picture has its checksum"])

    def test_two_lines_that_changed_places(self):
        data = bytearray(picture(7))
        data[648:704], data[712:768] = data[712:768], data[648:704]
        self.assertEqual(self.bad(bytes(data)), ["each picture has its checksum"])

    def test_a_line_too_far(self):
        data = picture(7)
        self.assertIn("each line has its stamp", self.bad(data[:64] * 2 + data[64:-64]))

    def test_no_stamps(self):
        self.assertIn("each picture says what it is", self.bad(bytes(64 * 48)))

    def test_another_size_than_was_asked_for(self):
        self.assertIn("each picture says what it is", self.bad(picture(7, width=128, height=16), size="64x32"))

    def test_the_stamp_itself(self):
        data = bytearray(picture(7))
        data[40] ^= 1           # SEED, which no other rule looks at
        self.assertEqual(self.bad(bytes(data)), ["each picture has its checksum"])

    def test_cut_short_too_few_and_none(self):
        self.assertEqual(self.bad(picture(7) + picture(8)[:-1], "--frames", "2"), ["2 pictures", "none is cut short"])
        self.assertEqual(self.bad(b""), ["there are pictures"])

    def test_how_it_is_used(self):
        for options in (["--size", "64x32"], ["--format", "NV12"], ["--format", "NV13", "--size", "64x32"],
                        ["--format", "NV12", "--size", "63x32"], ["--format", "NV12", "--size", "64x32", "--stride", "8"],
                        ["--format", "NV12", "--size", "64x32", "--bytes", "8"],
                        ["--format", "NV12", "--size", "64x32", "--frames", "0"]):
            done = subprocess.run([self.program, *options, "x"], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), options)
            self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    unittest.main()
