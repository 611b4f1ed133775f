# SPDX-License-Identifier: GPL-2.0-or-later
"""The labs' suite: each grader tells the solution, the skeleton and the wrong answers apart.

A lab has one machine, in which the variants come one after the other as modules. The
solution has to have every point; each of the others has to lose the points that the lab's
file says, and no other one.
"""

from ..build import kernel
from ..labs import build, grade, lab as labs, turn
from ..report.verdict import Case
from . import guesttests

SUITE = "labs"
# A learner builds none.
KERNEL = "stock"


def variant_name(lab, variant):
    """A test's: 01-probe.solution."""
    return f"{lab.folder.name}.{variant}"


def machine_of(lab):
    """A lab's machine with its variants as tests; what they run is known when they are built."""
    # lean: kmemleak cannot say of which variant something is left.
    machine = guesttests.TestMachine(lab.folder.name, kernel=KERNEL, lean=True)
    machine.tests = [guesttests.Test(variant_name(lab, variant), machine.name, lab.program,
                                     timeout=int(lab.machine["timeout"])) for variant in build.variants_of(lab)]
    return machine


def chosen(args):
    """[(Lab, TestMachine)] of those that the filter leaves."""
    every = {lab.folder.name: lab for lab in labs.every()}
    machines = guesttests.chosen_tests(args.filter, args.kernel, [machine_of(lab) for lab in every.values()])
    return [(every[machine.name], machine) for machine, _ in machines]


class Suite(guesttests.Suite):
    """Variants of labs are its tests."""

    def __init__(self, args, rundir, pairs, built):
        super().__init__(args, rundir, SUITE, [machine for _, machine in pairs], lean=True)
        self.labs = {machine.name: lab for lab, machine in pairs}
        self.modules = {variant_name(self.labs[folder], variant): path for (folder, variant), path in built.items()
                        if folder in self.labs}
        for lab, machine in pairs:
            for test in machine.tests:
                test.command = self.command(lab, self.modules[test.name])

    @staticmethod
    def command(lab, module):
        seed = 1 if lab.seeds else None
        return turn.loading([module]) + turn.program_line(lab, module, seed)

    @staticmethod
    def show_progress(machine, line):
        """That wrong answers lose points is what they are for."""
        if not line.strip().startswith("not ok"):
            guesttests.show_progress(machine, line)

    def spec(self, machine):
        spec = self.labs[machine.name].spec()
        spec.seed = self.args.seed
        return spec

    def files(self, tests):
        return {turn.in_guest(self.modules[test.name]): self.modules[test.name] for test in tests}

    def judge_one(self, suite, test, outputs, consoles, end, result):
        """One case: the points that the variant has lost are those that it is there to lose."""
        lab = self.labs[test.machine]
        variant = test.name.partition(".")[2]
        output, console = outputs[test.name], consoles.get(test.name)
        cut = output.status is None
        if cut and end.trouble:
            return [Case(suite, test.name, "error", end.reason)]
        outcomes = grade.judge(lab.points, output.text, console.text if console else "",
                               (end.reason or "the guest ended") if cut else "")
        wrong = differences(lab, variant, outcomes)
        case = Case(suite, test.name, "failed" if wrong else "passed", "\n".join(wrong))
        case.seconds = console.seconds if console else 0.0
        return [case]


def expected(lab, variant):
    if variant == "solution":
        return ()
    if variant in build.skeletons(lab):
        return lab.skeleton_loses
    return next(wrong.loses for wrong in lab.wrongs if wrong.id == variant)


def differences(lab, variant, outcomes):
    """What is wrong with the points that a variant has lost."""
    wanted, lost = set(expected(lab, variant)), grade.lost(outcomes)
    if any(wrong.id == variant and wrong.chance for wrong in lab.wrongs):
        wanted &= set(lost)
    lines = []
    for outcome in outcomes:
        point = outcome.point.id
        if (point in lost) == (point in wanted):
            continue
        lines.append(f"{'loses' if point in lost else 'does not lose'} {point}")
        lines += [f"  {text}" for text in outcome.seen]
        lines += [f"  {group.first.kind}: {group.first.text}" for group in outcome.findings]
    return lines


def run(args, rundir):
    pairs = chosen(args)
    drivers = kernel.get(args.kernel or KERNEL).drivers()
    drivers.ensure()
    built = build.Builder(drivers).all([lab for lab, _ in pairs])
    return Suite(args, rundir, pairs, built).run()
