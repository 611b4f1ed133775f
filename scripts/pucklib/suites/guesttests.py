# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest suites: what the lists in test-images have, run and judged."""

import re
import shlex
from dataclasses import dataclass, field

from ..base.util import REPO, PuckError, cpus, in_parallel, say
from ..build import client_image, kselftests, modules, piglit, renderer, scenes
from ..report import table, verdict
from ..report.verdict import Case
from ..vm import drivers, ending
from ..vm.guest import Bench
from ..vm.machine import Spec, read_text
from ..vm.patience import TestLimit

# By suite
LISTS = {"guest": REPO / "test-images/tests.list", "matrix": REPO / "test-images/matrix.list",
         "long": REPO / "test-images/long.list"}
# Most of a guest's time is one thread's: its boot. A quarter of it the guest sleeps: for kmemleak,
# or suspended. One more than there are CPUs uses these; not more than four, for their memory.
JOBS = min(4, cpus() + 1)
BOOT_TIME = 120         # seconds of silence outside of tests
UNLOAD_TIME = 60        # and while modules are removed
# How much longer than on the others everything may take on a kernel.
PATIENCE = {"kasan": 4}

# In the guest. The marks go to both logs, so that each test's part of them can be told.
# A test that hangs is killed, with what it started, when the host says so by a line: the
# host alone knows how much of the time its machine had a CPU (vm/patience.py). Other lines
# are answers that the test has asked for (vm/qmp.py).
PRELUDE = r"""
mark() { echo "$*"; echo "$*" >/dev/kmsg; }
from_host() {
	while read -r word which; do
		case "$word $which" in
		"puck-answer "*)
			echo "$which" >/tmp/puck-answer ;;
		"puck-kill $1")
			echo "puck-test: killed by the host: no progress"
			kill -9 "-$2" ;;
		esac
	done
}
run_test() {
	name=$1
	mark "puck-test: begin $name"
	setsid sh -c "$2" </dev/null & pid=$!
	from_host "$name" $pid </dev/ttyS1 & watch=$!
	wait $pid; status=$?
	kill $watch 2>/dev/null; wait $watch 2>/dev/null
	mark "puck-test: end $name $status"
}
[ -e /sys/kernel/debug/kmemleak ] && echo clear >/sys/kernel/debug/kmemleak
"""

# What more than half of a guest's CPU time goes to: stacks of objects, the two looks at all of them, and their
# red zones, which KASAN has as well.
LEAN = "kmemleak=off no_debug_objects slab_debug=-"
LEAKS_OFF = "Kernel memory leak detector disabled"
# kmemleak spares objects younger than 5 s, and needs two looks to be sure.
LEAKS = r"""
if [ -e /sys/kernel/debug/kmemleak ]; then
	mark "puck-test: begin kmemleak"
	sleep 5; echo scan >/sys/kernel/debug/kmemleak
	sleep 1; echo scan >/sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak
	[ -z "$(head -c 1 /sys/kernel/debug/kmemleak)" ]
	mark "puck-test: end kmemleak $?"
fi
"""


@dataclass
class TestMachine:
    name: str
    kernel: str = "debug"
    only: str = ""
    needs: str = ""
    unload: str = ""
    files: list = field(default_factory=list)
    drivers: list = field(default_factory=list)
    qemu: str = ""
    gpu: str = ""
    vmlinuz: str = ""
    packages: list = field(default_factory=list)
    kselftests: bool = False
    render3d: bool = False
    scenes: bool = False
    piglit: bool = False
    lean: bool = False
    group: str = ""
    options: dict = field(default_factory=dict)
    tests: list = field(default_factory=list)


@dataclass
class Test:
    name: str
    machine: str
    command: str
    timeout: int = 60
    needs: str = ""
    log: str = ""
    table: str = ""


def parse_list(path=LISTS["guest"]):
    machines = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as err:
            raise PuckError(f"{path}:{number}: {err}") from err
        if not words:
            continue
        if words[0] == "machine" and len(words) > 1:
            machines[words[1]] = parse_machine(words, f"{path}:{number}")
        elif words[0] == "test" and "--" in words:
            test = parse_test(words, f"{path}:{number}")
            if test.machine not in machines:
                raise PuckError(f"{path}:{number}: no machine '{test.machine}' before this line")
            machines[test.machine].tests.append(test)
        else:
            raise PuckError(f"{path}:{number}: neither a machine nor a test")
    return list(machines.values())


def pairs(words, where):
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise PuckError(f"{where}: '{word}' is not KEY=VALUE")
        yield key, value


def parse_machine(words, where):
    machine = TestMachine(words[1])
    for key, value in pairs(words[2:], where):
        if key in ("kernel", "only", "needs", "unload", "qemu", "gpu", "vmlinuz", "group"):
            setattr(machine, key, value)
        elif key == "file":
            machine.files.append(value)
        elif key == "driver":
            machine.drivers += value.split(",")
        elif key == "packages":
            machine.packages += client_image.names(value)
        elif key in ("kselftests", "render3d", "scenes", "piglit", "lean") and value in ("on", "off"):
            setattr(machine, key, value == "on")
        elif key in ("icount", "screen") and value in ("on", "off"):
            machine.options[key] = value == "on"
        elif key in ("iommu", "smp", "memory", "load", "append", "mischief"):
            machine.options[key] = int(value) if key == "smp" else value
        else:
            raise PuckError(f"{where}: a machine has no '{key}'")
    return machine


def parse_test(words, where):
    split = words.index("--")
    test = Test(words[1], "", " ".join(words[split + 1:]))
    for key, value in pairs(words[2:split], where):
        if key not in ("machine", "timeout", "needs", "log", "table"):
            raise PuckError(f"{where}: a test has no '{key}'")
        setattr(test, key, int(value) if key == "timeout" else value)
    return test


def chosen_tests(wanted, on, machines):
    """(machine, tests) of `machines`, for the kernel `on` or each one's own."""
    wanted = re.compile(wanted or "")
    chosen = []
    for machine in machines:
        tests = [t for t in machine.tests if wanted.search(t.name)]
        if on:
            machine.kernel = on
        for test in tests:
            # What is written down is what the kernel of the tests does.
            test.table = test.table if machine.kernel == "debug" else ""
        if tests and (not machine.only or machine.kernel in machine.only.split(",")):
            chosen.append((machine, tests))
    return chosen


def weight(one):
    """Of a machine and its tests: the longer it may take, the earlier it starts, so that no CPU idles at the end."""
    return sum(test.timeout for test in one[1])


def lacking(machine, test, options):
    """What a test needs of the kernel, and is not so: an option is not there, or, with a ! before it, is."""
    needs = filter(None, f"{machine.needs},{test.needs}".split(","))
    return [need for need in needs if (need.lstrip("!") in options) == need.startswith("!")]


def script(machine, tests):
    lines = [PRELUDE]
    lines += [f"run_test {t.name} {shlex.quote(t.command)}" for t in tests]
    for module in filter(None, machine.unload.split(",")):
        name = module.replace("-", "_")
        # Killed or crashed tests may leave it in use: a failure as well.
        lines.append(f"if grep -q '^{name} ' /proc/modules; then run_test unload-{module} 'rmmod {name}'; fi")
    return "\n".join([*lines, "" if machine.lean else LEAKS, "true"]) + "\n"


def limit(machine, tests):
    patience = PATIENCE.get(machine.kernel, 1)
    return TestLimit(BOOT_TIME * patience, {t.name: t.timeout * patience for t in tests}, UNLOAD_TIME * patience,
                     say=lambda text: say(f"  {machine.name}: {text}"))


class Suite:
    """Runs machines of a list, some at a time; cases come in the list's order. `lean`: no guest
    programs are compiled but those that the tests name."""

    def __init__(self, args, rundir, name, machines, lean=False):
        self.args, self.rundir, self.name, self.machines, self.lean = args, rundir, name, machines, lean
        self.benches = {}
        self.costs = []         # (CPU seconds, machine, test)

    def run(self):
        chosen = chosen_tests(self.args.filter, self.args.kernel, self.machines)
        text = "\n".join(test.command for _, tests in chosen for test in tests)
        # None at all would be every one.
        programs = (modules.mentioned(text) or {""}) if self.lean else None
        for name in {machine.kernel for machine, _ in chosen}:
            self.benches[name] = Bench(self.args, name, None, programs)
        found = in_parallel(lambda one: self.run_guarded(*one), chosen, JOBS, weight)
        self.write_costs()
        return [case for cases in found for case in cases]

    def write_costs(self):
        """What the time of the whole goes to: seconds of CPU for each test, and for each machine without them."""
        lines = [f"{seconds:7.1f} {machine} {test}" for seconds, machine, test in sorted(self.costs, reverse=True)]
        total = sum(seconds for seconds, _, _ in self.costs)
        (self.rundir / f"{self.name}-cpu.txt").write_text("\n".join([*lines, f"{total:7.1f} in all"]) + "\n")

    def run_guarded(self, machine, tests):
        """What goes wrong with one machine costs the others nothing."""
        return verdict.guarded(lambda: self.run_able(machine, tests), f"{self.name}.{machine.name}", "machine")

    def run_able(self, machine, tests):
        """Without those for which the kernel lacks something; they are skipped, and it is said what."""
        why = renderer.why_not() if machine.render3d else ""
        if why:
            return [Case(f"{self.name}.{machine.name}", test.name, "skipped", f"no renderer for 3D: {why}")
                    for test in tests]
        options = self.benches[machine.kernel].kernel.options()
        lacks = {test.name: lacking(machine, test, options) for test in tests}
        cases = [Case(f"{self.name}.{machine.name}", name, "skipped", f"not with this kernel: {', '.join(names)}")
                 for name, names in lacks.items() if names]
        return cases + self.run_machine(machine, [t for t in tests if not lacks[t.name]])

    def run_machine(self, machine, tests):
        """Boot until every test had its turn: one that kills the guest costs itself only.

        Trouble of the infrastructure is excused once: what it cut short is run again,
        with a note. The second time it is an error.
        """
        left, attempt, cases, excused = tests, 0, [], False
        while left:
            rundir = self.rundir / (f"{self.name}-{machine.name}" + (f"-{attempt}" if attempt else ""))
            result = self.boot(machine, left, rundir)
            end = ending.classify(result)
            if end.trouble and not excused:
                excused = True
                left = self.once_more(machine, left, result, end, cases)
            else:
                left = left[self.judge(machine, left, result, end, cases):]
            attempt += 1
        return cases

    def boot(self, machine, tests, rundir):
        spec = self.spec(machine)
        spec.clients = str(client_image.ensure(machine.packages) or "")
        spec.renderer = str(renderer.ensure()) if machine.render3d else ""
        say(f"guest machine '{machine.name}' ({machine.kernel} kernel): {len(tests)} tests")
        bench = self.benches[machine.kernel]
        extra = {machine.vmlinuz: bench.kernel.image} if machine.vmlinuz else {}
        extra |= kselftests.programs() if machine.kselftests else {}
        extra |= scenes.files(self.args.seed, self.rundir) if machine.scenes else {}
        extra |= piglit.files(self.rundir) if machine.piglit else {}
        patience = limit(machine, tests)
        result = bench.boot(rundir, spec, script(machine, tests), patience,
                            on_line=lambda line: self.show_progress(machine.name, line),
                            extra=extra | self.files(tests))
        self.costs += [(seconds, machine.name, test or "(boot, and between tests)")
                       for test, seconds in patience.costs.items()]
        return result

    @staticmethod
    def show_progress(machine, line):
        show_progress(machine, line)

    def spec(self, machine):
        return machine_spec(machine, self.args.seed)

    def files(self, _tests):
        """What the guest gets for these tests besides: its path there, and the file here."""
        return {}

    def judge_one(self, suite, test, outputs, consoles, end, result):
        """All cases of a test."""
        return judge_one(suite, test, outputs, consoles, end, result)

    def once_more(self, machine, tests, result, end, cases):
        """Add the cases of what ended before the trouble began; returns the tests to run again."""
        suite = f"{self.name}.{machine.name}"
        outputs, consoles = segments(result.output), segments(result.console)
        done = untroubled(tests, outputs, consoles)
        left = tests[len(done):]
        for test in done:
            more = self.judge_one(suite, test, outputs, consoles, end, result)
            # All tests ended well: what comes behind them did not, and wants one to be behind.
            cases += more if left or test is not done[-1] else [c for c in more if c.result in verdict.BAD]
        left = left or tests[-1:]
        say(f"note: machine '{machine.name}': {end.reason}; it is run once more: {result.rundir}")
        cases.append(Case(suite, "run once more", verdict.NOTE,
                          f"{end.reason}\nwith {', '.join(t.name for t in left)}; see {result.rundir}"))
        return left

    def judge(self, machine, tests, result, end, cases):
        """Add the cases of a boot; returns how many of its tests are done with."""
        suite = f"{self.name}.{machine.name}"
        outputs, consoles = segments(result.output), segments(result.console)
        done = 0
        for test in tests:
            if test.name not in outputs:
                break
            done += 1
            cases += self.judge_one(suite, test, outputs, consoles, end, result)
        extra = [n for n in outputs if n and (n.startswith("unload-") or n == "kmemleak")]
        for name in extra:
            cases += judge_test(suite, name, outputs[name], consoles.get(name), end, result)
        cases += self.outside(suite, machine, result, consoles)
        if not done:
            cases += [Case(suite, t.name, bad(end), end.reason or "was not run") for t in tests]
            done = len(tests)
        return done

    def outside(self, suite, machine, result, consoles):
        """Splats before the first test and after the last one."""
        rest = consoles.get(None)
        findings = [found for found in (verdict.check_console(rest.text) if rest else [])
                    if not machine.lean or LEAKS_OFF not in found]
        if result.qemu_messages:
            say(f"QEMU said: {result.qemu_messages.splitlines()[0]}")
        return [Case(suite, "console", "failed", "\n".join(findings))] if findings else []


def machine_spec(machine, seed):
    """The Spec of a machine of the list."""
    spec = Spec(seed=seed, guest_rules=True, qemu_args=shlex.split(machine.qemu), files=machine.files,
                drivers=drivers.place(machine.drivers), **machine.options,
                gpu_options="," + machine.gpu if machine.gpu else "")
    spec.append = " ".join(filter(None, [spec.append, LEAN if machine.lean else ""]))
    return spec


# Exit statuses of a test that passed, and of one that was skipped.
GOOD = (0, 4)


def untroubled(tests, outputs, consoles):
    """Those that came to their end, and before a timer was lost. The kernel tells of that
    half a minute later: what failed in the same boot may have failed for it."""
    done = []
    lost = any(ending.NO_TIMER.search(console.text) for console in consoles.values())
    for test in tests:
        output, console = outputs.get(test.name), consoles.get(test.name)
        if not output or output.status is None or console and ending.NO_TIMER.search(console.text):
            break
        if lost and output.status not in GOOD:
            break
        done.append(test)
    return done


def bad(end):
    """What a test is that has no result for this Ending."""
    return "error" if end.trouble else "failed"


def show_progress(machine, line):
    """The end of each test, what failed, and how far those are that take long."""
    if line.startswith(("puck-test: end ", "# progress: ")) or re.match(r"\s*not ok", line):
        say(f"  {machine}: " + line.removeprefix("puck-test: end ").removeprefix("# progress: "))


@dataclass
class Segment:
    """A test's part of a log; status is None when its end never came."""
    text: str = ""
    status: int = None
    seconds: float = 0.0        # by the kernel's stamps


MARK = re.compile(r"(?:^\[\s*(?P<stamp>\d+\.\d+)\].*)?puck-test: (?P<what>begin|end) (?P<name>\S+)"
                  r"(?: (?P<status>\d+))?")


def segments(text):
    """A log cut at the marks; what is outside of any test has the key None."""
    found = {None: Segment()}
    name, lines, begun = None, {None: []}, 0.0
    for line in text.splitlines():
        mark = MARK.search(line)
        stamp = float(mark["stamp"] or 0) if mark else 0.0
        if mark and mark["what"] == "begin":
            name, begun = mark["name"], stamp
            found[name], lines[name] = Segment(), []
        elif mark:
            ended = found.setdefault(mark["name"], Segment())
            ended.status, ended.seconds = int(mark["status"] or 0), stamp - begun
            name = None
        else:
            lines.setdefault(name, []).append(line)
    for key, segment in found.items():
        segment.text = "\n".join(lines.get(key, []))
    return found


def judge_mischief(suite, test, result):
    """Whether what should go wrong did: a line in the machine's log of mischief."""
    if not test.log:
        return []
    lines = read_text(result.mischief_log).splitlines()
    hits = sum(bool(re.search(test.log, line)) for line in lines)
    outcome = "passed" if hits else "failed"
    return [Case(f"{suite}.{test.name}", "mischief log", outcome,
                 "" if hits else f"none of {len(lines)} lines of {result.mischief_log} matches '{test.log}'")]


def judge_table(suite, test, output, result):
    """Whether the table that the test makes is the one that is written down."""
    if not test.table:
        return []
    written = REPO / test.table
    new = table.replaced(written.read_text(), test.name, table.render(table.cells(output.text)))
    if new == written.read_text():
        return [Case(f"{suite}.{test.name}", test.table, "passed")]
    kept = result.rundir / written.name
    kept.write_text(new)
    return [Case(f"{suite}.{test.name}", test.table, "failed", f"the table is another one by now: cp {kept} {written}")]


def judge_one(suite, test, outputs, consoles, end, result):
    """All cases of one of the list's tests."""
    return (judge_test(suite, test.name, outputs[test.name], consoles.get(test.name), end, result)
            + judge_mischief(suite, test, result) + judge_table(suite, test, outputs[test.name], result))


def judge_test(suite, name, output, console, end, result):
    """Cases of one test: its KTAP, its status, its part of the kernel log."""
    cases = verdict.parse_ktap(output.text, f"{suite}.{name}")
    ktap_failed = any(c.result == "failed" for c in cases)
    tail = "\n".join(output.text.splitlines()[-15:])
    if output.status is None:
        cases.append(Case(suite, name, bad(end), f"{end.reason or 'did not end'}\n{tail}"))
    elif output.status == 4 and not cases:
        cases.append(Case(suite, name, "skipped", tail))
    elif output.status and not ktap_failed:
        cases.append(Case(suite, name, "failed", f"exit status {output.status}\n{tail}"))
    elif not cases:
        cases.append(Case(suite, name, "passed"))
    # The parts of a test have no times of their own.
    cases[0].seconds = console.seconds if console else 0.0
    findings = verdict.check_console(console.text) if console else []
    if findings:
        lost = end.trouble and ending.NO_TIMER.search(console.text)
        cases.append(Case(f"{suite}.{name}", "kernel log", "error" if lost else "failed", "\n".join(findings)
                          + f"\nsee {result.rundir / 'console.log'}"))
    return cases
