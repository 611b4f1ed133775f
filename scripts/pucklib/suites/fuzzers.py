# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes of libFuzzer: started, watched, restarted, counted, ended."""

import contextlib
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field

from ..base import children
from ..base.util import REPO, PuckError, cache, read_json, say, write_json
from ..build.sanitizers import FUZZER
from ..report.verdict import Case

SEEDS = REPO / "tests/fuzz/seeds"
PROCESS_SECONDS = 240           # then a new one, so that memory does not grow
MEMORY_MB = 3072
HANG_SECONDS = 120              # of one input, most of which take a tenth of one; the machine may be busy
CRASHES_MAX = 3                 # of one target, then it is left alone
PROGRESS_SECONDS = 5
INPUT_BYTES = 768
EXECUTED = re.compile(r"^#(\d+)\s|number_of_executed_units: (\d+)", re.M)
CRASH = re.compile(r"^(==\d+==\s?ERROR: .*|.*runtime error: .*|puck-fuzz: .*(?:held|does not work).*"
                   r"|.*Assertion.*failed.*|.*ERROR:.*assertion failed.*)$", re.M)
FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ in (\S+) \S*?/(hw/puck/\S+?):(\d+)", re.M)

# The generic fuzzer finds devices on the root bus alone.
GENERIC = ("-M q35 -nodefaults -device puck-mischief,id=mischief,guest=on "
           "-device puck-gpu,id=gpu0,vram-size=1M -device puck-iommu,id=iommu0,buses=pcie.0 "
           "-device puck-cam,id=cam0,max-size=320x128")


@dataclass
class Target:
    """What is fuzzed, and the part of the time that it gets."""
    share: int
    program: str
    env: dict = field(default_factory=dict)
    # Whose programs are run, where in their middle states are to be saved.
    states: str = "puck-native"


def generic(objects):
    return {"QEMU_FUZZ_ARGS": GENERIC, "QEMU_FUZZ_OBJECTS": objects}


# By the name that files with inputs begin with.
TARGETS = {
    "puck-native": Target(6, "puck-native"),
    "puck-acpi": Target(3, "puck-acpi"),
    "puck-amd": Target(2, "puck-amd"),
    "puck-state": Target(4, "puck-state"),
    "puck-camera": Target(4, "puck-camera"),
    "puck-camera-state": Target(2, "puck-camera-state", states="puck-camera"),
    "generic-gpu": Target(2, "generic-fuzz", generic("puck-gpu*")),
    "generic-iommu": Target(1, "generic-fuzz", generic("puck-iommu*")),
    "generic-camera": Target(1, "generic-fuzz", generic("puck-cam*")),
    "generic-all": Target(2, "generic-fuzz", generic("puck*")),
}


def target_of(path):
    """The target that an input is for, by its name: TARGET.WHATEVER."""
    name = path.name.partition(".")[0]
    if name not in TARGETS:
        raise PuckError(f"{path.name}: no input of a fuzzer; its name begins with one of "
                        + ", ".join(TARGETS) + " and a dot")
    return name


def child_environment(rundir, profile):
    """For programs with sanitizers in them; what they executed goes into `profile`."""
    return dict(os.environ,
                ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=32",
                UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
                ASAN_SYMBOLIZER_PATH="/usr/bin/llvm-symbolizer-14",
                LLVM_PROFILE_FILE=str(rundir / "profiles" / (profile + ".profraw")))


def target_environment(name):
    target = TARGETS[name]
    return {**target.env, "PUCK_FUZZ_STATES": str(SEEDS / target.states)}


def start(cmd, **kwargs):
    return children.start(cmd, stdin=subprocess.DEVNULL, **kwargs)


def command(binaries, name, *more):
    target = TARGETS[name]
    return [binaries / FUZZER, f"--fuzz-target={target.program}", f"-timeout={HANG_SECONDS}",
            f"-rss_limit_mb={MEMORY_MB}", *more]


def excerpt(text):
    """What a report says in a few lines: the error, and Puck's functions below it."""
    error = CRASH.search(text)
    frames = [f"{function} {path}:{line}" for function, path, line in FRAME.findall(text)]
    what = error[1].strip() if error else "\n".join(text.strip().splitlines()[-5:])
    return "\n".join([what[:300], *frames[:6]])


def executions(log):
    """How many a log tells of."""
    try:
        found = EXECUTED.findall(log.read_text(errors="replace"))
    except OSError:
        return 0
    return max((int(a or b) for a, b in found), default=0)


def run_case(binaries, path, rundir, show=False):
    """One input, in a process of its own. Passes if nothing breaks."""
    name = target_of(path)
    env = {**child_environment(rundir, "case-%p"), **target_environment(name)}
    begun = time.monotonic()
    cmd = command(binaries, name, path)
    say(f"case {path.name}")
    proc = start(cmd, cwd=rundir, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = proc.communicate()[0].decode(errors="replace")
    children.ended(proc)
    (rundir / f"case-{path.name}.log").write_text(text)
    if show:
        print(text)
    result = "failed" if proc.returncode else "passed"
    return Case("sanitize.case", path.name, result, excerpt(text) if proc.returncode else "",
                time.monotonic() - begun)


class Tally:
    """How often each target was executed: in this run, and in all so far."""

    def __init__(self):
        self.lock = threading.Lock()
        self.path = cache("fuzz", "tally.json")
        self.runs = {}                  # log file: executions
        self.targets = {}               # target: CPU seconds, executions of processes that ended
        self.crashes = 0

    def started(self, log):
        with self.lock:
            self.runs[log] = 0

    def ended(self, name, log, seconds):
        count = executions(log)
        with self.lock:
            self.runs.pop(log, None)
            old = self.targets.get(name, (0, 0))
            self.targets[name] = (old[0] + seconds, old[1] + count)

    def total(self):
        with self.lock:
            return sum(n for _, n in self.targets.values()) + sum(executions(log) for log in self.runs)

    @contextlib.contextmanager
    def progress(self):
        stop = threading.Event()

        def watch():
            begun = time.monotonic()
            while not stop.wait(PROGRESS_SECONDS):
                say(f"  {time.monotonic() - begun:.0f} s: {self.total()} executions, {self.crashes} crashes")

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def show(self, seconds):
        """A table of this run and of all runs with this cache."""
        before = read_json(self.path, {})
        print(f"{'fuzzer':16} {'CPU minutes':>11} {'executions':>11} {'per CPU second':>15} {'ever':>11}")
        for name, (spent, count) in self.targets.items():
            ever = before.setdefault(name, [0, 0])
            ever[0] += spent
            ever[1] += count
            print(f"{name:16} {spent / 60:11.1f} {count:11} {count / max(spent, 1):15.1f} {ever[1]:11}")
        write_json(self.path, before)
        count = sum(n for _, n in self.targets.values())
        print(f"all: {count} executions in {seconds / 60:.1f} minutes, {self.crashes} crashes; "
              f"ever: {sum(n for _, n in before.values())} executions in "
              f"{sum(s for s, _ in before.values()) / 60:.0f} CPU minutes")


class Fuzzer:
    """One target, in one process after the other until its time is over."""

    def __init__(self, binaries, name, seconds, rundir, tally):
        self.binaries, self.name, self.seconds = binaries, name, seconds
        self.rundir, self.tally = rundir, tally
        self.corpus = cache("fuzz", name, "x").parent
        self.findings = []

    def run(self):
        left, turn = self.seconds, 0
        while left >= 1 and len(self.findings) < CRASHES_MAX:
            begun = time.monotonic()
            self.process(max(1, int(min(left, PROCESS_SECONDS))), turn)
            left -= time.monotonic() - begun
            turn += 1

    def process(self, seconds, turn):
        log = self.rundir / f"{self.name}-{turn}.log"
        cmd = command(self.binaries, self.name, f"-max_total_time={seconds}", "-print_final_stats=1",
                      f"-max_len={INPUT_BYTES}", "-len_control=20", "-reload=0",
                      f"-artifact_prefix={self.rundir}/{self.name}.", self.corpus, *self.seeds())
        env = {**child_environment(self.rundir, f"{self.name}-%p"), **target_environment(self.name)}
        self.tally.started(log)
        with open(log, "wb") as out:
            proc = start(cmd, cwd=self.rundir, env=env, stdout=out, stderr=out)
            _, status, usage = os.wait4(proc.pid, 0)
            proc.returncode = status
            children.ended(proc)
        self.tally.ended(self.name, log, usage.ru_utime + usage.ru_stime)
        if status and not children.STOPPED.is_set():
            self.tally.crashes += 1
            self.findings.append(excerpt(log.read_text(errors="replace")) + f"\nwhole report: {log}")
            say(f"  {self.name}: {self.findings[-1].splitlines()[0]}")

    def seeds(self):
        folder = SEEDS / self.name
        return [folder] if folder.is_dir() else []

    def cases(self):
        if not self.findings:
            return [Case("sanitize.fuzz", self.name, "passed")]
        return [Case("sanitize.fuzz", f"{self.name}-{i}", "failed", text)
                for i, text in enumerate(self.findings)]
