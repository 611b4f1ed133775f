# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck soak: real drivers under one policy of the DMA mapper after the other.

What the mapper does is legal if no driver trips over it: each does I/O that is
compared, under each policy, on each IOMMU, and the mapper finds nothing. A driver of
the user's goes through the rounds of a run first, and then as many random policies.
"""

import argparse
import re
import shlex
from dataclasses import dataclass, field

from ..base.util import PuckError, in_parallel, say
from ..build import apt
from ..report import findings, verdict
from ..runs import mapper, results, sweep
from ..vm import accel, drivers
from ..vm.guest import Bench
from ..vm.machine import Spec
from ..vm.rundirs import new as new_rundir

POLICY = re.compile(r"(ok|not ok) \d+ .*\brandom,seed=(\d+)")
ENDED = "puck-report: ended "


@dataclass
class Cell:
    """One boot: a driver on an IOMMU."""
    driver: str
    iommu: str
    good: list = field(default_factory=list)        # seeds
    bad: list = field(default_factory=list)
    mappings: int = 0
    segments: int = 0
    bytes: int = 0
    seconds: float = 0.0
    known: list = field(default_factory=list)       # bugs of the driver that are known
    trouble: list = field(default_factory=list)
    tried: mapper.Subject = None                    # of the user's
    folder: object = None                           # of the boot that counts

    def line(self, line):
        match = POLICY.match(line)
        if match:
            (self.good if match[1] == "ok" else self.bad).append(int(match[2]))

    def forget(self):
        """What a boot said that does not count."""
        self.good, self.bad = [], []

    def finish(self, result, wanted):
        counters = mapper.known(result.output).counters
        self.mappings, self.segments, self.bytes = (counters.get(k, 0) for k in ("mappings", "segments", "bytes"))
        self.seconds = result.elapsed
        problem = result.problem()
        self.trouble = [problem] if problem else []
        failed = [c for c in verdict.parse_ktap(result.output, self.driver) if c.result == "failed"]
        self.known, others = drivers.sort_out(drivers.find(self.driver), verdict.check_console(result.console))
        self.trouble += [f"{c.name}: {c.detail}" for c in failed] + others
        if not self.trouble and result.status:
            self.trouble.append(f"exit status {result.status}")
        if not self.trouble and len(self.good) != wanted:
            self.trouble.append(f"{len(self.good)} policies of {wanted} were reported good")
        if not self.trouble and not self.mappings:
            self.trouble.append("nothing was mapped")

    def finish_own(self, result):
        """The same of a driver of the user's, whose policies are rounds."""
        told = mapper.known(result.output)
        self.mappings, self.segments, self.bytes = (told.counters.get(k, 0) for k in ("mappings", "segments", "bytes"))
        self.seconds = result.elapsed
        self.good = [one.name for one in told.rounds if one.status == 0]
        wrong = mapper.show_findings(self.tried, result, findings.grouped(result.console))
        self.trouble = [f"{g.first.kind}: {g.first.text} ({mapper.how_often(g)})" for g in wrong]
        self.trouble += mapper.failed_rounds(told, wrong)
        self.trouble += [result.problem()] if result.problem() else []
        self.trouble += [text for text in verdict.check_console(result.console)
                         if not mapper.is_told(self.tried.driver, text)]
        if not self.mappings:
            self.trouble.append("nothing was mapped")

    def suspect(self, first, wanted):
        """Seed of the policy that failed: the first bad one, else the one that never ended."""
        if self.bad:
            return self.bad[0]
        return first + min(len(self.good), wanted - 1)


def choose(args):
    # Of the unmodified ones: a driver of ours would prove little.
    names = args.drivers.split(",") if args.drivers else [d.name for d in drivers.TABLE_OF_DRIVERS if not d.port]
    iommus = args.iommus.split(",")
    for name in names:
        drivers.find(name)
    for iommu in iommus:
        if iommu not in mapper.IOMMUS:
            raise PuckError(f"no IOMMU '{iommu}': {', '.join(mapper.IOMMUS)}")
    if args.policies < 1:
        raise PuckError("--policies wants at least 1")
    if args.device or args.module:
        return [Cell(drivers.OWN if args.device else args.drivers, iommu,
                     tried=mapper.subject(args.drivers, args.device, args.module, args.workload)) for iommu in iommus]
    return [Cell(name, iommu) for iommu in iommus for name in names]


def soak_own(bench, args, rundir, cell):
    tried = cell.tried
    spec = Spec(iommu=cell.iommu, seed=args.seed, load="none", drivers=[tried.placed], trace=False, gpu=False,
                guest_trace=True)
    rounds = sweep.rounds_of(tried.driver, args.seed) + sweep.many(tried.driver, args.seed, args.policies)
    result = bench.boot_excused(rundir / f"{cell.driver}-{cell.iommu}", spec,
                                sweep.command(mapper.PROGRAM, tried.driver.name, rounds), args.timeout,
                                extra=tried.extra())
    cell.folder = result.rundir
    cell.finish_own(result)


def soak(bench, args, rundir, cell):
    if cell.tried:
        soak_own(bench, args, rundir, cell)
        return
    placed = drivers.place([cell.driver])
    spec = Spec(iommu=cell.iommu, seed=args.seed, load="none", drivers=placed, trace=False,
                gpu=placed[0].driver.port == "rp1")
    command = shlex.join([mapper.PROGRAM, "soak", cell.driver, str(args.seed), str(args.policies)])
    result = bench.boot_excused(rundir / f"{cell.driver}-{cell.iommu}", spec, f"exec {command}\n", args.timeout,
                                on_again=cell.forget, on_line=cell.line)
    cell.folder = result.rundir
    cell.finish(result, args.policies)
    say(f"  {cell.driver} on {cell.iommu}: {len(cell.good)} good, {len(cell.bad)} bad, {cell.seconds:.0f} s"
        + (f"; {cell.trouble[0].splitlines()[0]}" if cell.trouble else ""))


def table(cells):
    print(f"\n{'driver':11} {'IOMMU':7} {'policies':>8} {'mappings':>9} {'segments':>9} {'MiB':>7} {'s':>5}")
    for cell in cells:
        print(f"{cell.driver:11} {cell.iommu:7} {len(cell.good):8} {cell.mappings:9} {cell.segments:9} "
              f"{cell.bytes >> 20:7} {cell.seconds:5.0f}  {'FAILED' if cell.trouble else 'good'}"
              + (f", {len(cell.known)} times a bug known of the driver" if cell.known else ""))


def failures(args, cells):
    for cell in cells:
        for text in cell.trouble[:5]:
            print(f"FAILED {cell.driver} on {cell.iommu}: {text}")
        if cell.trouble and not cell.tried:
            seed = cell.suspect(args.seed, args.policies)
            print(f"    again: scripts/puck soak --drivers {cell.driver} --iommus {cell.iommu} --kernel {args.kernel} "
                  f"--policies 1 --seed {seed}")
        page = page_of(args, cell) if cell.trouble and cell.folder else None
        if page:
            print(f"    report: {page}")


def page_of(args, cell):
    """The page about a machine that failed, or None."""
    its = argparse.Namespace(**{**vars(args), "driver": cell.driver, "iommu": cell.iommu, "mischief": ""})
    results.record(its, cell.folder, cell.trouble)
    return results.report(cell.folder)


def cmd_soak(args):
    apt.ensure_host()
    cells = choose(args)
    bench = Bench(args, args.kernel)
    accel.announce(bench.accel, bench.why)
    rundir = new_rundir("soak", args.run_dir)
    say(f"soak: {len(cells)} boots, {args.policies} policies each; run folder: {rundir}")
    in_parallel(lambda cell: soak(bench, args, rundir, cell), cells, args.jobs)
    table(cells)
    failures(args, cells)
    policies, failed = sum(len(c.good) for c in cells), sum(bool(c.trouble) for c in cells)
    print(f"{policies} policies passed, {failed} of {len(cells)} machines failed", flush=True)
    return 1 if failed else 0
