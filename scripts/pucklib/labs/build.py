# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules of labs: the learner's own, and every variant of every lab in one run of make.

A module is made of all C files of a folder, and its name says which variant it is. Trees
are kept in the cache, so that make does again only what has changed.
"""

import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..base import steps
from ..base.util import (GOOD_PATH, REPO, PuckError, cache, cpus, digest, fresh_dir, lock, prune_folders, sync_tree,
                         tree_files, write_if_changed)
from ..build import modules
from .lab import LABS

# What the compiler is told besides what Kbuild says: headers in the order in which they are looked for.
FLAGS = ("ccflags-y := -I{tree}/labs-include -I{tree}/include -I{tree}/include/uapi "
         "-I$(srctree)/include/uapi/drm\n")
# Builds of all variants that are kept.
KEEP = 4
SOURCES = (".c", ".h")
# Those whose skeletons the suite tries.
SEEDS = (1, 2, 5, 7)


def sources(folder):
    """The C files of an answer, relative to its folder; not those that Kbuild makes."""
    found = [path for path in tree_files(folder, SOURCES) if not path.name.endswith(".mod.c")]
    for path in found:
        if not GOOD_PATH.fullmatch(str(path)):
            raise PuckError(f"{folder / path}: make takes no such name")
    if not any(path.suffix == ".c" for path in found):
        raise PuckError(f"{folder} has no C file")
    return found


def kbuild(name, files, tree):
    """One module `name` of these files."""
    if Path(f"{name}.c") in files:
        raise PuckError(f"{name}.c: a file cannot have the name of the module that it is a part of")
    objects = sorted(str(path.with_suffix(".o")) for path in files if path.suffix == ".c")
    return ("# SPDX-License-Identifier: GPL-2.0-or-later\n"
            f"obj-m := {name}.o\n{name}-y := {' '.join(objects)}\n{FLAGS.format(tree=tree)}")


class Builder:
    """Builds against the kernel that `drivers` (build.modules.Drivers) is for."""

    def __init__(self, drivers):
        self.kdir = drivers.kdir
        self.symbols = drivers.tree / "Module.symvers"
        self.root = cache("labs", drivers.root.name, "x").parent

    def make(self, folder, title, rewrite):
        """Warnings are shown to the learner; they are no errors."""
        cmd = ["make", f"-j{cpus()}", "-C", self.kdir, f"M={folder}", "W=1", "CONFIG_DEBUG_INFO_BTF_MODULES=",
               f"KBUILD_EXTRA_SYMBOLS={self.symbols}", "modules"]
        return steps.run_step(title, cmd, self.root / "build.log", rewrite=rewrite, quiet=True)

    def headers(self, tree):
        sync_tree(LABS / "include", tree / "labs-include")
        sync_tree(REPO / "include", tree / "include")

    def own(self, folder, name):
        """The module of a folder of the learner's: the file, and what the compiler warned of."""
        tree = self.root / f"own-{digest(str(folder), name)}"
        with lock(f"labs-{tree.name}"):
            tree.mkdir(parents=True, exist_ok=True)
            self.headers(tree)
            files = sources(folder)
            # What the learner has removed is not built any more.
            put(contents(folder), tree / "src")
            write_if_changed(tree / "src/Kbuild", kbuild(name, files, tree))
            text = self.make(tree / "src", f"build {folder.name}", {
                tree / "src": folder, tree / "labs-include": LABS / "include", tree / "include": REPO / "include"})
        bad = [line.replace(str(tree / "src") + "/", "") for line in text.splitlines()
               if re.search(r"\bwarning:", line)]
        return tree / "src" / f"{name}.ko", bad

    def all(self, labs):
        """{(lab's folder, variant): module} of skeletons, solutions and wrong answers, built once for a content."""
        variants = [(lab, variant) for lab in labs for variant in variants_of(lab)]
        key = digest(modules.tree_digest("include", "labs/include"),
                     [module_name(lab, variant) for lab, variant in variants],
                     *(part for lab in labs for part in answers(lab)))
        published = self.root / "all" / key
        if not published.exists():
            with lock(f"labs-{self.root.name}"):
                if not published.exists():
                    self.publish(variants, published)
        published.touch()
        return {(lab.folder.name, variant): published / f"{module_name(lab, variant)}.ko" for lab, variant in variants}

    def publish(self, variants, folder):
        tree = self.root / "variants"
        tree.mkdir(parents=True, exist_ok=True)
        self.headers(tree)
        for lab, variant in variants:
            place = tree / "src" / module_name(lab, variant)
            put(variant_files(lab, variant), place)
            write_if_changed(place / "Kbuild", kbuild(place.name, sources(place), tree))
        names = sorted(module_name(lab, variant) for lab, variant in variants)
        write_if_changed(tree / "src/Kbuild", "# SPDX-License-Identifier: GPL-2.0-or-later\n"
                         + "".join(f"obj-m += {name}/\n" for name in names))
        text = self.make(tree / "src", f"build {len(names)} modules of labs", {tree / "src": LABS})
        bad = [line for line in text.splitlines() if re.search(r"\b(?:warning|error):", line)]
        if bad:
            raise PuckError("labs do not build without a warning:\n" + "\n".join(bad[:20]))
        with fresh_dir(folder) as tmp:
            for name in names:
                shutil.copy2(tree / "src" / name / f"{name}.ko", tmp)
        prune_folders(folder.parent, KEEP)


def answers(lab):
    """All that its variants are made of: names and files, without the texts about them."""
    folders = [lab.solution] if lab.seeds else [lab.skeleton, lab.solution]
    files = [folder / path for folder in folders for path in sources(folder)]
    files += [wrong.patch for wrong in lab.wrongs]
    return [part for path in files for part in (str(path.relative_to(LABS)), path)]


def skeletons(lab):
    """{variant: seed}: what a learner may begin with; of a lab with seeds the first ones."""
    return {f"skeleton-{seed}": seed for seed in SEEDS} if lab.seeds else {"skeleton": None}


def variants_of(lab):
    return ["solution", *skeletons(lab), *(wrong.id for wrong in lab.wrongs)]


def module_name(lab, variant):
    return f"lab{lab.number:02}_{variant.replace('-', '_')}"


def contents(folder):
    return {path: (folder / path).read_bytes() for path in sources(folder)}


def drawn(lab, seed):
    """Of a lab with seeds the bugs that a seed puts in: one of those that lose the same points, for all such points."""
    places = {}
    for wrong in lab.wrongs:
        places.setdefault(wrong.loses, []).append(wrong)
    rng = random.Random(seed)
    return [rng.choice(those) for those in places.values()]


def skeleton(lab, seed=None):
    """What a learner begins with."""
    if not lab.seeds:
        return contents(lab.skeleton)
    files = contents(lab.solution)
    for wrong in drawn(lab, seed):
        files = patched(files, wrong.patch)
    return files


def variant_files(lab, variant):
    """Of a wrong answer those of the solution, patched."""
    if variant in skeletons(lab):
        return skeleton(lab, skeletons(lab)[variant])
    files = contents(lab.solution)
    for wrong in lab.wrongs:
        if wrong.id == variant:
            files = patched(files, wrong.patch)
    return files


def put(files, place):
    """Make a folder hold these sources and no others; what did not change keeps its time, by which make goes."""
    place.mkdir(parents=True, exist_ok=True)
    for path in tree_files(place, SOURCES):
        if path not in files and not path.name.endswith(".mod.c"):
            (place / path).unlink()
    for path, data in files.items():
        write_if_changed(place / path, data)


def patched(files, patch):
    """Sources with a patch in them, which has to fit without a guess."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for path, data in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
        with open(patch, "rb") as text:
            done = subprocess.run(["patch", "-p1", "-s", "-F0", "--no-backup-if-mismatch"], stdin=text, cwd=place,
                                  capture_output=True, text=True)
        if done.returncode:
            raise PuckError(f"{patch.parent.parent.name}: {patch.name} does not fit the solution: "
                            + (done.stdout + done.stderr).strip())
        return {path: (place / path).read_bytes() for path in tree_files(place, SOURCES)}


def needs(path):
    """The modules that have to be loaded before one."""
    return [name for name in steps.output(["modinfo", "-F", "depends", Path(path)]).strip().split(",") if name]
