# SPDX-License-Identifier: GPL-2.0-or-later
"""Who looks at a screen, beside a server of VNC that is written from RFC 6143; and what bench makes of it."""

import os
import socket
import struct
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.commands import bench_screen  # noqa: E402
from pucklib.report.figures import Figures  # noqa: E402
from pucklib.vm.viewer import Viewer  # noqa: E402


def rect(width, height, encoding, data=b""):
    return struct.pack(">HHHHi", 0, 0, width, height, encoding) + data


def update(*rects):
    return struct.pack(">BxH", 0, len(rects)) + b"".join(rects)


class Server(threading.Thread):
    """One client; each of its requests is answered with the next of `answers`, and none behind them."""

    def __init__(self, path, answers):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(str(path))
        self.sock.listen()
        self.answers, self.asked, self.encodings = answers, [], None

    def take(self, count):
        data = b""
        while len(data) < count:
            data += self.client.recv(count - len(data)) or b"\0" * count
        return data

    def run(self):
        self.client = self.sock.accept()[0]
        self.client.sendall(b"RFB 003.008\n")
        assert self.take(12) == b"RFB 003.008\n"
        self.client.sendall(b"\1\1")
        assert self.take(1) == b"\1"
        self.client.sendall(bytes(4))
        assert self.take(1) == b"\1"
        self.client.sendall(struct.pack(">HH16sI", 8, 4, bytes(16), 3) + b"vnc")
        kind, count = struct.unpack(">BxH", self.take(4))
        assert kind == 2
        self.encodings = struct.unpack(f">{count}i", self.take(4 * count))
        for answer in self.answers:
            self.asked.append(struct.unpack(">BBHHHH", self.take(10)))
            self.client.sendall(answer)
        self.client.close()
        self.sock.close()


class Viewing(unittest.TestCase):
    def look(self, answers):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(Path(folder) / "vnc", answers)
            server.start()
            viewer = Viewer(Path(folder) / "vnc")
            viewer.start()
            viewer.join(20)
            server.join(20)
            self.assertFalse(viewer.is_alive() or server.is_alive())
            viewer.leave()
        return server, viewer

    def test_pictures_one_after_the_other(self):
        server, viewer = self.look([update(rect(8, 4, 0, bytes(128))), b"\2" + update(rect(2, 1, 0, bytes(8)), rect(16, 9, -223)),
                                    struct.pack(">B3xI", 3, 5) + b"paste" + update(rect(16, 9, 0, bytes(16 * 9 * 4)))])
        self.assertEqual((0, -223), server.encodings)
        # All of the first, what has changed of the others, and in the size that it is told of.
        self.assertEqual([(3, 0, 0, 0, 8, 4), (3, 1, 0, 0, 8, 4), (3, 1, 0, 0, 16, 9)], server.asked)
        self.assertEqual(3, viewer.updates)
        self.assertEqual(os.getpid(), viewer.pid)
        self.assertGreater(viewer.cpu_seconds(), 0)

    def test_what_is_not_known(self):
        self.assertIn("encoding 7", str(self.look([update(rect(1, 1, 7))])[1].error))
        self.assertIn("message 9", str(self.look([b"\x09"])[1].error))
        self.assertIsInstance(self.look([])[1].error, OSError)


class FakeViewer:
    def __init__(self, path):
        self.path, self.updates, self.error, self.left = path, 5, None, False
        self.seconds = iter((10.0, 10.5, 20.0, 23.0, 30.0, 30.5))

    def start(self):
        pass

    def cpu_seconds(self):
        return next(self.seconds)

    def leave(self):
        self.left = True


class Looking(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.looker = bench_screen.Looker(Path(self.folder.name), Figures())

    def say(self, text, now):
        with mock.patch.object(bench_screen, "Viewer", FakeViewer), \
             mock.patch.object(bench_screen.time, "monotonic", return_value=now):
            self.looker.line(text)

    def median(self, key):
        return self.looker.figures.median("display", key)

    def test_time_of_the_host(self):
        self.say("screen: puck look", 0)
        viewer = self.looker.viewer
        self.say("screen: puck idle", 1)
        self.say("screen: puck end", 3)
        self.say("something else", 3)
        self.say("screen: puck moving 60", 3)
        viewer.updates += 8
        self.say("screen: puck end", 5)
        self.say("screen: puck away", 5)
        self.assertTrue(viewer.left)
        self.say("screen: puck unseen 10", 5)
        self.say("screen: puck end", 6)
        self.assertEqual("vnc-puck", viewer.path.name)
        # A second of the idle screen takes 250 ms, two of the others are 500 less, and one 250.
        self.assertEqual([250, 2500 / 60, 25], [self.median(f"puck_{what}_cpu_ms") for what in ("idle", "moving", "unseen")])
        self.assertEqual(8 / 60, self.median("puck_moving_updates"))

    def test_who_could_not_look_is_told(self):
        self.say("screen: bochs look", 0)
        self.say("screen: bochs idle", 0)
        self.looker.viewer.error = OSError("gone")
        with self.assertRaisesRegex(PuckError, "looking at bochs: gone"):
            self.say("screen: bochs end", 1)

    def test_redraws(self):
        line = "1.0 qom-get {'path': '/machine/peripheral/gpu0', 'property': 'redraws0'} -> "
        (Path(self.folder.name) / "qmp.log").write_text("".join(
            f'{line}{{"return": {n}}}\n1.1 qmp_capabilities {{}} -> {{"return": {{}}}}\n' for n in (3, 3, 90, 91, 93, 190)))
        self.looker.take_redraws()
        self.assertEqual([0, 2], self.looker.figures.values["display", "puck_idle_redraws"])
        self.assertEqual([87, 97], self.looker.figures.values["display", "puck_moving_redraws"])

    def test_goals(self):
        values = {"puck_2_rate": 100, "puck_1_rate": 200, "puck_moving_cpu_ms": 2, "virtio_moving_cpu_ms": 8,
                  "puck_idle_redraws": 1}
        self.assertEqual([("flips of each head: two heads / one", 0.5, False),
                          ("moving screen, CPU of the host: puck / virtio", 0.25, True),
                          ("idle screen: redraws of puck-gpu", 1, False)],
                         [(g.what, g.value, g.met()) for g in bench_screen.goals(values.get)])


if __name__ == "__main__":
    unittest.main()
