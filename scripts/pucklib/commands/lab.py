# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck lab: the labs listed, begun, tried in a shell, graded."""

import os
import shlex
import shutil
from pathlib import Path

from ..base.util import REPO, PuckError, fresh_dir, say, write_json
from ..labs import build, lab as labs, score, turn
from ..vm import accel
from ..vm.rundirs import new as new_rundir

# Exit statuses: all points, not all of them, and no result.
ALL, SOME, NONE = 0, 1, 2


def cmd_lab(args):
    if args.number is None:
        return list_all()
    lab = labs.find(args.number)
    folder = Path(args.dir) if args.dir else Path(f"puck-lab-{lab.number}")
    if args.check:
        return check(args, lab, folder)
    if not folder.exists():
        return begin(args, lab, folder)
    return shell(args, lab, folder)


def list_all():
    for lab in labs.every():
        folder = Path(f"puck-lab-{lab.number}")
        begun = f"   begun in {folder}" if folder.is_dir() else ""
        print(f"{lab.number:2}  {lab.title:44} {lab.total:3} points{begun}")
    print(f"'puck lab N' begins one; {shown(labs.LABS / 'README.rst')} says how to work on them")
    return ALL


def shown(path):
    """From where the user is."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def seed_of(args, lab):
    """What the lab gets of the seed: most have none of their own."""
    return args.seed if lab.seeds else None


def begin(args, lab, folder):
    """A folder of the learner's own: the skeleton, and the text beside it."""
    if not folder.resolve().parent.is_dir():
        raise PuckError(f"--dir: there is no folder {folder.resolve().parent}")
    with fresh_dir(folder) as tmp:
        build.put(build.skeleton(lab, seed_of(args, lab)), tmp)
        shutil.copy(lab.folder / "README.rst", tmp)
    more = f" --dir {shlex.quote(str(folder))}" if args.dir else ""
    print(f"lab {lab.number} ({lab.title}) begins in {folder}\n"
          f"read       {folder}/README.rst; what it names of Puck's is below {shown(REPO)}\n"
          f"write      {', '.join(str(folder / path) for path in build.sources(folder))}\n"
          f"try        puck lab {lab.number}{more}\n"
          f"grade      puck lab {lab.number}{more} --check")
    return ALL


def check(args, lab, folder):
    if not folder.is_dir():
        raise PuckError(f"there is no folder {folder}: 'puck lab {lab.number}' begins one")
    rundir = new_rundir("lab", args.run_dir)
    seed = seed_of(args, lab)
    found = turn.take(args, lab, folder, rundir, seed)
    if args.json:
        write_json(Path(args.json), score.collect(lab, found, seed, folder))
    if found.trouble:
        print(f"no result: {found.trouble}; logs: {found.rundir}")
        return NONE
    score.show(lab, found)
    say("; ".join(f"{step} {seconds:.1f} s" for step, seconds in found.seconds.items()) + f"; run folder: {found.rundir}")
    return SOME if score.result(found) == "fail" else ALL


def shell(args, lab, folder):
    """The lab's machine, with the module loaded and its grader at hand."""
    kit = turn.bench(args, lab)
    accel.announce(kit.accel, kit.why)
    module, warnings = turn.own_module(args, lab, folder)
    for warning in warnings:
        print(f"warning    {warning}")
    spec = lab.spec()
    spec.shell, spec.seed = True, args.seed
    place = turn.in_guest(module)
    grader = turn.program_line(lab, module, seed_of(args, lab))
    said = f"loaded {module.name}; to grade it: rmmod {module.stem}; {grader}"
    script = turn.loading([module]) + f"insmod {place} && echo {shlex.quote(said)}\n"
    machine = kit.machine(new_rundir("lab", args.run_dir), spec)
    cmd = machine.prepare(kit.modules, kit.programs, script, {place: module})
    say(f"kernel messages: {machine.console}; leave with 'exit' or Ctrl-A x")
    return machine.interactive(cmd)
