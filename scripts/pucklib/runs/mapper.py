# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck run --driver and --device: a driver under the DMA mapper."""

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path

from ..base import steps
from ..base.util import PuckError
from ..report import findings
from ..report.lines import Lines, normal, release_of
from ..vm import drivers
from ..vm.guest import at_port, files, spec_from
from . import sweep
from .job import Job, show

# Words that say which mappings fail.
FAILING = ("fail=", "of=")
NOTE = re.compile(r"puck-dma (\S+): note: (.*)")
IOMMUS = ("puck", "intel", "virtio")
PROGRAM = "puck-dma-run"
# Status of a round that got no further, as puck-dma-run has it.
HUNG = 124
# Workloads that go by a name: what the machine needs for them is made.
NAMED_WORK = ("block", "net")
PARTNERS = {"e1000e": ("e1000e,bus={bus},netdev={id},romfile=", "e1000e"),
            None: ("virtio-net-pci,bus={bus},netdev={id},romfile=,disable-legacy=on", "virtio_net")}


def wanted(args):
    return any(value is not None for value in (args.driver, args.device, args.module, args.workload, args.dma))


@dataclass
class Subject:
    """What is tried: a driver with its device at a port, and the files of its modules."""
    placed: drivers.Placed
    files: tuple = ()           # module files of the user's

    @property
    def driver(self):
        return self.placed.driver

    def extra(self):
        """Files for the guest."""
        return {f"puck/{Path(name).name}": name for name in self.files}

    def programs(self):
        return (PROGRAM, self.driver.work.split()[0], "gpu_stress")

    def lines(self, result):
        return Lines(self.files, release_of(result.console) or "")


def subject(driver, device, module, workload):
    """Of a driver of the table by its name, or of a device and modules of the user's."""
    files = tuple(name for name in module or () if name.endswith(".ko"))
    for name in files:
        if not Path(name).is_file():
            raise PuckError(f"no file {name}")
    if device:
        return Subject(own(device, module, workload), files)
    placed = drivers.place([driver])[0]
    if module:
        modules = loading_order(module, placed.driver.modules)
        placed = dataclasses.replace(placed, driver=dataclasses.replace(placed.driver, modules=modules))
    return Subject(placed, files)


def loading_order(given, others=()):
    """The user's modules in his order, before each what it needs, and then the others.
    Of a module that is given the kernel's own is not loaded."""
    mine = {normal(Path(name).stem) for name in given}
    order = []
    for name in given:
        if not name.endswith(".ko"):
            order.append(name)
            continue
        needs = steps.output(["modinfo", "-F", "depends", name]).strip().split(",")
        order += [need for need in needs if need and normal(need) not in mine and need not in order]
        order.append(f"/puck/{Path(name).name}")
    return tuple(order + [name for name in others if normal(name) not in mine])


def job(args):
    check(args)
    tried = subject(args.driver, args.device, args.module, args.workload)
    extra = files(args) | tried.extra()
    rounds = (sweep.given(tried.driver, args.dma, args.seed) if args.dma is not None
              else sweep.rounds_of(tried.driver, args.seed))
    spec = spec_from(args)
    spec.load, spec.drivers, spec.guest_trace = "none", [tried.placed], True
    spec.gpu = tried.placed.port == "rp1"
    programs = tried.programs() if tried.driver.takes_options else ()
    return Job(spec, sweep.command(PROGRAM, tried.driver.name, rounds), extra, programs,
               show_all if args.device else show, lambda text: is_told(tried.driver, text),
               lambda result: report(args, tried, result))


def is_told(driver, text):
    """Lines of the mapper's are told in the report, each once."""
    return "puck-dma " in text and "finding: " in text or drivers.is_known(driver, text)


def show_all(line):
    """What the user's own workload says."""
    if not line.startswith("puck-"):
        print(f"           {line}", flush=True)


def check(args):
    check_subject("--driver", args.driver, args.device, args.module, args.workload)
    if args.iommu not in IOMMUS:
        raise PuckError(f"the mapper needs an IOMMU: {', '.join(IOMMUS)}")


def check_subject(flag, driver, device, module, workload):
    """Of a run and a soak: which of these options belong together. `flag` names the driver's."""
    if driver and device:
        raise PuckError(f"{flag} is for drivers known, --device for your own: not both")
    if not driver and not device:
        raise PuckError("--module, --workload and a policy are for a driver under the DMA mapper: "
                        f"{flag} NAME or --device 'ARGS' says which")
    if driver and workload:
        raise PuckError(f"{flag} has a workload; --workload is for --device")
    if driver and module and "," in driver:
        raise PuckError(f"--module belongs to one of {flag} {driver}: name that alone")
    if device and not (module and workload):
        raise PuckError("--device wants --module FILE.ko (or the name of one of the kernel's) and --workload COMMAND")


def own(device, module, workload):
    """A device and driver of the user's. What a named workload needs and the device
    does not name is added to it."""
    name = device.split(",")[0]
    options = {"block": f"drive={drivers.OWN}", "net": f"netdev={drivers.OWN}"}.get(workload)
    if options and not re.search(r"(?:^|,)" + options.split("=")[0] + "=", device):
        device = f"{device},{options}"
    device = at_port(device)
    port = re.search(r"(?:^|,)bus=([^,]+)", device)[1]
    partner, module_there = PARTNERS.get(name, PARTNERS[None]) if workload == "net" else ("", "")
    work = {"block": "dma_block $PUCK_DEVICE", "net": f"dma_net $PUCK_DEVICE {module_there}"}.get(workload, workload)
    driver = drivers.Driver(drivers.OWN, (device.replace("{", "{{").replace("}", "}}"),), loading_order(module), work,
                            disk=workload == "block", partner=partner)
    return drivers.Placed(driver, port, workload == "net")


@dataclass
class Round:
    """How a round of a sweep ended."""
    name: str
    policy: str
    status: int = None          # None: it did not end
    seconds: float = 0.0
    errors: bool = False        # its work told of errors, which is no failure
    drawn: str = ""             # the policy as the mapper took it, with every word

    def whole(self):
        """All words of the policy. A bind and what comes after it may have different ones
        of what makes mappings fail: those that were given count."""
        given = [word for word in self.policy.split(",") if word.startswith(FAILING)]
        drawn = [word for word in self.drawn.split(",") if not (given and word.startswith(FAILING))]
        return ",".join(drawn + given) if self.drawn else self.policy


@dataclass
class Report:
    """What puck-dma-run told; counters of several bindings are added up."""
    facts: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)
    rounds: list = field(default_factory=list)
    left_out: list = field(default_factory=list)    # names of rounds that there was no machine for

    def take(self, key, value):
        if key == "counter":
            name, _, number = value.partition(" ")
            self.counters[name] = self.counters.get(name, 0) + int(number)
        elif key == "round":
            self.rounds.append(Round(*value.split(" ", 1)))
        elif key == "policy" and self.rounds:
            self.rounds[-1].drawn = value
        elif key == "ended":
            status, began, ended = value.split()
            self.rounds[-1].status, self.rounds[-1].seconds = int(status), float(ended) - float(began)
        elif key == "errors":
            self.rounds[-1].errors = True
        elif key == "left-out":
            self.left_out.append(value.split(" ", 1)[0])
        else:
            self.facts[key] = value


def known(output):
    found = Report()
    for line in output.splitlines():
        if line.startswith("puck-report: "):
            found.take(*line.removeprefix("puck-report: ").partition(" ")[::2])
    return found


def report(args, tried, result):
    """Prints it; returns what is wrong with it."""
    told = known(result.output)
    groups = findings.grouped(result.console)
    if not told.counters:
        show_findings(tried, result, groups)
        return ["the mapper never told what it did"]
    show_facts(args, told)
    for text in dict.fromkeys(match[2] for match in NOTE.finditer(result.console)):
        print(f"note       {text}")
    wrong = show_findings(tried, result, groups)
    if tried.driver.no_fail:
        print(f"left out   mappings that fail: {tried.driver.no_fail}")
    if tried.driver.no_fail_ways:
        print(f"left out   mappings that fail, of {', '.join(tried.driver.no_fail_ways)}: {tried.driver.why_no_ways}")
    if told.left_out:
        print(f"left out   {', '.join(told.left_out)}: the driver hangs, and cannot be taken off its device")
    reasons = [f"{len(wrong)} finding{'s' if len(wrong) > 1 else ''} of the mapper"] if wrong else []
    reasons += failed_rounds(told, wrong)
    return reasons + ([] if told.counters.get("mappings") else ["nothing was mapped: the driver is not under the mapper"])


def show_facts(args, told):
    print(f"device     {told.facts.get('device')}, driver {told.facts.get('driver')}, "
          f"behind {told.facts.get('iommu') or args.iommu} ({args.iommu})")
    for one in told.rounds:
        how = how_ended(one)
        print(f"policy     {one.name:10} {how:6} {one.seconds:5.1f} s  {one.policy}"
              + (" (errors, as is right)" if one.errors else ""))
    print("mapped     {mappings} times; {entries} entries became {segments} segments; {live} live at the end of the rounds"
          .format(**{k: told.counters.get(k, "?") for k in ("mappings", "entries", "segments", "live")}))
    print("moved      {bytes} bytes mapped, {syncs} syncs, {failed} mappings failed on purpose"
          .format(**{k: told.counters.get(k, "?") for k in ("bytes", "syncs", "failed")}))


def how_ended(one):
    if one.status is None:
        return "did not end"
    return "HANGS" if one.status == HUNG else "FAILED" if one.status else "good"


def show_findings(tried, result, groups):
    """Each finding once. Returns those that are not known of the driver."""
    lines = tried.lines(result)
    wrong = [g for g in groups if not drivers.is_known_group(tried.driver, g)]
    for group in groups:
        print(f"{'finding' if group in wrong else 'known bug':10} {group.first.kind}: {group.first.text}")
        print(f"             {how_often(group)}")
        if group.why:
            print(f"             a suspect that is told because {group.why}")
        for role in group.first.sites:
            show_callers(lines, role, group)
    sites = [site for group in groups for site in group.first.sites.values()]
    for why in dict.fromkeys(lines.why_not(site) for site in sites if site.module and not lines.of(site)):
        print(f"no lines   {why}")
    if not groups:
        print("findings   none")
    return wrong


def show_callers(lines, role, group):
    """The call and, as far as there are lines, from where it came."""
    callers = group.callers(role)
    function, line = lines.place(callers[0], role, group.first.kind)
    print(f"             {role:8} {function}() {line or callers[0]}")
    # Whoever called a function that is on no stack is on it.
    for site in callers[function == callers[0].function:]:
        line = lines.of(site)
        if line:
            print(f"             {'':8}   from {site.function}() {line}")


def how_often(group):
    times = "once" if group.count == 1 else f"{group.count} times"
    after = f", first after {group.after:.1f} s" if group.after is not None else ""
    return f"{times}{after}" + (f", under {', '.join(group.rounds)}" if group.rounds else "")


def failed_rounds(told, wrong):
    """Why rounds are no good. Those that others were compared with are no reasons of their own."""
    reasons = []
    for one in told.rounds:
        if one.status == 0 or one.name.endswith((findings.UNMERGED, findings.COHERENT, findings.WATCHED)):
            continue
        how = "did not end" if one.status is None else "got no further" if one.status == HUNG else "failed"
        text = f"under {one.name} ({one.policy}) the work {how}"
        if "sync=bounce" in one.policy and not wrong:
            text += ": a sync may be missing: try --dma " + one.policy.replace("sync=bounce", "sync=watch")
        reasons.append(text)
    return reasons
