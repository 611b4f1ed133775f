# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck run --driver and --device: a driver under the DMA mapper."""

import re
import shlex
from pathlib import Path

from . import drivers
from .guest import at_port, files, module_there, spec_from
from .util import PuckError

FINDING = re.compile(r"puck-dma (\S+): (finding|note): (.*)")
IOMMUS = ("puck", "intel", "virtio")
PROGRAM = "puck-dma-run"
OWN = "own"


def wanted(args):
    return bool(args.driver or args.device)


def job(args):
    from .run import Job, show
    check(args)
    extra = files(args)
    placed = own(args, extra) if args.device else drivers.place([args.driver])
    drawn = ",".join(filter(None, (f"random,seed={args.seed}", placed[0].driver.bind)))
    policy = args.dma if args.dma is not None else drawn
    arguments = ["--seed", str(args.seed), "--bytes", "4M"] if args.driver else []
    command = shlex.join([PROGRAM, "run", placed[0].driver.name, policy, *arguments])
    spec = spec_from(args)
    spec.load, spec.drivers = "none", placed
    spec.gpu = placed[0].driver.port == "rp1"
    programs = (PROGRAM, placed[0].driver.work.split()[0], "gpu_stress") if args.driver else ()
    return Job(spec, f"exec {command}\n", extra, programs, show_all if args.device else show,
               lambda text: bool(drivers.sort_out(placed[0].driver, [text])[0]), lambda result: report(args, result))


def show_all(line):
    """What the user's own workload says."""
    if not line.startswith("puck-"):
        print(f"           {line}", flush=True)


def check(args):
    if args.driver and args.device:
        raise PuckError("--driver is for one of the drivers known, --device for your own: not both")
    if args.iommu not in IOMMUS:
        raise PuckError(f"the mapper needs an IOMMU: {', '.join(IOMMUS)}")
    if args.device and not (args.module and args.workload):
        raise PuckError("--device wants --module FILE.ko (or the name of one of the kernel's) and --workload COMMAND")


def own(args, extra):
    """A device and driver of the user's."""
    for name in args.module:
        if name.endswith(".ko") and not Path(name).is_file():
            raise PuckError(f"no file {name}")
    modules = tuple(module_there(name, extra) for name in args.module)
    device = at_port(args.device)
    port = re.search(r"(?:^|,)bus=([^,]+)", device)[1]
    driver = drivers.Driver(OWN, (device.replace("{", "{{").replace("}", "}}"),), modules, args.workload)
    return [drivers.Placed(driver, port)]


def known(output):
    """What puck-dma-run reported; counters of several bindings are added up."""
    facts, counters = {}, {}
    for line in output.splitlines():
        if line.startswith("puck-report: "):
            key, _, value = line.removeprefix("puck-report: ").partition(" ")
            if key == "counter":
                name, _, number = value.partition(" ")
                counters[name] = counters.get(name, 0) + int(number)
            else:
                facts[key] = value
    return facts, counters


def report(args, result):
    """Prints it; returns what is wrong with it."""
    facts, counters = known(result.output)
    if not counters:
        return ["the mapper never told what it did"]
    print(f"device     {facts.get('device')}, driver {facts.get('driver')}, "
          f"behind {facts.get('iommu') or args.iommu} ({args.iommu})")
    if "policy" in facts:
        print(f"policy     {facts['policy']}")
    print("mapped     {mappings} times; {entries} entries became {segments} segments; {live} live at the end"
          .format(**{k: counters.get(k, "?") for k in ("mappings", "entries", "segments", "live")}))
    print("moved      {bytes} bytes mapped, {syncs} syncs, {failed} mappings failed on purpose"
          .format(**{k: counters.get(k, "?") for k in ("bytes", "syncs", "failed")}))
    found = [match[3] for match in FINDING.finditer(result.console) if match[2] == "finding"]
    for match in FINDING.finditer(result.console):
        if match[2] == "note":
            print(f"note       {match[3]}")
    for line in found:
        print(f"finding    {line}")
    if not found:
        print("findings   none")
    return [] if counters.get("mappings") else ["nothing was mapped: the driver is not under the mapper"]
