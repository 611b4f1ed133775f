# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium that is spoken to by pipes: the DevTools protocol, as far as a test of a
page needs it."""

import base64
import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from ..base import children
from ..base.util import PuckError
from ..build import chromium

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             "--disable-features=Translate,MediaRouter,OptimizationHints", "--mute-audio", "--allow-file-access-from-files",
             "--proxy-server=127.0.0.1:1")
ANSWER_SECONDS = 60


def described(details):
    """What an exception of a page's script says."""
    return details.get("exception", {}).get("description") or details.get("text", "an exception")


class Browser:
    """One page at a time. Errors of a page's script, and what it says on its console, are kept."""

    def __init__(self, place):
        self.profile = tempfile.TemporaryDirectory(prefix="puck-chromium-")
        ours, to = os.pipe()
        back, theirs = os.pipe()
        command = ["/bin/sh", "-c", 'exec "$0" "$@" 3<&' + str(ours) + " 4>&" + str(theirs), str(place / chromium.PROGRAM),
                   *ARGUMENTS, f"--user-data-dir={self.profile.name}", "about:blank"]
        self.log = open(Path(self.profile.name) / "log", "wb")
        self.process = children.start(command, signal.SIGKILL, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      pass_fds=(ours, theirs), env=chromium.environment(place))
        os.close(ours)
        os.close(theirs)
        self.to, self.back, self.rest = to, back, b""
        self.numbers, self.events, self.session = itertools.count(1), [], None

    def __enter__(self):
        try:
            targets = self.ask("Target.getTargets")["targetInfos"]
            page = next(one["targetId"] for one in targets if one["type"] == "page")
            self.session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.ask(f"{domain}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for end in (self.to, self.back):
            with contextlib.suppress(OSError):
                os.close(end)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        children.ended(self.process)
        self.log.close()
        # Its helpers may be writing yet.
        with contextlib.suppress(OSError):
            self.profile.cleanup()

    def ask(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            told = self.hear()
            if told.get("id") == number:
                if "error" in told:
                    raise PuckError(f"Chromium: {method}: {told['error'].get('message')}")
                return told["result"]
            self.events.append(told)

    def hear(self):
        end = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, end - time.monotonic()))[0]:
                raise PuckError(f"Chromium has not answered for {ANSWER_SECONDS} s")
            data = os.read(self.back, 1 << 20)
            if not data:
                raise PuckError(f"Chromium ended: {self.last_words()}")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\0")
        return json.loads(line)

    def last_words(self):
        text = (Path(self.profile.name) / "log").read_text(errors="replace").strip()
        return text.splitlines()[-1] if text else "it said nothing"

    def open(self, path, width=1280, height=900, dark=False, script=True):
        """Shows a file, and waits until it has loaded."""
        self.events = []
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)
        self.ask("Page.navigate", url=Path(path).resolve().as_uri())
        while not any(one.get("method") == "Page.loadEventFired" for one in self.events):
            self.events.append(self.hear())

    def value(self, expression):
        """Of an expression in the page; of a promise what comes of it."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise PuckError(f"the page: {described(told['exceptionDetails'])}")
        return told["result"].get("value")

    def errors(self):
        """What the page complained of, and what it tried to fetch."""
        found = []
        for one in self.events:
            method, told = one.get("method"), one.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(described(told["exceptionDetails"]))
            elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                found.append(told["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                found.append(" ".join(str(arg.get("value")) for arg in told["args"]))
            elif method == "Network.requestWillBeSent" and not told["request"]["url"].startswith(("file:", "data:", "blob:")):
                found.append(f"it asks the network for {told['request']['url']}")
        return found

    def picture(self, path, selector=None, whole=False):
        """A screenshot: of what is seen, of an element, or of the whole page."""
        clip = None
        if selector:
            clip = self.value(f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); "
                              "return {x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height, scale: 1}; })()")
        elif whole:
            clip = self.value("({x: 0, y: 0, width: document.documentElement.clientWidth, "
                              "height: document.documentElement.scrollHeight, scale: 1})")
        more = {"clip": clip, "captureBeyondViewport": True} if clip else {}
        Path(path).write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png", **more)["data"]))

    def point(self, kind, x, y, **more):
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            typed = key if len(key) == 1 and kind == "keyDown" else ""
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, text=typed)
