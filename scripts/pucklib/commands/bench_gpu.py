# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of scripts/puck bench for puck.ko's memory management and submission.

Each has a program in test-images/bench, which says what is measured. What the guest
works is counted in its instructions, on one CPU whose time they are: that repeats on a
busy host, too. Where a device or several CPUs take their time a second boot has it by
the clock, and the sides of a comparison take turns in it.
"""

from ..report.figures import Goal
from ..vm import icount
from ..vm.machine import Spec

PROGRAMS = ["bench-evict", "bench-submit", "bench-bind", "bench-object", "bench-p2p"]
EVICT_MIB = 16          # of a BO, of which VRAM has room for four
BIND_MIB = 16
P2P_MIB = 32            # of a BO, of which VRAM has room for two
CONTEXTS = (1, 2, 4, 8)
BOS = (1, 64, 160, 256)
BINDS = {"merged": "merged by the IOMMU", "aslant": "the same, a page aslant", "scattered": "no IOMMU, scattered"}
VIRTIO = ["-device", "virtio-gpu-pci,bus=rp4"]


def boot_both(runner, part, program, *args, **spec):
    """The program by the clock, and counted."""
    # To TCG a byte of a string instruction is as much work as eight, by the clock too.
    cpu = icount.CPU if runner.bench.accel == "tcg" else []
    for how, variant, args_cpu in (("timed", part, cpu), ("counted", f"{part} counted", icount.CPU)):
        command = " ".join([program, how, *map(str, args), str(runner.args.runs)])
        runner.boot(variant, Spec(trace=False, icount=how == "counted", qemu_args=args_cpu, **spec), command + "\n")


def counted(figures, part, key):
    """Instructions of the guest, or None."""
    value = figures.median(f"{part} counted", key)
    return None if value is None else icount.instructions(value)


def cell(value, form):
    return "not measured" if value is None else f"{value:{form}}"


def ratio(goals, what, value, other, limit, at_most=True):
    """A goal, if both were measured."""
    if value is not None and other:
        goals.append(Goal(what, value / other, limit, at_most))


def bench_evict(runner):
    """BOs that do not fit into VRAM, moved by the driver; and the copy ring by itself."""
    boot_both(runner, "evict", "bench-evict", EVICT_MIB, gpu_options=",copy-rings=1")
    figures, goals = runner.figures, []
    print(f"\nBOs of {EVICT_MIB} MiB, twice as many as VRAM has room for, out and in; and COPY commands of that size")
    for key, name in (("evict", "moved by the driver"), ("copy", "copied by a job")):
        rate = cell(figures.median("evict", f"{key}_gbs"), "8.2f")
        work = counted(figures, "evict", f"{key}_us")
        each = cell(None if work is None else work / (2 * EVICT_MIB), "8.0f")
        print(f"  {name:20} {rate} GB/s ({figures.spread('evict', f'{key}_gbs')}), {each} instructions of the guest for a MiB")
    ratio(goals, "evict: moved by the driver / copied by its ring", figures.median("evict", "evict_gbs"),
          figures.median("evict", "copy_gbs"), 0.8, at_most=False)
    return goals


def bench_submit(runner):
    """Submissions of 1 to 8 contexts, and with 1 to 256 BOs to synchronise by."""
    boot_both(runner, "submit", "bench-submit")
    figures = runner.figures
    print("\nsubmissions, each with its completion")
    for key, values, what in (("contexts", CONTEXTS, "empty, of {} contexts"), ("bos", BOS, "with {} BOs")):
        for n in values:
            us = figures.median("submit", f"{key}_{n}_us")
            rate = cell(None if not us else 1e6 / us, "8.0f")
            work = cell(counted(figures, "submit", f"{key}_{n}_us"), "8.0f")
            print(f"  {what.format(n):24} {rate} a second ({figures.spread('submit', f'{key}_{n}_us')} us), "
                  f"{work} instructions of the guest")
    return goals_submit(figures)


def each_bo(figures, few, many):
    """Instructions for each BO by which a list is longer."""
    less, more = (counted(figures, "submit", f"bos_{n}_us") for n in (few, many))
    return None if less is None or more is None else (more - less) / (many - few)


def goals_submit(figures):
    goals = []
    one, most = (counted(figures, "submit", f"contexts_{n}_us") for n in (CONTEXTS[0], CONTEXTS[-1]))
    ratio(goals, f"submit, instructions: {CONTEXTS[-1]} contexts / 1", most, one, 1.25)
    # The rate, which is one by the time.
    one, most = (figures.median("submit", f"contexts_{n}_us") for n in (CONTEXTS[0], CONTEXTS[-1]))
    ratio(goals, f"submit, a second: {CONTEXTS[-1]} contexts / 1", one, most, 0.8, at_most=False)
    one, few, more, most = BOS
    ratio(goals, f"submit, instructions: each BO of {few} / a job with one", each_bo(figures, one, few),
          counted(figures, "submit", f"bos_{one}_us"), 0.1)
    # Work by pairs of BOs makes the last ones dearer.
    ratio(goals, f"submit, instructions: each BO above {more} / each below", each_bo(figures, more, most),
          each_bo(figures, few, more), 1.1)
    return goals


def bench_bind(runner):
    """VM_BIND of a MAP and of an UNMAP, by leaves of 64 KiB and of 4 KiB."""
    boot_both(runner, "bind", "bench-bind", BIND_MIB)
    figures, goals = runner.figures, []
    print(f"\n{BIND_MIB} MiB mapped and unmapped, each waited for")
    for key, name in BINDS.items():
        us = figures.median("bind", f"{key}_us")
        rate = cell(None if not us else 1e6 / us, "8.0f")
        work = cell(counted(figures, "bind", f"{key}_us"), "8.0f")
        big, small, misses = (cell(figures.median("bind counted", f"{key}_{what}"), ".0f") for what in ("big", "small", "misses"))
        print(f"  {name:24} {rate} a second ({figures.spread('bind', f'{key}_us')} us), {work} instructions of the guest; "
              f"leaves: {big} of 64 KiB, {small} of 4 KiB; the TLB missed {misses}")
    for measure, get in (("instructions", lambda key: counted(figures, "bind", f"{key}_us")),
                         ("time", lambda key: figures.median("bind", f"{key}_us"))):
        ratio(goals, f"bind, {measure}: leaves of 64 KiB / of 4 KiB", get("merged"), get("aslant"), 0.8)
        ratio(goals, f"bind, {measure}: merged / scattered", get("merged"), get("scattered"), 0.4)
    ratio(goals, "bind, misses of the TLB: leaves of 64 KiB / of 4 KiB", figures.median("bind counted", "merged_misses"),
          figures.median("bind counted", "aslant_misses"), 0.1)
    return goals


OBJECTS = {"fenced": ("object of a page, a command, its fence", "virtio", "virtio-gpu", 0.25),
           "filled": ("object of a page, filled by the CPU", "vgem", "vgem", 1.5)}


def bench_object(runner):
    """What an object costs the guest, beside virtio-gpu's and vgem's."""
    spec = Spec(trace=False, icount=True, qemu_args=[*VIRTIO, *icount.CPU])
    runner.boot("object counted", spec, f"modprobe virtio-gpu; modprobe vgem; bench-object {runner.args.runs}\n")
    goals = []
    print("\nobjects, instructions of the guest")
    for key, (what, other, name, limit) in OBJECTS.items():
        mine, theirs = (counted(runner.figures, "object", f"{driver}_{key}_us") for driver in ("puck", other))
        print(f"  {what:42} {cell(mine, '8.0f')} of puck-gpu, {cell(theirs, '8.0f')} of {name}")
        ratio(goals, f"{what}: puck / {name}", mine, theirs, limit)
    return goals


P2P_MACHINE = ["-device", "x3130-upstream,id=up,bus=rp2",
               "-device", "xio3130-downstream,id=down1,bus=up,chassis=11", "-device", "puck-gpu,id=gpu2,bus=down1",
               "-device", "xio3130-downstream,id=down2,bus=up,chassis=12", "-device", "puck-gpu,id=gpu3,bus=down2"]


def bench_p2p(runner):
    """VRAM of another GPU, below the same switch: read there, and by way of system memory.

    Debian's kernel has no DMABUF_MOVE_NOTIFY, so that what is shared is never in VRAM there.
    Nearly all of either side is what the devices do.
    """
    command = f"bench-p2p 0000:04:00.0 0000:05:00.0 {P2P_MIB} {runner.args.runs}\n"
    runner.boot("p2p", Spec(trace=False, qemu_args=P2P_MACHINE), command, kernel_name="debug")
    figures, goals = runner.figures, []
    print(f"\nVRAM of another GPU copied to one's own, {P2P_MIB} MiB at a time")
    for key, name in (("peer", "from device to device"), ("system", "by system memory")):
        print(f"  {name:22} {cell(figures.median('p2p', f'{key}_gbs'), '8.2f')} GB/s ({figures.spread('p2p', f'{key}_gbs')})")
    ratio(goals, "p2p: from device to device / by system memory", figures.median("p2p", "peer_gbs"),
          figures.median("p2p", "system_gbs"), 1.2, at_most=False)
    return goals


PARTS = {"evict": bench_evict, "submit": bench_submit, "bind": bench_bind, "object": bench_object, "p2p": bench_p2p}
