# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck bench: figures as ratios, medians of several runs.

Guest programs print "bench: KEY VALUE" lines, one per run. The sides of a
comparison take turns, round by round, on one guest kernel without debugging,
so that what else the host does falls on all of them alike.
"""

import contextlib
import ctypes
import os
import subprocess
import time

from ..base import children, steps
from ..base.util import REPO, PuckError, cache, digest, say, sync_tree, write_if_changed, write_json
from ..build import apt, kernel, modules, qemu_module
from ..build.qemu import Qemu
from ..build.qemu_stock import from_source
from ..report import verdict
from ..report.figures import Figures, Goal
from ..vm import accel, icount
from ..vm.guest import Bench
from ..vm.machine import Spec
from ..vm.rundirs import new as new_rundir
from . import bench_gpu, bench_render, bench_screen, bench_wake

NIC = "8086:10d3"       # e1000e: a device that nobody else binds
MIB = 64
COPIES = 10             # of them in each turn
PAGES = (1, 64)
PROGRAMS = ["bench-map", "bench-copy", "bench-fence", "bench-camera", "puck-mirror", *bench_gpu.PROGRAMS,
            bench_screen.PROGRAM, bench_wake.PROGRAM]
BENCHMARKS = ("puck-map-benchmark", "puck-live-benchmark", "puck-count-benchmark", "puck-floor")


def benchmark_modules(target):
    """dma_map_benchmark as a module of a kernel that was built without it, and ours."""
    source = kernel.source_tree() / "kernel/dma/map_benchmark.c"
    root = cache("modules", f"map-benchmark-{target.release}-{digest(source)}")
    root.mkdir(exist_ok=True)
    sync_tree(REPO / "test-images/bench/module", root)
    write_if_changed(root / source.name, source.read_bytes())
    steps.run_step("build dma_map_benchmark", ["make", "-C", target.kdir, f"M={root}",
                                               "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"],
                   steps.log_path("map-benchmark"), quiet=True)
    return [root / f"{name}.ko" for name in BENCHMARKS]


class Runner:
    def __init__(self, args):
        self.args = args
        self.programs = [*PROGRAMS, *sorted(modules.mentioned(bench_render.COMMAND))]
        self.bench = Bench(args, "stock", programs=self.programs)
        self.other = {}
        self.rundir = new_rundir("bench", args.run_dir)
        self.figures = Figures()
        self.problems = []

    def on(self, kernel_name):
        """For what the stock kernel cannot do: guests on another one."""
        if kernel_name not in self.other:
            self.other[kernel_name] = Bench(self.args, kernel_name, programs=self.programs)
        return self.other[kernel_name]

    @contextlib.contextmanager
    def by(self, qemu):
        """Guests meanwhile are of another QEMU."""
        kept, self.bench.qemu = self.bench.qemu, qemu
        try:
            yield
        finally:
            self.bench.qemu = kept

    def boot(self, variant, spec, command, modules=(), timeout=180, turn=None, kernel_name=None, on_line=None,
             extra=None):
        start = time.monotonic()
        bench = self.on(kernel_name) if kernel_name else self.bench
        kept = bench.modules
        bench.modules = [*kept, *modules]
        name = variant if turn is None else f"{variant} {turn}"

        def take(line):
            self.figures.take(variant, line)
            if on_line:
                on_line(line)

        result = bench.boot(self.rundir / name.replace(" ", "-"), spec, command, timeout, on_line=take, extra=extra)
        bench.modules = kept
        trouble = [result.problem()] if result.problem() else verdict.check_console(result.console)
        if not trouble and result.status:
            trouble = [f"exit status {result.status}: " + " / ".join(result.output.splitlines()[-4:])]
        self.problems += [f"{name}: {t}" for t in trouble]
        say(f"  {name}: {time.monotonic() - start:.0f} s" + (f", {trouble[0]}" if trouble else ""))

    def save(self, goals):
        """All that was measured, for other programs."""
        write_json(self.rundir / "bench.json", {
            "kernel": self.bench.kernel.release, "accelerator": self.bench.accel,
            "figures": {f"{variant}: {key}": values for (variant, key), values in self.figures.values.items()},
            "goals": [vars(goal) | {"met": goal.met()} for goal in goals], "problems": self.problems})


# That the device is really behind the IOMMU meant, in the mode meant: in the
# guest, before anything is measured.
CHECK_IOMMU = r"""
for dev in /sys/bus/pci/devices/*; do
	[ "$(cat $dev/vendor):$(cat $dev/device)" = 0x{nic} ] && break
done
type=$(cat $dev/iommu_group/type 2>/dev/null)
if [ "$type" != "{type}" ]; then
	echo "the DMA domain's type is '$type' and not '{type}'"
	exit 1
fi
echo "# domain $type of $(readlink $dev/iommu)"
"""
DOMAIN_TYPES = {"": "", "strict": "DMA", "lazy": "DMA-FQ"}

MAP_VARIANTS = [(iommu, mode) for mode in ("strict", "lazy") for iommu in ("puck", "intel", "virtio")]


def bench_map(runner):
    """map+unmap on each IOMMU, strict and lazy, and without one."""
    modules = benchmark_modules(runner.bench.kernel)
    for turn in range(runner.args.runs):
        for iommu, mode in [("none", ""), *MAP_VARIANTS]:
            boot_map(runner, modules, iommu, mode, turn)
    return report_map(runner.figures)


def boot_map(runner, modules, iommu, mode, turn):
    # No run at first: it binds the device, which is when some IOMMUs take it.
    bind = f"modprobe puck-map-benchmark && bench-map {NIC} 0 1 || exit 1\n"
    check = CHECK_IOMMU.format(nic=NIC.replace(":", ":0x"), type=DOMAIN_TYPES[mode])
    measure = f"bench-map {NIC} 1 {' '.join(map(str, PAGES))}\n"
    append = f"iommu.strict={int(mode == 'strict')}" if mode else ""
    load = "virtio-iommu" if iommu == "virtio" else "puck-iommu"
    spec = Spec(iommu=iommu, gpu=False, load=load, append=append, trace=False,
                qemu_args=["-device", "e1000e,bus=rp2"])
    runner.boot(f"map {iommu} {mode}".strip(), spec, bind + check + measure, modules=modules, turn=turn)


def report_map(figures):
    print("\nmap+unmap with dma_map_benchmark, one thread, microseconds (median, range)")
    for iommu, mode in [("none", ""), *MAP_VARIANTS]:
        variant = f"map {iommu} {mode}".strip()
        cells = []
        for pages in PAGES:
            value = figures.median(variant, f"pages_{pages}")
            cells.append("not measured" if value is None else f"{value / 1000:8.2f} "
                         f"({figures.spread(variant, f'pages_{pages}')} ns)")
        print(f"  {iommu:7} {mode:7} " + "   ".join(f"{p:2} pages: {c}" for p, c in zip(PAGES, cells)))
    goals = []
    for mode in ("strict", "lazy"):
        for pages in PAGES:
            mine = figures.median(f"map puck {mode}", f"pages_{pages}")
            others = [figures.median(f"map {o} {mode}", f"pages_{pages}") for o in ("intel", "virtio")]
            if mine is not None and all(others):
                goals.append(Goal(f"{pages} pages, {mode}: puck / best of intel, virtio", mine / min(others), 0.5, True))
    return goals


# The mapper's own cost: one and the same IOMMU, with and without it, in turns
# within one guest.
LIVE = (100, 100000)
DMA_VARIANTS = {"strict": "dma-iommu, strict", "lazy": "dma-iommu, lazy", "mapper": "puck-dma"}
MEASURE_DMA = r"""
for dev in /sys/bus/pci/devices/*; do
	[ "$(cat $dev/vendor):$(cat $dev/device)" = 0x{nic} ] && break
done
name=$(basename $dev)
lines=/sys/kernel/debug/puck-dma/devices

release() {{
	[ ! -e $dev/driver ] || echo $name > $dev/driver/unbind
}}

# The first word says by whom the device is mapped, the rest measures.
measure() {{
	who=$1
	shift
	release
	case $who in
	mapper)	echo '{line}=' > $lines ;;
	lazy)	echo DMA-FQ > $dev/iommu_group/type ;;
	strict)	echo DMA > $dev/iommu_group/type ;;
	esac
	"$@" > /tmp/figures || exit 1
	found=other
	[ ! -d /sys/kernel/debug/puck-dma/$name ] || found=mapper
	[ $found = mapper ] || case $(cat $dev/iommu_group/type) in
	DMA)	found=strict ;;
	DMA-FQ)	found=lazy ;;
	esac
	if [ $found != $who ]; then
		echo "the device is mapped by $found and not by $who"
		exit 1
	fi
	sed "s/^bench: /bench: ${{who}}_/" /tmp/figures
	release
	[ $who != mapper ] || echo '-{line}' > $lines
}}

live() {{
	dmesg -c > /dev/null
	echo puck_live_benchmark > $dev/driver_override
	echo $name > /sys/bus/pci/drivers/puck_live_benchmark/bind || return
	dmesg | sed -n 's/.*\(bench: .*\)/\1/p'
}}

for module in puck-dma puck-map-benchmark puck-live-benchmark; do
	modprobe $module || exit 1
done
turns() {{
	for run in $(seq {runs}); do
		for who in {variants}; do
			measure $who "$@"
		done
	done
}}
# Last the many: dma-iommu looks for larger blocks among all that were free once.
turns bench-map {line} 1 {pages}
turns live
"""


def bench_dma(runner):
    """map+unmap by puck-dma, against dma-iommu on the same puck-iommu; and with many live."""
    for variant, runs in (("dma", runner.args.runs), ("dma counted", 1)):
        script = MEASURE_DMA.format(nic=NIC.replace(":", ":0x"), line=NIC, runs=runs,
                                    variants=" ".join(DMA_VARIANTS), pages=" ".join(map(str, PAGES)))
        spec = Spec(gpu=False, load="puck-iommu", append="iommu.strict=1", trace=False, icount=variant == "dma counted",
                    qemu_args=["-device", "e1000e,bus=rp2"])
        runner.boot(variant, spec, script, modules=benchmark_modules(runner.bench.kernel), timeout=60 + 30 * runs)
    goals = report_dma(runner.figures)
    report_counted_dma(runner.figures)
    return goals


DMA_KEYS = {f"pages_{p}": f"{p} pages" for p in PAGES} | {f"live_{n}": f"one page, {n} live" for n in LIVE}
DMA_KEYS |= {f"fill_{n}": f"one page, up to {n} live" for n in LIVE}


def report_dma(figures):
    print("\nmap+unmap on puck-iommu, one thread, microseconds (median, range)")
    for key, what in DMA_KEYS.items():
        for variant, name in DMA_VARIANTS.items():
            value = figures.median("dma", f"{variant}_{key}")
            cell = "not measured" if value is None else f"{value / 1000:8.2f} ({figures.spread('dma', f'{variant}_{key}')} ns)"
            print(f"  {what:28} {name:18} {cell}")
    return goals_dma(lambda variant, key: figures.median("dma", f"{variant}_{key}"))


def report_counted_dma(figures):
    print("\nmap+unmap on puck-iommu, instructions of the guest")
    for key, what in DMA_KEYS.items():
        for variant, name in DMA_VARIANTS.items():
            value = figures.median("dma counted", f"{variant}_{key}")
            if value is not None:
                print(f"  {what:28} {name:18} {icount.instructions(value / 1000):8.0f}")


def goals_dma(median):
    goals = []
    for pages in PAGES:
        mine, plain, lazy = (median(v, f"pages_{pages}") for v in ("mapper", "strict", "lazy"))
        if mine and plain and lazy:
            goals.append(Goal(f"{pages} pages: puck-dma / dma-iommu, strict as puck-dma is", mine / plain, 2.0, True))
            goals.append(Goal(f"{pages} pages: puck-dma / dma-iommu, lazy", mine / lazy, 2.0, True))
    for key in ("live", "fill"):
        few, many = (median("mapper", f"{key}_{n}") for n in LIVE)
        if few and many:
            goals.append(Goal(f"puck-dma, {key}: {LIVE[1]} live / {LIVE[0]} live", many / few, 1.5, True))
    return goals


# Below this no driver of an IOMMU can go: what the kernel does around its callbacks,
# and they do nothing. Counted, not timed: once is enough, on a busy host, too.
FLOOR_GOALS = {("strict", 1): 1.2, ("strict", 64): 1.5, ("lazy", 1): 1.15, ("lazy", 64): 1.3}
MEASURE_FLOOR = r"""
for dev in /sys/bus/pci/devices/*; do
	[ "$(cat $dev/vendor):$(cat $dev/device)" = 0x{nic} ] && break
done
name=$(basename $dev)
{load}
modprobe puck-count-benchmark || exit 1
echo puck_count_benchmark > $dev/driver_override

count() {{
	echo $2 > $dev/iommu_group/type
	found=$(cat $dev/iommu_group/type)
	if [ "$found" != $2 ]; then
		echo "the DMA domain's type is '$found' and not $2"
		exit 1
	fi
	dmesg -c > /dev/null
	echo $name > /sys/bus/pci/drivers/puck_count_benchmark/bind || exit 1
	echo $name > /sys/bus/pci/drivers/puck_count_benchmark/unbind
	dmesg | sed -n "s/.*bench: /bench: $1_/p"
}}

count strict DMA
count lazy DMA-FQ
"""


def bench_floor(runner):
    """Instructions of map+unmap on puck-iommu, against a driver with emptied callbacks."""
    modules = benchmark_modules(runner.bench.kernel)
    for driver, iommu, load in (("puck", "puck", ""), ("floor", "none", "modprobe puck-floor device=$name || exit 1")):
        script = MEASURE_FLOOR.format(nic=NIC.replace(":", ":0x"), load=load)
        spec = Spec(iommu=iommu, icount=True, gpu=False, load="puck-iommu" if iommu == "puck" else "none", trace=False,
                    append="iommu.strict=1", qemu_args=["-device", "e1000e,bus=rp2"])
        runner.boot(f"floor {driver}", spec, script, modules=modules)
    return report_floor(runner.figures)


def report_floor(figures):
    print("\nmap+unmap, instructions of the guest (puck-iommu, and a driver with emptied callbacks)")
    goals = []
    for (mode, pages), limit in FLOOR_GOALS.items():
        mine, floor = (figures.median(f"floor {driver}", f"{mode}_count_{pages}") for driver in ("puck", "floor"))
        if mine and floor:
            print(f"  {mode:7} {pages:2} pages: {mine:6.0f} of puck-iommu, {floor:6.0f} of the floor")
            goals.append(Goal(f"{pages} pages, {mode}: puck-iommu / floor, instructions", mine / floor, limit, True))
    return goals


def host_memcpy(runs):
    """GB/s of memcpy in the host, between two buffers that are in memory already."""
    size = MIB << 20
    source = ctypes.create_string_buffer(size)
    target = ctypes.create_string_buffer(size)
    rates = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        ctypes.memmove(target, source, size)
        rates.append(size / (time.perf_counter() - start) / 1e9)
    return rates[2:]


def bench_copy(runner):
    """64 MiB system memory to system memory by the GPU through the IOMMU."""
    need(runner, "bench-copy")
    for turn in range(runner.args.runs):
        for rate in host_memcpy(COPIES):
            runner.figures.take("copy", f"bench: host_gbs {rate}")
        runner.boot("copy", Spec(memory="1G", trace=False), f"bench-copy {MIB} {COPIES}\n", turn=turn)
    print(f"\ncopy of {MIB} MiB, GB/s (median, range)")
    names = {"gpu_gbs": "puck-gpu through the IOMMU", "host_gbs": "memcpy in the host", "guest_gbs": "memcpy in the guest"}
    for key, name in names.items():
        print(f"  {name:28} {runner.figures.median('copy', key) or float('nan'):8.2f} ({runner.figures.spread('copy', key)})")
    gpu, host = (runner.figures.median("copy", k) for k in ("gpu_gbs", "host_gbs"))
    return [Goal("copy: puck-gpu / memcpy in the host", gpu / host, 0.7, False)] if gpu else []


FENCES = {"object": "object of a page, a command, its fence", "device": "doorbell to answer, as the drivers see it",
          "submit": "empty job to its sync_file"}


def bench_fence(runner):
    """Submit-to-fence at delay 0, against virtio-gpu's: in time, and in instructions of the guest."""
    need(runner, "bench-fence")
    for variant, counted in (("fence", False), ("fence counted", True)):
        spec = Spec(trace=False, icount=counted, qemu_args=["-device", "virtio-gpu-pci,bus=rp4"])
        runner.boot(variant, spec, f"modprobe virtio-gpu; bench-fence {runner.args.runs}\n")
    goals = report_fence(runner.figures)
    report_counted_fence(runner.figures)
    return goals


def report_fence(figures):
    print("\nsubmit to fence, microseconds (median of the runs' medians, range)")
    goals = []
    for key, what in FENCES.items():
        medians = []
        for device in ("puck", "virtio"):
            value = figures.median("fence", f"{device}_{key}_us")
            medians.append(value)
            if value is not None:
                print(f"  {device + '-gpu':11} {what:42} {value:8.2f} ({figures.spread('fence', f'{device}_{key}_us')})")
        if all(medians):
            goals.append(Goal(f"{what}: puck / virtio", medians[0] / medians[1], 0.5, True))
    empty, virtio = (figures.median("fence", key) for key in ("puck_submit_us", "virtio_object_us"))
    if empty and virtio:
        # What bench/fence.c says: RESOURCE_CREATE is the cheapest that virtio-gpu has a fence for.
        goals.append(Goal("cheapest thing with a fence: puck / virtio", empty / virtio, 0.5, True))
    return goals


def report_counted_fence(figures):
    """The same with time by instructions: it repeats on a busy host, too. Devices take no time there."""
    print("\nsubmit to fence, instructions of the guest (median of the runs' medians)")
    for key in ("object", "submit"):
        for device in ("puck", "virtio"):
            value = figures.median("fence counted", f"{device}_{key}_us")
            if value is not None:
                print(f"  {device + '-gpu':11} {FENCES[key]:42} {icount.instructions(value):8.0f}")


def need(runner, program):
    if program not in runner.bench.programs:
        raise PuckError(f"test-images/bench has no {program}")


CAMERA_SECONDS = 12     # of pictures, for each of --runs: a minute if none is said
CAMERA_RATE = 60
MEASURE_CAMERA = """
puck-mirror --format NV12 --size 1920x1080 --rate {rate} --frames {frames} || exit 1
# An HDMI input: the others have no such size at this rate.
modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=3 multiplanar=2 || exit 1
bench-camera {frames}
"""


def bench_camera(runner):
    """1080p60 NV12: from the camera through the GPU, each stamp verified; what a frame costs the CPU, beside vivid's."""
    need(runner, "bench-camera")
    frames = CAMERA_SECONDS * CAMERA_RATE * runner.args.runs
    spec = Spec(trace=False, icount=True, load="puck-iommu,puck,puck-cam",
                qemu_args=["-device", "puck-cam,id=cam0,bus=rp2", *icount.CPU])
    runner.boot("camera", spec, MEASURE_CAMERA.format(rate=CAMERA_RATE, frames=frames))
    return report_camera(runner.figures, frames)


def report_camera(figures, frames):
    good, torn, stale, failed, dropped = (figures.median("camera", f"mirror_{key}")
                                          for key in ("good", "torn", "stale", "failed", "dropped"))
    print(f"\n1080p60 NV12 for {frames // CAMERA_RATE} s of the guest's time, which is instructions")
    if good is None:
        return []
    print(f"  camera to GPU: {good:.0f} of {frames} frames copied and verified, {torn:.0f} torn, "
          f"{stale:.0f} of another frame, {failed:.0f} failed; {dropped:.0f} dropped")
    goals = [Goal("camera to GPU: frames that are not whole, of all", (frames - good) / frames, 0.0, True)]
    for name in ("puck", "vivid"):
        value, lost = (figures.median("camera", f"camera_{name}_{key}") for key in ("us", "dropped"))
        if value is not None:
            print(f"  {name:6} {icount.instructions(value):10.0f} instructions of the guest for a frame; {lost:.0f} dropped")
    mine, other = (figures.median("camera", f"camera_{name}_us") for name in ("puck", "vivid"))
    if mine and other:
        goals.append(Goal("guest CPU for a frame: puck-cam / vivid, instructions", mine / other, 0.1, True))
    return goals


HOLD_LIMIT = 60         # seconds for a case; one that takes longer does not end
HOLD_GOAL = 1000        # microseconds


def bench_hold(runner):
    """How long a guest can make QEMU hold the BQL: the longest time without an answer.

    What a device does itself is in each run, what the machine takes away meanwhile is
    not: so the figure is the shortest of the runs' longest times.
    """
    binary, program = hold_programs(runner.args)
    cases = [line.split("\t") for line in steps.output([program]).splitlines()]
    for name, _ in cases:
        for _ in range(runner.args.runs):
            if not hold_case(runner, binary, program, name):
                break
    return report_hold(runner, cases)


def hold_programs(args):
    """QEMU, and what measures it."""
    if not from_source(args):
        return qemu_module.stock(args.qemu).hold_bench()
    qemu = Qemu(args.qemu_src)
    return qemu.ensure([*qemu.qtests(), qemu.hold_bench()]), qemu.build / qemu.hold_bench()


def hold_case(runner, binary, program, name):
    """One run; False if it did not end, as no other would."""
    start = time.monotonic()
    env = dict(os.environ, QTEST_QEMU_BINARY=str(binary))
    proc = children.start([program, name], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    try:
        out, err = proc.communicate(timeout=HOLD_LIMIT)
    except subprocess.TimeoutExpired:
        out, err = "", f"no end in {HOLD_LIMIT} s"
    finally:
        # QEMU is in the group, too, and does not end with who started it if it hangs.
        children.ended(proc)
        proc.wait()
    for line in out.splitlines():
        runner.figures.take("hold", line)
    good = proc.returncode == 0
    said = err.strip().splitlines()
    if not good:
        runner.problems.append(f"hold {name}: " + (said or [f"exit status {proc.returncode}"])[-1])
    say(f"  hold {name}: {time.monotonic() - start:.0f} s" + "".join(f", {line}" for line in said[-1:]))
    return good


def report_hold(runner, cases):
    print("\nlongest time without an answer, microseconds (the least of the runs, range)")
    goals = []
    for name, what in cases:
        key = f"hold_{name}_us"
        value = runner.figures.least("hold", key)
        cell = f"{value:10.0f} ({runner.figures.spread('hold', key)})" if value is not None else "not measured"
        print(f"  {what:56} {cell}")
        if value is not None:
            goals.append(Goal(f"{what}: of 1 ms", value / HOLD_GOAL, 1.0, True))
    return goals


PARTS = {"map": bench_map, "floor": bench_floor, "dma": bench_dma, "copy": bench_copy, "fence": bench_fence, "camera": bench_camera,
         "hold": bench_hold, **bench_gpu.PARTS, **bench_screen.PARTS, **bench_render.PARTS, **bench_wake.PARTS}


def cmd_bench(args):
    parts = args.parts or list(PARTS)
    unknown = [p for p in parts if p not in PARTS]
    if unknown:
        raise PuckError(f"no part '{unknown[0]}': {', '.join(PARTS)}")
    apt.ensure_host()
    runner = Runner(args)
    accel.announce(runner.bench.accel, runner.bench.why)
    goals = []
    for part in parts:
        say(f"bench {part}: {args.runs} runs a figure, Linux {runner.bench.kernel.release}")
        try:
            goals += PARTS[part](runner)
        except PuckError as err:
            runner.problems.append(f"{part}: {err}")
    print("\nratios (of medians; for hold, of the least)")
    for goal in goals:
        print(goal.line())
    for problem in runner.problems:
        print(f"problem: {problem}")
    runner.save(goals)
    print(f"run folder: {runner.rundir} (bench.json)")
    return 1 if runner.problems else 0
