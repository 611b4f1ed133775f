# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU built with Puck's devices in it: source, overlay, configure, build.

That is for sanitizers, fuzzers and versions without a package; else QEMU is as others
built it (qemu_stock).

The source tree is a copy in the cache. Puck's files are copied into it by
content, so every clone on a machine shares one build, and changing a file
rebuilds that file alone.
"""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..base import steps
from ..base.util import (REPO, PuckError, cache, cpus, digest, fresh_dir, lock, need_space, read_json, say, sync_tree,
                         tree_files, write_if_changed, write_json)
from . import apt

TARGET = "qemu-system-x86_64"

# Names of devices that QEMU's own Kconfig does not turn on for us under
# --without-default-devices. CXL is there because leaving it out does not link:
# the pxb and ACPI code that q35 pulls in refers to it.
DEVICES = """
Q35 PCIE_PORT PCI_BRIDGE PXB CXL CXL_MEM_DEVICE NVDIMM VTD
VIRTIO_PCI VIRTIO_BLK VIRTIO_NET VIRTIO_SERIAL VIRTIO_GPU VIRTIO_VGA VIRTIO_RNG VIRTIO_IOMMU
VIRTIO_9P VIRTIO_SCSI VIRTIO_BALLOON VIRTIO_INPUT
NVME_PCI E1000E_PCI_EXPRESS AHCI_ICH9 IDE_ISA VGA_PCI BOCHS_DISPLAY
USB_XHCI_PCI USB_STORAGE_CLASSIC EDU ISA_DEBUG SERIAL_ISA PCI_TESTDEV
PUCK_IOMMU PUCK_GPU PUCK_CAM
""".split()

FIRMWARE = ("/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu")
# Debug information would make a fifth of the time from nothing to the first guest.
CONFIGURE = """
--target-list=x86_64-softmmu --without-default-features --without-default-devices
--with-devices-x86_64=puck --enable-tcg --enable-kvm --enable-pixman --enable-png --enable-vnc
--enable-attr --enable-virtfs --enable-trace-backends=log --disable-fdt
--disable-install-blobs --disable-docs --disable-relocatable --disable-debug-info
""".split() + ["--firmwarepath=" + ":".join(FIRMWARE)]


def repaired(text, patch):
    """The text of a file of QEMU's as the patch wants it; as it was if the patch does not fit."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_text(text)
        done = subprocess.run(["patch", "-s", "-r", "-", file, REPO / patch], capture_output=True)
        return text if done.returncode else file.read_text()


# The whole hook: file, and how its text is changed.
HOOKS = {
    "hw/meson.build": lambda text: text + "subdir('puck')\n",
    "hw/Kconfig": lambda text: text.replace("# arch Kconfig", "source puck/Kconfig\n\n# arch Kconfig", 1),
    "meson.build": lambda text: text.replace("trace_events_subdirs = [\n",
                                             "trace_events_subdirs = [\n  'hw/puck',\n", 1),
    "tests/qtest/meson.build": lambda text: text + "subdir('puck')\n",
}
# What is wrong in QEMU itself and makes guests fail that are right (docs/findings.rst).
REPAIRS = {
    "system/physmem.c": lambda text: repaired(text, "qemu-device/repairs/tlb-view.patch"),
}
OVERLAY = {"hw/puck": "qemu-device", "include/abi": "include/abi"}
# Laid over only when the tests are wanted: a half-written test stops no QEMU.
QTESTS = {"tests/qtest/puck": "tests/qtest"}
KEEP_BINARIES = 12
DEVICE_FILE = "configs/devices/x86_64-softmmu/puck.mak"


def device_config(devices):
    return "# Written by scripts/puck.\n" + "".join(f"CONFIG_{name}=y\n" for name in devices)


@dataclass
class Flavour:
    """How a QEMU is built: each flavour has a tree and a build of its own in the cache."""
    configure: list = field(default_factory=lambda: CONFIGURE)
    hooks: dict = field(default_factory=lambda: HOOKS)
    repairs: dict = field(default_factory=lambda: REPAIRS)
    overlay: dict = field(default_factory=lambda: OVERLAY)
    devices: list = field(default_factory=lambda: DEVICES)
    # Files by their path below the build's root, as compiler wrappers are.
    tools: dict = field(default_factory=dict)
    # Programs besides the emulator.
    targets: list = field(default_factory=list)
    # Debian's source has no warning, and Puck is to have none. Of a tree of the user's nobody knows.
    warnings_are_errors: bool = True
    title: str = "QEMU"

    def arguments(self, root):
        """The arguments of configure; {root} in one stands for the build's root."""
        return [argument.replace("{root}", str(root)) for argument in self.configure]

    def changes(self):
        """What is changed of QEMU's own files."""
        return {**self.hooks, **self.repairs}

    def key(self):
        parts = [self.configure, device_config(self.devices), sorted(self.changes())]
        return digest(*parts, *([self.tools] if self.tools else []))


class Qemu:
    """One QEMU source tree with Puck in it, and its build."""

    def __init__(self, qemu_src=None, flavour=None):
        self.flavour = flavour or Flavour()
        self.user_src = Path(qemu_src).resolve() if qemu_src else None
        if self.user_src:
            self.check_user_tree()
            self.root = cache("qemu", f"tree-{digest(str(self.user_src), self.key())}", "x").parent
        else:
            self.root = None

    def check_user_tree(self):
        version = self.user_src / "VERSION"
        if not version.exists() or not (self.user_src / "configure").exists():
            raise PuckError(f"{self.user_src} is not a QEMU source tree")
        numbers = tuple(int(n) for n in re.findall(r"\d+", version.read_text())[:2])
        if numbers < (10, 0):
            raise PuckError(f"{self.user_src} is QEMU {version.read_text().strip()}; 10.0 or newer is needed")

    def key(self):
        return self.flavour.key()

    def locate(self):
        """Know where the tree is, fetching the package the first time."""
        if self.root:
            return
        known = read_json(cache("qemu", "package.json"))
        if not known or not Path(known["dsc"]).exists():
            known = self.fetch()
        self.package = known
        self.root = cache("qemu", f"{known['version']}-{self.key()}", "x").parent

    @property
    def src(self):
        return self.root / "src"

    @property
    def build(self):
        return self.root / "build"

    def publish(self):
        """A copy of the binary that a build going on elsewhere cannot take away
        from under a running test."""
        built = self.build / TARGET
        folder = self.root / "bin" / f"{built.stat().st_mtime_ns:x}"
        if not (folder / TARGET).exists():
            kept = sorted(self.root.glob("bin/*"), key=lambda p: p.stat().st_mtime)
            for old in kept[:-KEEP_BINARIES]:
                shutil.rmtree(old, ignore_errors=True)
            with fresh_dir(folder) as tmp:
                shutil.copy2(built, tmp / TARGET)
        return folder / TARGET

    def fetch(self):
        with lock("qemu-source"):
            dsc = apt.newer_apt().source("qemu", cache("qemu", "package", "x").parent)
            version = re.sub(r".*_(.*)\.dsc", r"\1", dsc.name)
            known = {"dsc": str(dsc), "version": version}
            write_json(cache("qemu", "package.json"), known)
            return known

    def pristine(self):
        """The unmodified tree: unpacked from the package, or the user's own."""
        if self.user_src:
            return self.user_src
        path = cache("qemu", "package", f"qemu-{self.package['version']}")
        if not path.exists():
            say(f"unpacking QEMU {self.package['version']}")
            partial = path.with_name(path.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            steps.run_step("unpack QEMU", ["dpkg-source", "--no-check", "-x", self.package["dsc"], partial],
                           steps.log_path("qemu-unpack"), quiet=True)
            partial.rename(path)
        return path

    def shadow(self):
        """Our own copy of the tree, which the overlay may change."""
        if self.user_src:
            return self.shadow_user_tree()
        if self.src.exists():
            return
        need_space(f"the build of {self.flavour.title}", 3)
        tree = self.pristine()
        with fresh_dir(self.src) as tmp:
            steps.run_step("copy QEMU's source", ["cp", "-a", "--reflink=auto", f"{tree}/.", tmp],
                           steps.log_path("qemu-unpack"), quiet=True)
        # Half a gigabyte that can be unpacked again in seconds.
        shutil.rmtree(tree, ignore_errors=True)

    def shadow_user_tree(self):
        apt.ensure_host({"rsync": "following changes of the tree given with --qemu-src"})
        ours = [*self.flavour.changes(), *self.flavour.overlay, *QTESTS, DEVICE_FILE]
        self.src.mkdir(parents=True, exist_ok=True)
        steps.output(["rsync", "-a", "--delete", "--exclude=.git", "--exclude=/build*",
                      *[f"--exclude=/{path}" for path in [*ours, "pristine"]],
                      f"{self.user_src}/", f"{self.src}/"])
        for path in self.flavour.changes():
            shutil.copy2(self.user_src / path, self.saved(path))

    def saved(self, path):
        """Where the unmodified version of a file that is changed is kept."""
        place = self.root / "pristine" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def overlay(self, folders):
        """Lay Puck over the tree."""
        for path, change in self.flavour.changes().items():
            saved = self.saved(path)
            if not saved.exists():
                write_if_changed(saved, (self.src / path).read_bytes())
            text = saved.read_text()
            changed = change(text)
            if changed == text:
                self.unchanged(path)
            write_if_changed(self.src / path, changed)
        if not (self.src / "tests/qtest/puck/meson.build").exists():
            self.no_qtests()
        for inside, ours in folders.items():
            sync_tree(REPO / ours, self.src / inside)
        write_if_changed(self.src / DEVICE_FILE, device_config(self.flavour.devices))

    def unchanged(self, path):
        """A hook is needed. Another version of QEMU may have been repaired by others, or differ there."""
        if path in self.flavour.hooks or not self.user_src:
            raise PuckError(f"QEMU's {path} has no place for Puck's change of it")
        say(f"{self.user_src / path} is left as it is: Puck's repair does not fit (docs/findings.rst)")

    def no_qtests(self):
        """Nothing where the hook looks for tests."""
        write_if_changed(self.src / "tests/qtest/puck/meson.build", "")

    def overlay_digest(self, folders):
        parts = []
        for ours in folders.values():
            for rel in tree_files(REPO / ours):
                parts += [str(rel), REPO / ours / rel]
        return digest(self.key(), *parts)

    def env(self):
        return {"PYTHONPATH": str(apt.meson_path())}

    def configure(self):
        stamp = self.root / "configured"
        if stamp.exists():
            return
        args = self.flavour.arguments(self.root)
        for path, text in self.flavour.tools.items():
            write_if_changed(self.root / path, text)
            (self.root / path).chmod(0o755)
        strict = self.flavour.warnings_are_errors and not self.user_src
        args.append("--enable-werror" if strict else "--disable-werror")
        if not self.user_src:
            # The package is complete; a user's git tree may lack subprojects.
            args.append("--disable-download")
        shutil.rmtree(self.build, ignore_errors=True)
        self.build.mkdir()
        steps.run_step(f"configure {self.flavour.title}", [self.src / "configure", "--python=/usr/bin/python3", *args],
                       steps.log_path("qemu-configure"), cwd=self.build, env=self.env())
        self.link_firmware()
        stamp.write_text("")

    def link_firmware(self):
        """Run from its build folder, QEMU looks for firmware below qemu-bundle."""
        for folder in FIRMWARE:
            link = self.build / "qemu-bundle" / folder.lstrip("/")
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(folder)

    def ninja(self, targets, title):
        rewrite = {}
        for inside, ours in {**self.flavour.overlay, **QTESTS}.items():
            rewrite[self.src / inside] = REPO / ours
            rewrite[f"../src/{inside}"] = REPO / ours
        steps.run_step(title, ["ninja", f"-j{cpus()}", *targets], steps.log_path("qemu-build"),
                       cwd=self.build, env=self.env(), rewrite=rewrite)

    def ensure(self, qtests=()):
        """Bring QEMU and the named qtests up to date; returns the QEMU binary."""
        apt.ensure_host({**apt.HOST_PACKAGES, **apt.QEMU_PACKAGES})
        self.locate()
        overlay = self.flavour.overlay
        folders = {**overlay, **QTESTS} if qtests else overlay
        stamp = self.root / "built.json"
        binary = self.fresh(stamp, folders, qtests)
        if binary and not self.user_src:
            return binary
        with lock(f"qemu-{self.root.name}"):
            # Taken before the files are: what changes meanwhile is built next time.
            digests = {t: self.overlay_digest(folders) for t in qtests}
            digests[TARGET] = self.overlay_digest(overlay)
            self.shadow()
            self.overlay(folders)
            self.configure()
            self.compile([TARGET, *self.flavour.targets, *qtests], qtests)
            binary = self.publish()
            write_json(stamp, {**digests, "binary": str(binary)})
        return binary

    def fresh(self, stamp, folders, qtests):
        """The binary, if the last build was of just these sources; else None."""
        done = read_json(stamp, {})
        wanted = self.overlay_digest(folders)
        binary = Path(done.get("binary", "/nowhere"))
        good = all(done.get(t) == wanted and (self.build / t).exists() for t in qtests or [TARGET])
        return binary if good and binary.exists() else None

    def compile(self, targets, qtests):
        try:
            self.ninja(targets, f"build {self.flavour.title}" + (" and its qtests" if qtests else ""))
        except PuckError:
            if qtests:
                self.no_qtests()
            raise

    def qtests(self):
        """Names of the qtest programs there are sources for."""
        return [f"tests/qtest/puck/puck-{p.parent.name}-test" for p in sorted((REPO / "tests/qtest").glob("*/test.c"))]

    def hold_bench(self):
        """What measures for how long QEMU does not answer; built as the qtests are."""
        return "tests/qtest/puck/puck-hold-bench"
