# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP, as far as it is needed to poke a running machine.

A guest program asks its host for something by a line on its output:

    puck-host: COMMAND [JSON ARGUMENTS]

such as `puck-host: device_del {"id": "gpu0"}`; "{run}" in it stands for the run
folder. Answers go to qmp.log in the
run folder; the program sees the effect, not the answer. A picture of a screen in format
"png" is FILE.ppm instead of FILE.png where QEMU was built without that format.
"""

import json
import socket
import time
from pathlib import Path

PREFIX = "puck-host: "


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
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            self.log.write(f"{time.time():.3f} {command} {arguments} -> {line}")
            self.log.flush()
            if not line or "return" in json.loads(line) or "error" in json.loads(line):
                return line

    def screendump(self, arguments):
        """In the format that is asked for, or else in the one that each QEMU has."""
        answer = self.execute("screendump", arguments)
        if "error" in json.loads(answer or "{}") and arguments.get("format") == "png":
            plain = {key: value for key, value in arguments.items() if key != "format"}
            plain["filename"] = str(Path(arguments["filename"]).with_suffix(".ppm"))
            answer = self.execute("screendump", plain)
        return answer

    def close(self):
        self.sock.close()


class HostRequests:
    """Carries out the requests in a guest's output."""

    def __init__(self, path, log_path):
        self.path, self.log_path = path, log_path
        self.qmp = self.log = None

    def line(self, text):
        """True when the line was a request."""
        if not text.startswith(PREFIX):
            return False
        request = text.removeprefix(PREFIX).strip().replace("{run}", str(Path(self.log_path).parent))
        command, _, arguments = request.partition(" ")
        try:
            if not self.qmp:
                self.log = open(self.log_path, "w")
                self.qmp = Qmp(self.path, self.log)
            arguments = json.loads(arguments or "{}")
            if command == "screendump":
                self.qmp.screendump(arguments)
            else:
                self.qmp.execute(command, arguments)
        except (OSError, ValueError) as err:
            with open(self.log_path, "a") as log:
                log.write(f"{text}: {err}\n")
        return True

    def close(self):
        if self.qmp:
            self.qmp.close()
        if self.log:
            self.log.close()
