# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck module: a kernel module of the user's, built for a guest's kernel."""

import shutil
from pathlib import Path

from ..base import steps
from ..base.util import GOOD_PATH, PuckError, cache, cpus, digest, lock, sync_tree
from ..build import apt, kernel


def source_folder(name):
    folder = Path(name).resolve()
    if not folder.is_dir():
        raise PuckError(f"there is no folder {folder}")
    if not any((folder / file).exists() for file in ("Kbuild", "Makefile")):
        raise PuckError(f"{folder} has neither a Kbuild nor a Makefile: one line will do, obj-m := my_driver.o")
    return folder


def build(folder, kdir):
    """Kbuild's run in a folder; returns the modules it made."""
    # No BTF: it needs pahole and the kernel's vmlinux, and nothing in a guest reads it.
    cmd = ["make", f"-j{cpus()}", "-C", kdir, f"M={folder}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"]
    steps.run_step(f"build {folder.name}", cmd, steps.log_path("module"))
    order = folder / "modules.order"
    names = order.read_text().split() if order.exists() else []
    made = [found for name in names for found in (folder / Path(name).with_suffix(".ko").name,
                                                  Path(kdir) / Path(name).with_suffix(".ko"),
                                                  folder / Path(name).with_suffix(".ko")) if found.exists()]
    if not made:
        raise PuckError(f"{folder}: nothing was made; its Kbuild or Makefile needs a line as obj-m := my_driver.o")
    return list(dict.fromkeys(path.resolve() for path in made))


def build_elsewhere(folder, kdir):
    """Make takes no folder with a space in its name: a copy in the cache is built."""
    copy = cache("modules", f"user-{digest(str(folder))}")
    with lock(f"module-{copy.name}"):
        sync_tree(folder, copy)
        made = build(copy, kdir)
        return [Path(shutil.copy2(path, folder / path.relative_to(copy))) for path in made]


def cmd_module(args):
    folder = source_folder(args.folder)
    apt.ensure_host()
    kdir = Path(args.kdir).resolve() if args.kdir else kernel.get(args.kernel).kdir
    if not (kdir / "Makefile").exists():
        raise PuckError(f"--kdir: {kdir} is no kernel build or headers folder (it has no Makefile)")
    made = build(folder, kdir) if GOOD_PATH.fullmatch(str(folder)) else build_elsewhere(folder, kdir)
    for path in made:
        print(path)
    return 0
