# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual machine: its command line, its run, what it leaves behind."""

import functools
import os
import re
import select
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..base import children
from ..base.util import REPO, PuckError, digest, doing, quoted
from ..build import initramfs, qemu_stock
from . import drivers, files, icount, ports, qmp, runfile, screen, tsc
from .patience import INIT_LINE, Limit

# Every translation is a great many lines: asked for with --trace-all only.
TRACE = ["puck_*"]
TOO_MANY = "puck_iommu_translate"
# SeaBIOS waits half a minute for each disk of an AHCI host, and looks at all disks.
FIRMWARE = "qboot.rom"
# no_timer_check: on a busy host the timer's ticks may miss the kernel's short wait for them.
APPEND = "console=ttyS0 panic=-1 oops=panic mitigations=off random.trust_cpu=on no_timer_check"

# The guest's own events: who notes them there, and where they come out.
GUEST_TRACE = REPO / "test-images/initramfs/trace"
GUEST_EVENTS = "guest-events.gz"

LOOK_SECONDS = 1.0              # at how much time has gone by


@dataclass
class Spec:
    """What distinguishes one machine from the standard one."""
    iommu: str = "puck"             # puck, intel, virtio or none
    smp: int = 2
    memory: str = "1G"
    seed: int = 1
    icount: bool = False
    replay: str = ""                # record, of QEMU's record/replay
    accel: str = "tcg"
    gpu: bool = True
    gpu_options: str = ""
    renderer: str = ""              # the program that draws for 3D rings of both GPUs; none without
    mischief: str = ""              # rules, with ; between
    guest_rules: bool = False       # the guest may add rules, too
    iommu_options: str = ""
    load: str = ""                  # puck.load= of the guest's init
    append: str = ""
    drivers: list = field(default_factory=list)     # of drivers.Placed: their devices
    files: list = field(default_factory=list)       # of files.py, made in the run folder
    clients: str = ""               # the client image
    screen: bool = False            # the guest may see what the host sees of a display
    qemu_args: list = field(default_factory=list)   # {run} is the run folder
    trace: bool = True              # record the devices' events
    trace_all: bool = False
    events: list = field(default_factory=list)      # these of the devices' alone
    guest_trace: bool = False       # record what the guest's kernel does, too
    shell: bool = False


@functools.lru_cache(maxsize=None)
def known_devices(qemu):
    """What this QEMU offers for -device."""
    result = subprocess.run([str(qemu), "-device", "help"], capture_output=True, text=True)
    ours = qemu_stock.DEVICES if qemu_stock.module_of(qemu) else ()
    return {*re.findall(r"[\w-]+", result.stdout), *ours}


def has_device(qemu, name):
    return name in known_devices(qemu)


def mischief_args(spec, qemu, log):
    """The device with all rules. Also without any: a guest may add some."""
    if any(arg.startswith("puck-mischief,") for arg in spec.qemu_args):
        return []       # there is one in a machine at most, and the user's own it shall be
    if not has_device(qemu, "puck-mischief"):
        if spec.mischief:
            raise PuckError("this QEMU has no puck-mischief")
        return []
    value = f"puck-mischief,id=mischief,seed={spec.seed},log={quoted(log)}"
    value += ",guest=on" if spec.guest_rules else ""
    return ["-device", value + (f",rules={quoted(spec.mischief)}" if spec.mischief else "")]


def port_count(spec):
    """The four of the standard machine, and what its drivers want."""
    return max([ports.COMMON, *(ports.number(placed.port) for placed in spec.drivers)])


def iommu_args(spec, qemu):
    if spec.iommu == "puck" and has_device(qemu, "puck-iommu"):
        buses = ":".join(ports.behind(port_count(spec)))
        return ["-device", f"puck-iommu,id=iommu0,bus=pcie.0,addr=0x2,buses={buses}{spec.iommu_options}"]
    if spec.iommu == "intel":
        return ["-device", f"intel-iommu,intremap=on,caching-mode=off{spec.iommu_options}"]
    if spec.iommu == "virtio":
        return ["-device", f"virtio-iommu-pci,bus=pcie.0,addr=0x2{spec.iommu_options}"]
    return []


def gpu_args(spec, qemu):
    """gpu0 is behind the IOMMU, gpu1 is not: the ordinary VM beside the board."""
    if not spec.gpu or not has_device(qemu, "puck-gpu"):
        return []
    options = f",seed={spec.seed}{spec.gpu_options}"
    options += f",renderer={quoted(spec.renderer)}" if spec.renderer else ""
    return ["-device", f"puck-gpu,id=gpu0,bus=rp1{options}",
            "-device", f"puck-gpu,id=gpu1,bus=pcie.0,addr=0x9{options}"]


def client_args(spec):
    """The disk with the client image. It is virtio's without an IOMMU: no DMA layer has to do with it."""
    if not spec.clients:
        return []
    return ["-drive", f"file={quoted(spec.clients)},if=none,id=clients,format=raw,readonly=on",
            "-device", "virtio-blk-pci,bus=pcie.0,addr=0xc,serial=clients,drive=clients"]


def machine_args(spec, qemu):
    # The interrupt remapping of intel-iommu needs the split irqchip.
    machine = "q35,kernel-irqchip=split" if spec.iommu == "intel" else "q35"
    machine += ",memory-backend=ram0" if spec.renderer else ""
    cpu = "host" if spec.accel == "kvm" else "max"
    accel = spec.accel + (qemu_stock.tcg_options(qemu) if spec.accel == "tcg" else "")
    args = ["-machine", machine, "-accel", accel, "-cpu", cpu, "-m", spec.memory,
            "-smp", str(1 if spec.icount else spec.smp), "-seed", str(spec.seed)]
    if spec.renderer:
        args += ["-object", f"memory-backend-memfd,id=ram0,size={spec.memory},share=on"]
    if spec.icount:
        args += ["-rtc", "base=2026-01-01T00:00:00,clock=vm"]
    return args


# Text on each screen would hold on to its driver, and draw into what is measured and looked at.
NO_CONSOLE = "drm_kms_helper.fbdev_emulation=0"


def kernel_append(spec, more=""):
    """The kernel's command line; `more` are the kernel's own. The Spec's come last, and so count."""
    words = [APPEND, "loglevel=8", *tsc.kernel_words(spec), more]
    if not spec.shell:
        words.append(NO_CONSOLE)
    if spec.iommu == "intel":
        words.append("intel_iommu=on")
    if spec.icount:
        words.append("nokaslr")
    if spec.load:
        words.append(f"puck.load={spec.load}")
    if spec.shell:
        words.append("puck.shell=1")
    return " ".join(filter(None, [*words, spec.append]))


class Machine:
    """One run of a guest, with everything about it in a folder."""

    def __init__(self, qemu, kernel, rundir, spec):
        self.qemu, self.kernel, self.spec = qemu, kernel, spec
        self.rundir = Path(rundir)
        self.rundir.mkdir(parents=True, exist_ok=True)
        self.console = self.rundir / "console.log"
        self.output = self.rundir / "output.log"
        self.events = self.rundir / "events.log"
        self.mischief_log = self.rundir / "mischief.jsonl"

    def command_line(self, initrd):
        spec = self.spec
        cmd = [str(self.qemu), "-nodefaults", "-no-user-config", "-no-reboot", *machine_args(spec, self.qemu),
               *mischief_args(spec, self.qemu, self.mischief_log),
               *ports.qemu_args(port_count(spec)), *iommu_args(spec, self.qemu), *gpu_args(spec, self.qemu),
               *client_args(spec), *self.plugin_args(), *self.trace_args(),
               "-serial", f"file:{self.console}",
               "-serial", "mon:stdio" if spec.shell else "stdio",
               *(["-serial", f"file:{self.rundir / GUEST_EVENTS}"] if spec.guest_trace else []),
               "-qmp", f"unix:{quoted(self.qmp_path())},server=on,wait=off",
               "-kernel", str(self.kernel.image), "-initrd", str(initrd),
               "-append", kernel_append(spec, self.kernel.words)]
        if "-display" not in spec.qemu_args and "-vnc" not in spec.qemu_args:
            cmd += ["-display", "none"]
        if not spec.shell:
            cmd += ["-monitor", "none"]
        if spec.drivers:
            cmd += ["-bios", FIRMWARE]
        more = [arg for placed in spec.drivers for arg in placed.qemu_args()]
        more += (screen.ARGS if spec.screen else []) + spec.qemu_args
        cmd += [arg.replace("{run}", quoted(self.rundir)) for arg in more]
        if spec.replay:
            cmd = icount.recorded_drives(cmd)
        return cmd + (icount.qemu_args(spec.replay, cmd, self.rundir) if spec.icount else [])

    def files(self):
        shown = [screen.FILE] if self.spec.screen else []
        return [item for placed in self.spec.drivers for item in placed.files()] + shown + self.spec.files

    def trace_args(self):
        if not self.spec.trace:
            return []
        if qemu_stock.module_of(self.qemu):
            return ["-trace", f"file={quoted(self.events)}"]
        patterns = self.rundir / "trace-events"
        patterns.write_text("\n".join(self.trace_patterns()) + "\n")
        return ["-trace", f"events={quoted(patterns)},file={quoted(self.events)}"]

    def plugin_args(self):
        """The devices, where QEMU was built without them; events of theirs are unknown to -trace."""
        module = qemu_stock.module_of(self.qemu)
        if not module:
            return []
        patterns = self.trace_patterns() if self.spec.trace else []
        return ["-plugin", ",".join([f"file={quoted(module)}", *(f"trace={pattern}" for pattern in patterns)])]

    def trace_patterns(self):
        if self.spec.events:
            return self.spec.events
        known = (REPO / "qemu-device/trace-events").read_text()
        if self.spec.trace_all or TOO_MANY not in known:
            return TRACE
        return [*TRACE, "-" + TOO_MANY]

    def qmp_path(self):
        """A Unix socket's path may have 107 bytes only: a long folder is left by a link."""
        path = self.rundir / "qmp.sock"
        if len(str(path)) < 100:
            return path
        return Path(f"/tmp/puck-qmp-{digest(str(path))}.sock")

    def prepare(self, modules, programs, command, extra=None):
        files.make(self.rundir, self.files())
        table = self.rundir / "drivers"
        table.write_text(drivers.table(self.spec.drivers))
        extra = {drivers.TABLE: table, **files.shared(self.rundir, self.files()), **(extra or {})}
        if self.spec.guest_trace:
            extra["puck/trace"] = GUEST_TRACE
        initrd = self.rundir / "initrd"
        parts = initramfs.build(self.kernel, modules, programs, command, extra=extra, into=initrd)
        cmd = self.command_line(initrd)
        (self.rundir / "cmdline").write_text(" ".join(shlex.quote(c) for c in cmd) + "\n")
        (self.rundir / "seed").write_text(f"{self.spec.seed}\n")
        (self.rundir / "command.sh").write_text(command)
        runfile.begin(self.rundir, cmd, parts, self.files(), bool(self.spec.replay))
        return cmd

    def interactive(self, cmd):
        """Hand the terminal over."""
        return subprocess.run(cmd).returncode

    def run(self, cmd, limit, on_line=None):
        """Run to the end; returns a Result. `limit` is a patience.Limit, or seconds."""
        limit = limit if isinstance(limit, Limit) else Limit(limit)
        start = time.monotonic()
        with open(self.rundir / "qemu.log", "wb") as err, open(self.output, "wb") as out:
            # Its input stays open: the guest reads from it when a test is to be ended.
            proc = children.start(cmd, signal.SIGKILL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err)
            limit.start(proc.pid)
            host = qmp.HostRequests(self.qmp_path(), self.rundir / "qmp.log", proc.stdin, self.spec.renderer)
            try:
                with doing(f"guest {self.rundir.name}"):
                    timed_out = self.follow(proc, out, limit, host, on_line)
            finally:
                host.close()
                if proc.poll() is None:
                    proc.kill()
                proc.wait()
                children.ended(proc)
                proc.stdin.close()
                proc.stdout.close()
        self.qmp_path().unlink(missing_ok=True)
        result = Result(self, proc.returncode, timed_out, time.monotonic() - start)
        runfile.end(self.rundir, result, limit.seconds)
        children.check_going_on()       # how QEMU ended is no result if the tool ended it
        return result

    def follow(self, proc, out, limit, host, on_line):
        """Copy the guest's output until QEMU ends. Returns why it was ended, if it was."""
        pending = b""
        fd = proc.stdout.fileno()
        while True:
            late = limit.expired()
            if late and not limit.relieve(proc.stdin):
                proc.kill()
                return late
            if not select.select([fd], [], [], LOOK_SECONDS)[0]:
                continue
            data = os.read(fd, 65536)
            if not data:
                return self.last_moments(proc, limit)
            out.write(data)
            out.flush()
            pending += data
            *lines, pending = pending.split(b"\n")
            for line in (raw.decode(errors="replace").rstrip("\r") for raw in lines):
                limit.line(line)
                if not host.line(line) and on_line and not line.startswith(INIT_LINE):
                    on_line(line)


    @staticmethod
    def last_moments(proc, limit):
        """QEMU has closed its output, and is about to end: it is not to be killed for that."""
        while proc.poll() is None:
            late = limit.expired()
            if late:
                return late
            time.sleep(0.02)
        return None


class Result:
    """What a run left: exit status of the command in the guest, and its texts."""

    def __init__(self, machine, qemu_status, timed_out, elapsed):
        self.rundir = machine.rundir
        # `timed_out` is why the tool ended it, or None.
        self.timed_out, self.elapsed, self.qemu_status = timed_out, elapsed, qemu_status
        self.mischief_log = machine.mischief_log
        self.output = read_text(machine.output)
        self.console = read_text(machine.console)
        # The same without what the firmware wrote before the kernel did.
        kernel_log = [line for line in self.console.splitlines() if line.startswith("[")]
        (machine.rundir / "dmesg").write_text("\n".join(kernel_log) + "\n")
        self.qemu_messages = read_text(machine.rundir / "qemu.log").strip()
        self.status = self.find_status()

    def find_status(self):
        for line in reversed(self.output.splitlines()[-20:]):
            if line.startswith("puck-exit: "):
                return int(line.split()[1])
        return None

    def problem(self):
        """Why the run as such failed, or None."""
        if self.timed_out:
            return f"the guest was ended: {self.timed_out}"
        if self.status is None:
            last = self.qemu_messages or "\n".join(self.console.splitlines()[-5:])
            return f"the guest ended before its command did (QEMU status {self.qemu_status}): {last}"
        return None


def read_text(path):
    if not Path(path).exists():
        return ""
    return Path(path).read_text(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def check_spec(spec):
    if spec.iommu not in ("puck", "intel", "virtio", "none"):
        raise PuckError(f"no IOMMU '{spec.iommu}': puck, intel, virtio or none")
