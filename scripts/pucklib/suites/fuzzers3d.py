# SPDX-License-Identifier: GPL-2.0-or-later
"""The fuzzers of 3D: of puck-render3d alone, and of the device with one behind it (tests/fuzz/render3d)."""

import re
import time

from ..base import children, steps
from ..base.util import REPO, say, tree_files
from ..build import renderer
from ..build.qemu import TARGET
from ..report.verdict import Case
from .fuzzers import PROGRESS_SECONDS, child_environment, start

SOURCES = REPO / "tests/fuzz/render3d"
SHARED = "requests"
INCLUDES = (REPO / "include", REPO / "qemu-device/gpu/render3d", SOURCES)
REQUESTS = 200000
FIGURES = re.compile(r"^(?:all|so far): (\d+) requests.*$", re.M)


class Fuzzer3d:
    """A program that makes requests, of which each says what it has done once in a while."""

    NAME = FOLDER = SANITIZED = None

    def __init__(self, rundir, args, binaries=None):
        self.rundir, self.seed, self.binaries = rundir, args.seed, binaries
        self.log = rundir / f"fuzz-{self.NAME}.log"

    def compile(self):
        out = self.rundir / f"fuzz-{self.NAME}"
        sources = [SOURCES / folder / rel for folder in (SHARED, self.FOLDER)
                   for rel in tree_files(SOURCES / folder, (".c",))]
        steps.output(["gcc", "-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror",
                      *(f"-I{path}" for path in INCLUDES), "-o", out, *sources])
        return out

    def renderer(self):
        """None where there is none."""
        return renderer.find(self.SANITIZED) and renderer.for_fuzzers(self.rundir, self.SANITIZED)

    def run(self, seconds):
        """One case: so many requests, or as many as there is time for."""
        program, begun = self.renderer(), time.monotonic()
        if not program:
            return Case("sanitize.fuzz", self.NAME, "skipped", f"no renderer for 3D: {renderer.why_not()}")
        say(f"fuzzing {self.NAME} for {seconds:.0f} s, or {REQUESTS} requests")
        status = self.watched(self.command(program, max(1, int(seconds))))
        return self.case("sanitize.fuzz", self.NAME, status, begun, self.figures())

    def watched(self, words):
        env = child_environment(self.rundir, f"{self.NAME}-%p")
        # A stream may ask for gigabytes, and goes on without them.
        env["ASAN_OPTIONS"] += ":allocator_may_return_null=1:handle_abort=1"
        with open(self.log, "wb") as out:
            proc = start([self.compile(), *words], env=env, stdout=out, stderr=out)
            while proc.poll() is None and not children.STOPPED.wait(PROGRESS_SECONDS):
                say(f"  {self.figures()}")
            proc.wait()
        children.ended(proc)
        return proc.returncode

    def case(self, suite, name, status, begun, said):
        text = self.log.read_text(errors="replace")
        print(said)
        return Case(suite, name, "failed" if status else "passed", text[-4000:] if status else "",
                    time.monotonic() - begun)

    def figures(self):
        found = None
        for found in FIGURES.finditer(self.log.read_text(errors="replace")):
            pass
        return f"{self.NAME}: {found.group()}" if found else f"{self.NAME}: none yet"


class RendererFuzzer(Fuzzer3d):
    """puck-render3d with sanitizers."""

    NAME, FOLDER, SANITIZED = "render3d", "alone", True

    def command(self, program, seconds):
        return [program, self.seed, REQUESTS, seconds, self.rundir]


class DeviceFuzzer(Fuzzer3d):
    """QEMU with sanitizers, and behind its puck-gpu the renderer as it is: with sanitizers it is ten times slower."""

    NAME, FOLDER, SANITIZED = "render3d-device", "device", False

    def command(self, program, seconds):
        return [self.binaries / TARGET, program, self.rundir, self.seed, REQUESTS, seconds]

    def run_case(self, path):
        """Steps that ended a renderer, once more and with sanitizers in it, for what they say of it."""
        self.SANITIZED, begun = True, time.monotonic()
        program = self.renderer()
        if not program:
            return Case("sanitize.case", path.name, "skipped", f"no renderer for 3D: {renderer.why_not()}")
        say(f"case {path.name}")
        status = self.watched([self.binaries / TARGET, program, self.rundir, "case", path])
        return self.case("sanitize.case", path.name, status, begun, self.log.read_text(errors="replace"))

    @classmethod
    def has_case(cls, path):
        return path.name.startswith(f"{cls.NAME}.")
