# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's newest kernel of series 7, and modules for it.

Its modules have to be built by the compiler of its own suite, which is newer
than this machine's. That suite's compiler and the kernel's headers are put into
a root folder in the cache by debootstrap; make runs in there, by chroot. Mounts
are made in a mount namespace that ends with each command.
"""

import os
import re
import shutil
from pathlib import Path

from ..base import steps
from ..base.util import REPO, PuckError, cache, cpus, fresh_dir, lock, need_space, say
from . import apt, kernel, modules

NAME = "7"
# Where to look for it; the first that has one will do.
SUITES = ("sid", "testing")
HOST_PACKAGES = {"debootstrap": "a root folder with the compiler of Linux 7.x"}
INSIDE = "/mnt"         # in that root: where the drivers are built

IN_CHROOT = 'mount -t proc proc "$0/proc" && mount --bind "$1" "$0$2" && shift 2 && exec chroot "$0" "$@"'


def check():
    """What can be known before anything is fetched."""
    if os.geteuid() != 0:
        raise PuckError("--kernel 7 needs root, for debootstrap and chroot")


def get():
    stamp = cache("kernels", "7.json")
    known = kernel.Kernel.load(stamp)
    if known:
        return known
    check()
    with lock("kernel-7"):
        known = kernel.Kernel.load(stamp)
        return known or fetch(stamp)


def fetch(stamp):
    apt.ensure_host({**apt.HOST_PACKAGES, **HOST_PACKAGES})
    suite, source, image = find()
    release = image.removeprefix("linux-image-").removesuffix("-unsigned")
    say(f"Linux {release} of Debian's suite {suite}")
    root = cache("kernels", f"7-{release}")
    kernel.unpack_all(source, root, image_packages(source, image))
    found = root / "usr/lib/modules" / release
    steps.output(["depmod", "-b", kernel.depmod_base(found), release])
    base = bootstrap(suite, release)
    one = kernel.Kernel(NAME, release, image_file(root, found, release), found, kernel.headers_dir(base, release))
    one.save(stamp)
    return one


def image_file(root, found, release):
    """Beside its modules from 7.2 on."""
    for path in (found / "vmlinuz", root / f"boot/vmlinuz-{release}"):
        if path.exists():
            return path
    raise PuckError(f"the packages of Linux {release} have no image")


def find():
    """The suite, its apt and the name of its image package."""
    seen = []
    for suite in SUITES:
        source = apt.PrivateApt(suite, [("deb", apt.mirror(), suite, ["main"])])
        image = kernel.resolve(source, "linux-image-amd64")
        if image.startswith(f"linux-image-{NAME}."):
            return suite, source, image
        seen.append(f"{suite} has {image}")
    raise PuckError(f"no Linux {NAME}.x to be had: {'; '.join(seen)}")


def image_packages(source, image):
    """The image's package is empty from 7.2 on, and depends on those with its files."""
    depends = (source.show(image) or {}).get("Depends", "")
    return [image, *re.findall(r"\blinux-(?:base|binary|modules)-\d[^\s,()]*", depends)]


def bootstrap(suite, release):
    """A root folder with that suite's compiler and this kernel's headers."""
    root = cache("kernels", f"7-{release}-root")
    if root.exists():
        return root
    need_space(f"a root folder of {suite}", 3)
    say(f"a root folder of {suite} with its compiler (once; some 3 minutes, 1.5 GB)")
    with fresh_dir(root) as tmp:
        tmp.chmod(0o755)
        steps.run_step("debootstrap", [
            "unshare", "-m", "debootstrap", "--variant=minbase",
            f"--include=make,gcc,pahole,linux-headers-{release}", suite, tmp, apt.mirror()],
            steps.log_path("kernel-7"))
        shutil.rmtree(tmp / "var/cache/apt", ignore_errors=True)
    return root


class Drivers(modules.Drivers):
    """The guest driver, built inside of the root folder."""

    @property
    def chroot(self):
        return self.kdir.parents[2]

    @property
    def places(self):
        return {Path(INSIDE) / folder: REPO / folder for folder in ("guest-driver", "include")}

    def command(self, folder, *args):
        check()
        inside = Path(INSIDE) / Path(folder).relative_to(self.root)
        kdir = Path("/") / self.kdir.relative_to(self.chroot)
        return ["unshare", "-m", "sh", "-c", IN_CHROOT, self.chroot, self.root, INSIDE,
                "env", "PATH=/usr/bin:/bin", *modules.make_command(cpus(), kdir, inside, *args)]

    def find(self, folder, path):
        if path.is_relative_to(INSIDE):
            path = self.root / path.relative_to(INSIDE)
        return super().find(folder, path)
