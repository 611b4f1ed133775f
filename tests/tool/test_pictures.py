# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures that client_screen expects of programs: made by a second model here, and compared."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import REPO  # noqa: E402
from pucklib.build import modules  # noqa: E402

WIDTH, HEIGHT = 96, 80
# Reads a picture, and writes what is expected of it.
PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "lib/clients/picture.h"
int main(int argc, char **argv)
{
	static uint32_t seen[%(w)d * %(h)d], right[%(w)d * %(h)d];
	struct picture from = { %(w)d, %(h)d, seen }, to = { %(w)d, %(h)d, right };
	struct area all = { 0, 0, %(w)d, %(h)d };

	if (argc != 2 || fread(seen, sizeof(seen), 1, stdin) != 1)
		return 1;
	if (!strcmp(argv[1], "shm"))
		picture_shm(&to, &all, &from);
	else if (!strcmp(argv[1], "checker"))
		picture_checker(&to, &all, 8, 0x112233, 0x445566);
	else
		picture_fill(&to, &all, strstr(argv[1], "smpte") ? picture_smpte : picture_tiles,
			     !strcmp(argv[1], "smpte565"));
	return fwrite(right, sizeof(right), 1, stdout) != 1;
}
"""


def shm(time, width=WIDTH, height=HEIGHT):
    """weston-simple-shm's window, `time` in units of 16 ms."""
    def pixel(x, y):
        if not (20 <= x < width - 20 and 20 <= y < height - 20):
            return 0xffffff
        outer = min(width, height) // 2 - 8
        distance = (x - width // 2) ** 2 + (y - height // 2) ** 2
        steps = (distance // 32 + time // 4 if distance < (outer - 32) ** 2 else
                 y + time // 2 if distance < outer ** 2 else x + time)
        return steps * 0x80401 % (1 << 24)
    return [pixel(x, y) for y in range(height) for x in range(width)]


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        source, cls.program = Path(folder.name) / "pictures.c", Path(folder.name) / "pictures"
        source.write_text(PROGRAM % {"w": WIDTH, "h": HEIGHT})
        subprocess.run(["gcc", *modules.CFLAGS, *modules.INCLUDES, "-o", cls.program, source], cwd=REPO, check=True)

    def right(self, kind, seen=None):
        words = seen or [0] * (WIDTH * HEIGHT)
        data = b"".join(word.to_bytes(4, "little") for word in words)
        done = subprocess.run([self.program, kind], input=data, capture_output=True, check=True).stdout
        return [int.from_bytes(done[at:at + 4], "little") for at in range(0, len(done), 4)]

    def at(self, picture, *places):
        return [f"{picture[y * WIDTH + x]:06x}" for x, y in places]

    def test_shm_at_any_time(self):
        for time in (0, 1, 4711, 0x123456, 0xffff00):
            self.assertEqual(self.right("shm", shm(time)), shm(time), time)

    def test_shm_of_two_times_is_torn(self):
        half = WIDTH * HEIGHT // 2
        torn = shm(1000)[:half] + shm(1001)[half:]
        self.assertNotEqual(self.right("shm", torn), torn)

    def test_smpte(self):
        bars, last = self.right("smpte"), WIDTH - 1
        for y, xs, colours in ((0, (0, 14, last), ["c0c0c0", "c0c000", "0000c0"]),
                               (HEIGHT * 6 // 9, (0, 14, last), ["0000c0", "131313", "c0c0c0"]),
                               (HEIGHT - 1, (0, 17, last), ["00214c", "ffffff", "131313"])):
            self.assertEqual(self.at(bars, *((x, y) for x in xs)), colours)
        self.assertEqual(self.at(self.right("smpte565"), (0, 0)), ["c6c3c6"])

    def test_tiles_and_squares(self):
        self.assertEqual(self.at(self.right("tiles"), (0, 0), (64, 0), (63, 1)), ["000000", "0a1120", "0a1120"])
        self.assertEqual(self.at(self.right("checker"), (7, 7), (8, 7), (8, 8)), ["112233", "445566", "112233"])


if __name__ == "__main__":
    unittest.main()
