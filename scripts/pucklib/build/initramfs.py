# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's root: busybox, kernel modules, Puck's modules and test programs.

Three archives, one after the other, which the kernel unpacks into one root: a
base that changes with the kernel alone, Puck's own modules and programs, both
kept in the cache, and what is of one boot.
"""

import lzma
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..base import steps
from ..base.util import REPO, PuckError, cache, digest, fresh_dir, lock, prune, write_if_changed

FOLDER = REPO / "test-images/initramfs"
BUSYBOX = Path("/bin/busybox")


class Cpio:
    """A writer of 'newc' archives, as the kernel unpacks them."""

    def __init__(self):
        self.parts = []
        self.inode = 1
        self.folders = {""}

    def entry(self, name, mode, data=b""):
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        self.inode += 1
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        self.parts.append(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    def folder(self, name):
        name = name.strip("/")
        if name in self.folders:
            return
        parent = name.rpartition("/")[0]
        self.folder(parent)
        self.folders.add(name)
        self.entry(name, 0o040755)

    def file(self, name, data, mode=0o644):
        name = name.strip("/")
        self.folder(name.rpartition("/")[0])
        if isinstance(data, Path):
            data = data.read_bytes()
        elif isinstance(data, str):
            data = data.encode()
        self.entry(name, 0o100000 | mode, data)

    def link(self, name, target):
        self.folder(name.strip("/").rpartition("/")[0])
        self.entry(name.strip("/"), 0o120777, target.encode())

    def bytes(self):
        self.entry("TRAILER!!!", 0)
        blob = b"".join(self.parts)
        return blob + bytes(-len(blob) % 512)


def module_names():
    """Kernel modules wanted in the guest, where the kernel has them as modules."""
    lines = (FOLDER / "modules").read_text().splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def normal(name):
    return re.sub(r"\.ko(\.\w+)?$", "", name.rpartition("/")[2]).replace("-", "_")


def needed_modules(kernel):
    """Paths below kernel.modules of the wanted modules and what they need."""
    depends = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        depends[normal(path)] = (path, rest.split())
    needed = []
    for name in module_names():
        path, more = depends.get(normal(name), (None, []))
        for one in ([path] if path else []) + more:
            if one not in needed:
                needed.append(one)
    return needed


def base_archive(kernel):
    """Busybox and the kernel's own modules."""
    key = digest(module_names(), str(kernel.modules), kernel.modules / "modules.dep", BUSYBOX)
    path = cache("initramfs", f"{kernel.name}-{key}")
    if path.exists():
        return path
    with lock("initramfs"):
        if not path.exists():
            build_base(kernel, path)
    return path


def build_base(kernel, path):
    archive = Cpio()
    archive.file("bin/busybox", BUSYBOX, 0o755)
    for applet in steps.output([BUSYBOX, "--list"]).split():
        if applet != "busybox":
            archive.link(f"bin/{applet}", "busybox")
    archive.link("sbin", "bin")
    with fresh_dir(path.with_name(path.name + "-stage")) as stage:
        target = stage / "lib/modules" / kernel.release
        for rel in needed_modules(kernel):
            unpack_module(kernel.modules / rel, target / re.sub(r"\.(xz|gz|zst)$", "", rel))
        target.mkdir(parents=True, exist_ok=True)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            if (kernel.modules / name).exists():
                shutil.copy(kernel.modules / name, target / name)
        steps.output(["depmod", "-b", stage, kernel.release])
        for file in sorted(p for p in target.rglob("*") if p.is_file()):
            if not file.name.endswith(".bin"):
                archive.file(str(file.relative_to(stage)), file)
        deps = (target / "modules.dep").read_text()
    shutil.rmtree(path.with_name(path.name + "-stage"), ignore_errors=True)
    write_if_changed(path.with_suffix(".dep"), deps)
    write_if_changed(path, archive.bytes())


def unpack_module(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".xz":
        target.write_bytes(lzma.decompress(source.read_bytes()))
    elif source.suffix == ".zst":
        subprocess.run(["zstd", "-qdf", str(source), "-o", str(target)], check=True)
    else:
        shutil.copy(source, target)


def puck_dependencies(modules, base_dep):
    """modules.dep with our modules in it: busybox' modprobe reads that file."""
    text = base_dep.read_text()
    chains = {}
    for line in text.splitlines():
        path, _, rest = line.partition(":")
        chains[normal(path)] = [path, *rest.split()]
    own = {normal(m.name): m for m in modules}

    def chain(name):
        if name in chains:
            return chains[name]
        if name not in own:
            return []       # built into this kernel
        found = [f"puck/{own[name].name}"]
        for need in filter(None, steps.output(["modinfo", "-F", "depends", own[name]]).strip().split(",")):
            # Loaded from the last to the first: what is shared has to come last.
            more = chain(normal(need))
            found = [p for p in found if p not in more] + more
        chains[name] = found
        return found

    for name in own:
        path, *needs = chain(name)
        text += f"{path}: {' '.join(needs)}\n"
    return text


def check_modules_present(kernel, modules, base_dep):
    """Say at build time which kernel module ours need that the list lacks."""
    have = {normal(line.partition(":")[0]) for line in base_dep.read_text().splitlines()}
    have |= {normal(m.name) for m in modules}
    builtin = {normal(n) for n in (kernel.modules / "modules.builtin").read_text().split()}
    for module in modules:
        needs = steps.output(["modinfo", "-F", "depends", module]).strip().split(",")
        lacking = [n for n in needs if n and normal(n) not in have | builtin]
        if lacking:
            raise PuckError(f"{module.name} needs {', '.join(lacking)}: add to test-images/initramfs/modules")


def own_archive(kernel, modules, programs, base):
    """Puck's modules and programs: the same for many boots."""
    files = {"init": FOLDER / "init"}
    lib = f"lib/modules/{kernel.release}"
    files |= {f"{lib}/puck/{module.name}": module for module in modules}
    files |= {f"bin/{name}": path for name, path in programs.items()}
    path = cache("initramfs-own", digest(str(base), *[x for item in sorted(files.items()) for x in item]))
    with lock("initramfs-own"):
        if path.exists():
            path.touch()
            return path
        check_modules_present(kernel, modules, base.with_suffix(".dep"))
        prune(path.parent)
        archive = Cpio()
        archive.file(f"{lib}/modules.dep", puck_dependencies(modules, base.with_suffix(".dep")))
        for name, source in files.items():
            if name.endswith(".ko"):
                archive.file(name, without_debug(source))
            else:
                archive.file(name, source, 0o755)
        write_if_changed(path, archive.bytes())
    return path


def without_debug(module):
    """Nothing in the guest reads what the debugger does, which is nine tenths of some modules."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder) / module.name
        steps.output(["strip", "--strip-debug", "-o", stripped, module])
        return stripped.read_bytes()


def build(kernel, modules, programs, command, extra=None, into=None):
    """Write the whole initramfs of one boot; returns the parts it is made of."""
    base = base_archive(kernel)
    boot = Cpio()
    for name in ("proc", "sys", "dev", "tmp", "run", "mnt", "etc", "root"):
        boot.folder(name)
    boot.file("puck/cmd", command, 0o755)
    for name, path in (extra or {}).items():
        boot.file(name, Path(path), 0o755)
    own = into.with_name(into.name + ".boot")
    own.write_bytes(boot.bytes())
    parts = [base, own_archive(kernel, modules, programs, base), own]
    join(parts, into)
    return parts


def join(parts, into):
    """The kernel unpacks one archive behind the other."""
    with open(into, "wb") as out:
        for part in parts:
            out.write(Path(part).read_bytes())
