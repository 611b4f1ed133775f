# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of mischief and policies of the mapper, read before anything is built for them.

They are read by the device's and the module's own code, built for the host, so that
there is one grammar. tests/tool/words has what that code needs around it.
"""

import re
import shutil
import subprocess

from ..base import steps
from ..base.util import REPO, PuckError, cache, digest, fresh_dir, lock, prune_folders, say, tree_files
from . import apt

FOLDER = REPO / "tests/tool/words"
MISCHIEF = REPO / "qemu-device/mischief"
MAPPER = REPO / "guest-driver/dma"
RULE_FILES = [MISCHIEF / name for name in ("format.c", "rule.c", "scan.c", "words.c")]
POLICY_FILES = [MAPPER / "policy" / name for name in ("policy.c", "draw.c")]
CFLAGS = ["-std=gnu11", "-O1", "-w"]


def build_mischief(out):
    compile_to(out, ["-I", MISCHIEF, FOLDER / "mischief.c", *RULE_FILES])


def build_policy(out):
    compile_to(out, ["-include", "linux/kernel-words.h", "-I", MAPPER, FOLDER / "policy.c", *POLICY_FILES])


def compile_to(out, words):
    steps.output(["gcc", *CFLAGS, "-I", FOLDER / "stubs", "-I", REPO / "include", "-o", out, *words])


READERS = {"mischief": (build_mischief, MISCHIEF), "policy": (build_policy, MAPPER / "policy")}


def reader(name):
    """The program that reads such a text; None if it cannot be made here."""
    build, sources = READERS[name]
    key = digest(*[folder / rel for folder in (sources, FOLDER) for rel in tree_files(folder, (".c", ".h"))])
    folder = cache("checks", f"{name}-{key}")
    if folder.exists():
        return folder / name
    if not shutil.which("gcc"):
        apt.ensure_host()
    with lock(f"checks-{name}"):
        if not folder.exists():
            prune_folders(folder.parent)
            try:
                with fresh_dir(folder) as tmp:
                    build(tmp / name)
            except PuckError as err:
                say(f"cannot read the words of --{name} beforehand: {str(err).splitlines()[0]}")
                return None
    return folder / name


def check(option, name, text):
    """PuckError with the place, if the text of this option cannot be read."""
    program = reader(name) if text else None
    if not program:
        return
    done = subprocess.run([program, text], capture_output=True, text=True)
    if done.returncode == 0:
        return
    place, _, what = done.stdout.strip().partition(" ")
    raise PuckError(wrong(option, text, int(place), what or "no word of a policy (docs/dma.rst)"))


def wrong(option, text, place, what):
    """A message that points to the byte that is wrong."""
    word = re.match(r"[^\s,;]*", text[place:])[0]
    return f"{option}: {what}, at byte {place}: '{word}'\n    {text}\n    {' ' * place}^"
