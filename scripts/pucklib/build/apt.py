# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages: installed on the host, or fetched privately into the cache.

The system's package sources are only read. What has to come from another
suite (QEMU's source, a newer meson) is asked for through an apt configuration
of our own below the cache, on the mirror the system itself uses.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from ..base import steps
from ..base.util import REPO, PuckError, cache, fresh_dir, lock, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
NEWER_SUITE = "trixie"
# Those of Debian that have what is needed, and the versions of their compilers.
RELEASES = {"12": "12", "13": "14"}

# For a guest of Debian's stock kernel on the QEMU that Debian ships.
HOST_PACKAGES = {
    "build-essential": "compiler for Puck's devices, kernel modules and guest programs",
    "ninja-build": "the build of Puck's devices",
    "pkg-config": "the build of Puck's devices",
    "libglib2.0-dev": "QEMU's headers need it",
    "libpixman-1-dev": "QEMU's headers need it",
    "libelf-dev": "kernel modules (objtool)",
    "kmod": "kernel module lists (depmod)",
    "xz-utils": "unpacking kernels and modules",
    "libdrm-dev": "DRM definitions for the guest programs",
    "busybox-static": "the guest's user space",
    "e2fsprogs": "file systems for the guest tests' disks",
}
# What else takes more of them; TEST_PACKAGES as well.
KERNEL_PACKAGES = {
    "flex": "kernel configuration",
    "bison": "kernel configuration",
    "bc": "kernel build",
    "lz4": "kernel image",
    "libssl-dev": "kernel build",
}
QEMU_PACKAGES = {
    "python3-venv": "QEMU's configure",
    "python3-setuptools": "QEMU's configure",
    "libpng-dev": "QEMU's screendump to PNG",
    "libattr1-dev": "QEMU's 9p file sharing",
    "zlib1g-dev": "QEMU needs it",
    "flex": "QEMU's build",
    "bison": "QEMU's build",
    "seabios": "the guest's firmware",
    "qemu-system-data": "the guest's firmware and keymaps",
    "ipxe-qemu": "option ROMs of the guest's network cards",
}


def missing(packages):
    names = sorted(packages)
    result = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
                            capture_output=True, text=True)
    installed = {line.split()[0] for line in result.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def as_root(cmd):
    """cmd, made to run as root; None where that cannot be had."""
    if os.geteuid() == 0:
        return cmd
    if shutil.which("sudo"):
        return ["sudo", *cmd]
    return None


def ensure_host(packages=None):
    """Install what is missing on the host, having said what and why."""
    packages = packages or HOST_PACKAGES
    wanted = missing(packages)
    if not wanted:
        return
    say("these Debian packages are missing on this machine:")
    for name in wanted:
        say(f"    {name:20} {packages[name]}")
    install = as_root(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q",
                       "--no-install-recommends", *wanted])
    if install is None:
        raise PuckError("not root and no sudo: please have them installed:\n"
                        f"    apt-get install --no-install-recommends {' '.join(wanted)}", code=3)
    say("installing them with apt-get (the system's package sources stay as they are)")
    with lock("apt"):
        log = steps.log_path("apt-install")
        try:
            steps.run_step("package lists", as_root(["apt-get", "update", "-q"]), log)
        except PuckError as err:
            say(f"apt-get update had errors (going on with what there is): {log}")
            if not Path("/var/lib/apt/lists").exists():
                raise err
        steps.run_step("install packages", install, log)


def os_release(path=Path("/etc/os-release")):
    """What this system says it is."""
    text = path.read_text() if path.exists() else ""
    return {key: value.strip('"') for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M)}


def on_debian(known=None):
    """The number of the Debian release that this is; None on others and on those not supported."""
    known = known or os_release()
    return known.get("VERSION_ID") if known.get("ID") == "debian" and known.get("VERSION_ID") in RELEASES else None


def packages_32():
    """For programs of 32 bits. Not gcc-multilib, which cannot stand beside cross compilers."""
    gcc = RELEASES.get(on_debian())
    return {"libc6-dev-i386": "a guest program of 32 bits",
            f"lib32gcc-{gcc}-dev": "a guest program of 32 bits"} if gcc else {}


TEST_PACKAGES = {
    "sparse": "checking the guest driver",
    "dwarves": "the layout of structures (pahole)",
    **packages_32(),
}


def check_system(own_trees=False, known=None):
    """Whether what is needed can be had for this system. `own_trees`: QEMU's source and a kernel are the user's."""
    known = known or os_release()
    if on_debian(known) or own_trees:
        return
    raise PuckError(
        f"this is {known.get('PRETTY_NAME', 'an unknown system')}: Puck takes kernels and QEMU's source from Debian "
        f"{' or '.join(RELEASES)}. Run it in a container of that:\n"
        f"    docker run -it -v {REPO}:/puck -w /puck debian:12 scripts/puck run\n"
        "(--device /dev/kvm behind 'run' makes it fast), or bring your own for run, guest and shell:\n"
        "    scripts/puck run --qemu-src DIR --kernel IMAGE --kdir DIR", 3)


def os_codename():
    check_system()
    return os_release()["VERSION_CODENAME"]


def parse_one_line(text):
    """(type, uri, suite, components, options) of the classic sources.list lines."""
    for line in text.splitlines():
        match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            yield match[1], match[3], match[4], match[5].split()


def parse_deb822(text):
    for stanza in re.split(r"\n\s*\n", text):
        stanza = "\n".join(line for line in stanza.splitlines() if not line.lstrip().startswith("#"))
        field = {k.lower(): v.split() for k, v in
                 re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M)}
        if field.get("enabled", ["yes"])[0].lower() in ("no", "false"):
            continue
        for kind in field.get("types", []):
            for uri in field.get("uris", []):
                for suite in field.get("suites", []):
                    yield kind, uri, suite, field.get("components", [])


def system_sources():
    """Every binary package source of the system, as tuples."""
    etc = Path("/etc/apt")
    entries = []
    if (etc / "sources.list").exists():
        entries += parse_one_line((etc / "sources.list").read_text())
    for path in sorted((etc / "sources.list.d").glob("*")):
        if path.suffix == ".list":
            entries += parse_one_line(path.read_text())
        elif path.suffix == ".sources":
            entries += parse_deb822(path.read_text())
    return [entry for entry in entries if entry[0] == "deb"]


def debian_sources():
    """The system's entries of its own Debian release (main, updates, security)."""
    name = os_codename()
    own = [e for e in system_sources() if e[2] == name or e[2].startswith((name + "-", name + "/"))]
    if not own:
        raise PuckError(f"no package source of {name} found below /etc/apt")
    return own


def mirror():
    """The mirror this machine uses for its own release."""
    name = os_codename()
    for _, uri, suite, _ in debian_sources():
        if suite == name:
            return uri
    raise PuckError(f"no package source of the suite {name} below /etc/apt")


class PrivateApt:
    """An apt with sources, lists and archives of its own below the cache."""

    def __init__(self, name, stanzas):
        self.root = cache("apt", name, "x").parent
        self.stanzas = stanzas
        self.updated = False

    def options(self):
        root = self.root
        return ["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={root}/parts",
                "-o", f"Dir::State::Lists={root}/lists", "-o", f"Dir::Cache={root}/cache",
                "-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none",
                "-o", "Acquire::Retries=3"]

    def alone(self):
        """apt takes locks, and does not wait for them; machines with different images come up together."""
        return lock(f"apt-{self.root.name}")

    def update(self):
        with self.alone():
            if not self.updated:
                self.fetch_lists()
                self.updated = True

    def fetch_lists(self):
        for folder in ("parts", "lists/partial", "cache/archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        text = ""
        for types, uri, suite, components in self.stanzas:
            text += (f"Types: {types}\nURIs: {uri}\nSuites: {suite}\n"
                     f"Components: {' '.join(components)}\nSigned-By: {KEYRING}\n\n")
        (self.root / "parts" / "puck.sources").write_text(text)
        steps.run_step(f"package lists ({self.root.name})", ["apt-get", *self.options(), "-q", "update"],
                       steps.log_path("apt-" + self.root.name), quiet=True)

    def show(self, package):
        """Fields of the newest version of a binary package, or None."""
        self.update()
        result = subprocess.run(["apt-cache", *self.options(), "show", "--no-all-versions", package],
                                capture_output=True, text=True)
        fields = dict(re.findall(r"^([A-Z][A-Za-z0-9-]+): (.*)$", result.stdout, re.M))
        return fields or None

    def download(self, into, *packages):
        """The .deb of each package; kept under `into`."""
        self.update()
        into.mkdir(parents=True, exist_ok=True)
        steps.run_step(f"download {packages[0]}" + (f" and {len(packages) - 1} more" if packages[1:] else ""),
                       ["apt-get", *self.options(), "-q", "download", *packages],
                       steps.log_path("apt-" + self.root.name), cwd=into)
        return [newest(into, package) for package in packages]

    def closure(self, packages, into):
        """The .deb of each package and of all that they depend on, as for a machine that has none of it."""
        self.update()
        (into / "partial").mkdir(parents=True, exist_ok=True)
        nothing = self.root / "status"
        nothing.write_text("")
        with self.alone():
            steps.run_step(f"download {' '.join(packages)}",
                           ["apt-get", *self.options(), "-o", f"Dir::State::status={nothing}",
                            "-o", f"Dir::Cache::archives={into}", "--no-install-recommends", "-y", "-q",
                            "--download-only", "install", *packages],
                           steps.log_path("apt-" + self.root.name))
        return sorted(into.glob("*.deb"))

    def source(self, package, into, version=None):
        """Fetch a source package, in a version if one is given; returns the .dsc."""
        self.update()
        into.mkdir(parents=True, exist_ok=True)
        steps.run_step(f"download source of {package}",
                       ["apt-get", *self.options(), "-q", "source", "--download-only",
                        package + (f"={version}" if version else "")],
                       steps.log_path("apt-" + self.root.name), cwd=into)
        found = sorted(into.glob(package + "_*.dsc"), key=lambda p: p.stat().st_mtime)
        if not found:
            raise PuckError(f"the source package {package} cannot be had from the suite {NEWER_SUITE}")
        return found[-1]


def newest(folder, package):
    """The .deb of a package that was downloaded last."""
    found = sorted(folder.glob(f"{package}_*.deb"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise PuckError(f"apt-get downloaded no {package}")
    return found[-1]


_instances = {}


def system_apt():
    """The machine's own release, with lists of ours: works without root."""
    if "system" not in _instances:
        _instances["system"] = PrivateApt("system", debian_sources())
    return _instances["system"]


def newer_apt():
    if "newer" not in _instances:
        _instances["newer"] = PrivateApt(NEWER_SUITE, [("deb deb-src", mirror(), NEWER_SUITE, ["main"])])
    return _instances["newer"]


def source_apt():
    """For the source of what the system has installed: its own release's, updates and all."""
    if "sources" not in _instances:
        _instances["sources"] = PrivateApt("sources", [("deb-src", *entry[1:]) for entry in debian_sources()])
    return _instances["sources"]


def meson_path():
    """A meson new enough: Debian 12's is older than QEMU asks for. Elsewhere QEMU looks for one itself."""
    if not on_debian():
        return cache("tools", "none")
    place = cache("tools", "meson")
    if not place.exists():
        with lock("meson"):
            if not place.exists():
                unpack(*newer_apt().download(cache("debs", "x").parent, "meson"), place)
    return place / "usr/lib/python3/dist-packages"


def unpack(deb, into):
    """Unpack a .deb into a folder of the cache, all or nothing."""
    with fresh_dir(into) as tmp:
        steps.output(["dpkg-deb", "-x", deb, tmp])
    return into
