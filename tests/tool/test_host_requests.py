# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest asks its host for, and what it hears of it."""

import json
import os
import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.vm import drivers, machine, qmp, screen  # noqa: E402


class Monitor(threading.Thread):
    """Stands in for QEMU's: it knows some commands, and is asleep when it is asked for the third time."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.seen = []
        self.start()

    def run(self):
        try:
            client = self.server.accept()[0]
        except OSError:
            return      # Nobody came.
        stream = client.makefile("rw")
        self.say(stream, {"QMP": {}})
        for line in stream:
            request = json.loads(line)
            self.seen.append((request["execute"], request["arguments"]))
            known = request["execute"] in ("qmp_capabilities", "screendump", "system_wakeup")
            self.say(stream, {"event": "RTC_CHANGE"})
            if request["execute"] == "query-status":
                asked = sum(name == "query-status" for name, _ in self.seen)
                self.say(stream, {"return": {"status": "running" if asked < 3 else "suspended"}})
            else:
                self.say(stream, {"return": {}} if known else {"error": {}})

    @staticmethod
    def say(stream, what):
        stream.write(json.dumps(what) + "\n")
        stream.flush()


class Requests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.monitor = Monitor(self.folder / "qmp.sock")
        self.addCleanup(self.monitor.server.close)
        reading, writing = os.pipe()
        self.guest, host = os.fdopen(reading, "rb", buffering=0), os.fdopen(writing, "wb")
        self.addCleanup(self.guest.close)
        self.addCleanup(host.close)
        self.requests = qmp.HostRequests(self.folder / "qmp.sock", self.folder / "qmp.log", host, "/a/renderer")
        self.addCleanup(self.requests.close)

    def heard(self):
        os.set_blocking(self.guest.fileno(), False)
        return (self.guest.read(4096) or b"").decode()

    def test_other_lines(self):
        self.assertFalse(self.requests.line("ok 1 a"))
        self.assertEqual(self.monitor.seen, [])

    def test_done(self):
        self.assertTrue(self.requests.line('puck-host: screendump {"filename": "{run}/a.png"}'))
        self.assertEqual(self.monitor.seen[-1], ("screendump", {"filename": f"{self.folder}/a.png"}))
        self.assertEqual(self.heard(), "", "it did not ask")
        self.assertTrue(self.requests.line("puck-host: answer 12.1"))
        self.assertEqual(self.heard(), "puck-answer 12.1 done\n")

    def test_renderer(self):
        self.requests.line('puck-host: screendump {"filename": "{renderer}"}')
        self.assertEqual(self.monitor.seen[-1], ("screendump", {"filename": "/a/renderer"}))

    def test_answers_are_written_down(self):
        """An event that comes before the answer is none."""
        self.requests.line("puck-host: screendump {}")
        answers = [line for line in (self.folder / "qmp.log").read_text().splitlines() if " screendump {} -> " in line]
        self.assertEqual([line.rpartition(" -> ")[2] for line in answers], ['{"return": {}}'])

    def test_refused(self):
        for request in ("no-such-command", 'screendump {"filename"'):
            self.requests.line(f"puck-host: {request}")
            self.requests.line("puck-host: answer 7")
            self.assertEqual(self.heard(), "puck-answer 7 refused\n", request)

    def test_wake(self):
        """Not before it is asleep."""
        self.requests.line("puck-host: wake")
        self.assertEqual([name for name, _ in self.monitor.seen[1:]], ["query-status"] * 3 + ["system_wakeup"])

    def test_wake_of_one_that_stays_awake(self):
        with mock.patch.object(qmp, "ASLEEP_SECONDS", 0.1):
            self.requests.line("puck-host: wake")
        self.requests.line("puck-host: answer 3")
        self.assertEqual(self.heard(), "puck-answer 3 refused\n")

    def test_nobody_reads(self):
        """The tool goes on."""
        for number in range(20000):
            self.requests.line(f"puck-host: answer {number}")
        self.assertGreater(len(self.heard()), 0)

    def test_the_guest_is_gone(self):
        self.guest.close()
        self.assertTrue(self.requests.line("puck-host: answer 1"))


class Screen(unittest.TestCase):
    """The host's picture is the same disk for a driver of the mapper's and for a machine of a list."""

    def test_it_is_a_disk(self):
        (placed,) = drivers.place(["virtio-gpu"])
        self.assertEqual(placed.files(), [screen.FILE])
        for arg in screen.ARGS:
            self.assertIn(arg, placed.qemu_args())
        with tempfile.TemporaryDirectory() as folder:
            kernel = type("Kernel", (), {"image": "image", "words": ""})
            one = machine.Machine("/bin/true", kernel, folder, machine.Spec(screen=True, gpu=False, trace=False))
            self.assertEqual(one.files(), [screen.FILE])
            self.assertIn(f"file={folder}/screen,if=none,id=screen,format=raw", one.command_line("initrd"))


if __name__ == "__main__":
    unittest.main()
