# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck catalogue: drivers broken on purpose, and which machine shows it.

Each patch below tests/catalogue breaks one driver by a line or two, in a way that an
ordinary VM does not notice. Its head says what has to be found, and where. The table
says who found it: that is how Puck is measured.
"""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from ..base import children, steps
from ..base.util import REPO, PuckError, cache, cpus, digest, in_parallel, lock, read_json, say, tree_files, write_json
from ..build import apt, kernel
from ..build.modules import make_command
from ..report import verdict
from ..runs import mapper, sweep
from ..vm import accel, drivers
from ..vm.guest import Bench
from ..vm.machine import Spec
from ..vm.rundirs import new as new_rundir

FOLDER = REPO / "tests/catalogue"
COLUMNS = ("plain", "intel", "debug", "run", "soak")
EDU_DEVICE = "edu,dma_mask=0xffffffffffff"
EDU_WORK = "cat /sys/bus/pci/drivers/edu_dma/0*/selftest"
HEAD = re.compile(r"^(Kind|Driver|Module|Expect|Function): (.*)$", re.M)
# The driver of the catalogue's own, and what a patch's folder is for it.
OWN = "edu"


@dataclass(frozen=True)
class Source:
    """Where a module comes from: a folder of the kernel's source, built as one module.
    `needs` are headers of other folders, or files, that its own include."""
    folder: str
    needs: tuple = ()


SOURCES = {
    "nvme": Source("drivers/nvme/host"),
    "e1000e": Source("drivers/net/ethernet/intel/e1000e"),
    "libata": Source("drivers/ata", ("drivers/scsi/scsi_transport_api.h",)),
    "libahci": Source("drivers/ata"),
    "usbcore": Source("drivers/usb/core", ("drivers/usb/misc/onboard_usb_dev_pdevs.c", "drivers/usb/misc/onboard_usb_dev.h")),
    "xhci-hcd": Source("drivers/usb/host"),
    "virtio-gpu": Source("drivers/gpu/drm/virtio"),
    "drm_shmem_helper": Source("drivers/gpu/drm"),
    "edu_dma": Source("edu"),
}


@dataclass
class Entry:
    """One broken driver; without a patch, one that is not."""
    name: str
    kind: str
    driver: str
    module: str
    expect: tuple = ()          # classes, any of which names it rightly
    functions: tuple = ()       # where
    patch: Path = None
    results: dict = field(default_factory=dict)     # {column: Outcome}


@dataclass
class Outcome:
    caught: bool
    named: bool = False
    misled: bool = False
    after: float = None         # seconds from the first round to the first finding
    text: str = ""
    error: str = ""             # it could not be tried
    skipped: str = ""           # there is no such machine


def read(path):
    head = path.read_text().partition("\n---\n")[0]
    known = dict(HEAD.findall(head))
    lacking = [key for key in ("Kind", "Driver", "Module", "Expect", "Function") if key not in known]
    if lacking or known["Module"] not in SOURCES:
        raise PuckError(f"{path.name}: the head has no {', '.join(lacking)}" if lacking else
                        f"{path.name}: no module {known['Module']}: {', '.join(SOURCES)}")
    return Entry(path.stem, known["Kind"], known["Driver"], known["Module"], tuple(known["Expect"].split()),
                 tuple(known["Function"].split()), path)


def entries():
    broken = [read(path) for path in sorted(FOLDER.glob("*.patch"))]
    whole = dict.fromkeys((one.driver, one.module) for one in broken)
    return [Entry(f"{module}-whole", "nothing wrong", driver, module) for driver, module in whole] + broken


class Builder:
    """Builds modules for one kernel, out of tree, each once."""

    def __init__(self, kdir):
        self.kdir = Path(kdir)
        self.base = FOLDER
        self.source = kernel.source_tree()

    def module(self, entry):
        """The .ko file of an entry."""
        source = SOURCES[entry.module]
        root = self.source if entry.driver != OWN else FOLDER
        own = [root / source.folder / name for name in tree_files(root / source.folder)] if entry.driver == OWN else []
        key = digest(str(self.kdir), kernel.source_version(), entry.module, source.folder, list(source.needs), *own,
                     *([entry.patch] if entry.patch else []))
        tree = cache("catalogue", f"{entry.name}-{key}")
        made = tree.with_suffix(".ko.d") / f"{entry.module}.ko"
        with lock(f"catalogue-{entry.name}-{key}"):
            if not made.exists():
                self.build(entry, root, source, tree, made)
        return made

    def build(self, entry, root, source, tree, made):
        shutil.rmtree(tree, ignore_errors=True)
        self.copy(root, source, tree)
        if entry.patch:
            steps.output(["patch", "-s", "-p1", "-d", tree, "-i", entry.patch])
        folder = tree / source.folder
        log = steps.log_path(f"catalogue-{entry.name}")
        log.unlink(missing_ok=True)
        steps.run_step(f"build {entry.name}", [*make_command(cpus(), self.kdir, folder), f"KCFLAGS=-I{tree}/include/trace"],
                       log, rewrite={tree: root}, quiet=True)
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / f"{entry.module}.ko", made)
        shutil.rmtree(tree)

    def copy(self, root, source, tree):
        """The folder without those in it, and with a Kbuild file that makes the one module."""
        folder = tree / source.folder
        folder.mkdir(parents=True)
        # Trace headers are named from here: include/trace/../../drivers/...
        (tree / "include/trace").mkdir(parents=True)
        for path in (root / source.folder).iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        for name in source.needs:
            if (root / name).exists():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, tree / name)
        if (folder / "Kbuild").exists():
            return
        module = next(name for name, one in SOURCES.items() if one is source)
        (folder / "Kbuild").write_text(f"include $(src)/Makefile\nobj-y :=\nobj-m := {module}.o\nalways-y :=\n")


def subject(entry, module):
    if entry.driver == OWN:
        return mapper.subject(None, EDU_DEVICE, [str(module)], EDU_WORK)
    return mapper.subject(entry.driver, None, [str(module)], None)


class Table:
    """Tries entries in the machines of the columns."""

    def __init__(self, args, columns, rundir):
        self.args, self.columns, self.rundir = args, columns, rundir
        self.benches, self.builders = {}, {}

    def bench(self, name):
        if name not in self.benches:
            self.benches[name] = Bench(self.args, name)
            self.builders[name] = Builder(self.benches[name].kernel.kdir)
        return self.benches[name]

    def prepare(self):
        for column in self.columns:
            self.bench("debug" if column == "debug" else "stock")

    def column(self, entry, column):
        name = "debug" if column == "debug" else "stock"
        builtin = (self.benches[name].kernel.modules / "modules.builtin").read_text()
        if re.search(rf"/{re.escape(entry.module)}\.ko$", builtin, re.M):
            entry.results[column] = Outcome(False, skipped=f"the {name} kernel has {entry.module} built in")
            return
        try:
            tried = subject(entry, self.builders[name].module(entry))
            how = self.mapped if column in ("run", "soak") else self.unmapped
            outcome = how(entry, column, tried, self.benches[name])
        except PuckError as err:
            children.check_going_on()       # what was cut short is tried again, not told
            outcome = Outcome(False, error=str(err))
        entry.results[column] = outcome
        say(f"  {entry.name} {column}: {word(outcome)}" + (f": {first_line(outcome)}" if first_line(outcome) else ""))

    def boot(self, entry, column, tried, bench, command, iommu):
        spec = Spec(iommu=iommu, seed=self.args.seed, load="none", drivers=[tried.placed], trace=False, gpu=False)
        return bench.boot_excused(self.rundir / f"{entry.name}-{column}", spec, command, self.args.timeout,
                                  extra=tried.extra())

    def unmapped(self, entry, column, tried, bench):
        """Under the kernel's own DMA layer: whatever goes wrong there, or is said of it."""
        more = "--seed 1 --bytes 1M" if tried.driver.takes_options else ""
        result = self.boot(entry, column, tried, bench, f"exec {mapper.PROGRAM} plain {tried.driver.name} {more}\n",
                           "intel" if column == "intel" else "none")
        wrong = [result.problem()] if result.problem() else []
        wrong += [text for text in verdict.check_console(result.console) if not drivers.is_known(tried.driver, text)]
        wrong += [f"exit status {result.status}"] if result.status else []
        return Outcome(bool(wrong), text="\n".join(wrong))

    def mapped(self, entry, column, tried, bench):
        rounds = sweep.rounds_of(tried.driver, self.args.seed)
        if column == "soak":
            rounds += sweep.many(tried.driver, self.args.seed, self.args.policies)
        result = self.boot(entry, column, tried, bench, sweep.command(mapper.PROGRAM, tried.driver.name, rounds), "puck")
        return judge(entry, tried, result)


def judge(entry, tried, result):
    """What a sweep said of an entry, against what its head says."""
    groups = drivers.unknown_findings(tried.driver, result.console)
    lines = tried.lines(result)
    right = [g for g in groups if names(entry, g, lines)]
    others = [text for text in verdict.check_console(result.console) if not mapper.is_told(tried.driver, text)]
    others += mapper.failed_rounds(mapper.known(result.output), groups)
    others += [result.problem()] if result.problem() else []
    texts = [f"{g.first.kind}: {g.first.text} ({mapper.how_often(g)})" for g in groups] + others
    first = right or groups
    return Outcome(bool(groups or others), bool(right), not right and any(misleads(entry, g) for g in groups),
                   first[0].after if first else None, "\n".join(texts))


def misleads(entry, group):
    """Whether a finding that is not the right one says what is wrong. One of the right class
    that names no place of the code says too little, but nothing wrong."""
    return group.first.kind not in entry.expect or bool(group.first.sites)


def names(entry, group, lines):
    """Whether a finding has the class and the function, of this driver, that it should."""
    if group.first.kind not in entry.expect:
        return False
    called = {name for role in group.first.sites for site in group.callers(role)[:4]
              for name in [site.function, *(function for function, _ in lines.frames(site))]}
    last = {function for role in group.first.sites
            for way in lines.ways(group.callers(role)[0], role, group.first.kind) for function, _ in way}
    return bool((called | last) & set(entry.functions))


def word(outcome):
    if outcome is None:
        return ""
    if outcome.error or outcome.skipped:
        return "error" if outcome.error else "n/a"
    return "named" if outcome.named else "misled" if outcome.misled else "caught" if outcome.caught else "-"


def first_line(outcome):
    return (outcome.error or outcome.text).split("\n")[0][:160]


def show(tried, columns):
    width = max(len(one.name) for one in tried)
    print(f"\n{'driver':{width}}  " + "  ".join(f"{c:7}" for c in columns) + "  first after  kind")
    for one in tried:
        after = next((o.after for o in (one.results.get(c) for c in ("run", "soak")) if o and o.after is not None), None)
        print(f"{one.name:{width}}  " + "  ".join(f"{word(one.results.get(c)):7}" for c in columns)
              + f"  {f'{after:.1f} s' if after is not None else '':11}  {one.kind}")
    broken, whole = [one for one in tried if one.patch], [one for one in tried if not one.patch]
    for column in columns:
        done = [one.results[column] for one in broken if column in one.results and not one.results[column].skipped]
        alarms = sum(one.results[column].caught for one in whole if column in one.results)
        print(f"{column:6} {sum(o.caught for o in done)} of {len(done)} caught, {sum(o.named for o in done)} named rightly, "
              f"{sum(o.misled for o in done)} misled; {alarms} false alarms on {len(whole)} that are right"
              + (f"; {sum(bool(o.error) for o in done)} could not be tried" if any(o.error for o in done) else ""))


def bad(one, columns):
    """What makes the command fail: a false alarm, a plain machine that sees a fault, what cannot be tried."""
    results = [one.results[c] for c in columns if c in one.results]
    if any(o.error for o in results):
        return True
    if not one.patch:
        return any(o.caught for o in results)
    return bool(one.results.get("plain") and one.results["plain"].caught)


def save(tried, path):
    write_json(path, {one.name: {"kind": one.kind, "driver": one.driver, "module": one.module,
                                 "results": {c: vars(o) for c, o in one.results.items()}} for one in tried})


def load(tried, path):
    """What an earlier, interrupted run of the same folder found."""
    known = read_json(path, {})
    for one in tried:
        one.results = {c: Outcome(**o) for c, o in known.get(one.name, {}).get("results", {}).items()}


def cmd_catalogue(args):
    columns = args.columns.split(",")
    for column in columns:
        if column not in COLUMNS:
            raise PuckError(f"no column '{column}': {', '.join(COLUMNS)}")
    tried = [one for one in entries() if not args.only or re.search(args.only, one.name)]
    if not tried:
        raise PuckError(f"no broken driver's name matches '{args.only}'")
    apt.ensure_host()
    rundir = new_rundir("catalogue", args.run_dir)
    rundir.mkdir(parents=True, exist_ok=True)
    record = rundir / "catalogue.json"
    load(tried, record)
    table = Table(args, columns, rundir)
    table.prepare()
    bench = table.bench("stock") if columns != ["debug"] else table.bench("debug")
    accel.announce(bench.accel, bench.why)
    left = [(one, column) for one in tried for column in columns if column not in one.results]
    say(f"catalogue: {len(tried)} drivers, {len(left)} boots; run folder: {rundir}")

    def one_boot(job):
        table.column(*job)
        save(tried, record)

    in_parallel(one_boot, left, args.jobs)
    show(tried, columns)
    failed = [one.name for one in tried if bad(one, columns)]
    if failed:
        print(f"not as it should be: {', '.join(failed)}")
    print(f"details: {record}", flush=True)
    return 1 if failed else 0
