# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP, as far as it is needed to poke a running machine.

A guest program asks its host for something by a line on its output:

    puck-host: COMMAND [JSON ARGUMENTS]

such as `puck-host: device_del {"id": "gpu0"}`; "{run}" in it stands for the run
folder, "{renderer}" for the program that draws for 3D rings. Answers go to qmp.log in the run folder; the program sees the effect, not the
answer. A picture of a screen in format "png" is FILE.ppm instead of FILE.png where QEMU was
built without that format. A program may ask for one word of the answer by a line that comes next:

    puck-host: answer TOKEN

The guest then reads `puck-answer TOKEN done`, or `refused`, from where its tests are told
to end; test-images/lib/base/host_answer.h waits for that.

One command is the tool's own: `puck-host: wake` says that the machine is about to be asleep
(ACPI's S3); when it is, it is woken.
"""

import contextlib
import json
import os
import select
import socket
import time
from pathlib import Path

from ..base import children

PREFIX = "puck-host: "
ANSWER = "answer"
WAKE = "wake"
ASLEEP_SECONDS = 300    # until a guest has gone to sleep, on a host that is busy


class Qmp:
    def __init__(self, path, log):
        self.log = log
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(path))
        self.stream = self.sock.makefile("rw", encoding="utf-8", newline="\n")
        self.stream.readline()
        self.execute("qmp_capabilities", {})

    def execute(self, command, arguments):
        """Whether it was done."""
        return self.ask(command, arguments) is not None

    def ask(self, command, arguments):
        """What is returned, or None."""
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            said = json.loads(line or "{}")
            answered = not line or "return" in said or "error" in said
            what = f"{command} {arguments} ->" if answered else "meanwhile"
            self.log.write(f"{time.time():.3f} {what} {line}")
            self.log.flush()
            if answered:
                return said.get("return")

    def wake(self):
        """Wait until the machine is asleep, and wake it."""
        end = time.monotonic() + ASLEEP_SECONDS
        while time.monotonic() < end and not children.STOPPED.wait(0.2):
            if (self.ask("query-status", {}) or {}).get("status") == "suspended":
                return self.execute("system_wakeup", {})
        return False

    def screendump(self, arguments):
        """In the format that is asked for, or else in the one that each QEMU has."""
        done = self.execute("screendump", arguments)
        if not done and arguments.get("format") == "png":
            plain = {key: value for key, value in arguments.items() if key != "format"}
            plain["filename"] = str(Path(arguments["filename"]).with_suffix(".ppm"))
            done = self.execute("screendump", plain)
        return done

    def close(self):
        self.stream.close()
        self.sock.close()


class HostRequests:
    """Carries out the requests in a guest's output."""

    def __init__(self, path, log_path, guest=None, renderer=""):
        self.path, self.log_path, self.guest = path, log_path, guest
        self.words = {"{run}": str(Path(log_path).parent), "{renderer}": renderer}
        self.qmp = self.log = None
        self.done = False       # what was asked for last

    def line(self, text):
        """True when the line was a request."""
        if not text.startswith(PREFIX):
            return False
        request = text.removeprefix(PREFIX).strip()
        for word, meaning in self.words.items():
            request = request.replace(word, meaning)
        command, _, arguments = request.partition(" ")
        if command == ANSWER:
            self.answer(arguments)
        else:
            self.done = self.carry_out(text, command, arguments)
        return True

    def answer(self, token):
        """Not if nobody has read earlier ones: the tool does not wait for a guest."""
        word = f"puck-answer {token[:40]} {'done' if self.done else 'refused'}\n"
        if select.select([], [self.guest], [], 0)[1]:
            with contextlib.suppress(OSError):
                os.write(self.guest.fileno(), word.encode())

    def carry_out(self, text, command, arguments):
        """Whether it was done."""
        try:
            if not self.qmp:
                self.log = open(self.log_path, "w")
                self.qmp = Qmp(self.path, self.log)
            arguments = json.loads(arguments or "{}")
            if command == WAKE:
                return self.qmp.wake()
            if command == "screendump":
                return self.qmp.screendump(arguments)
            return self.qmp.execute(command, arguments)
        except (OSError, ValueError) as err:
            with open(self.log_path, "a") as log:
                log.write(f"{text}: {err}\n")
            return False

    def close(self):
        if self.qmp:
            self.qmp.close()
        if self.log:
            self.log.close()
