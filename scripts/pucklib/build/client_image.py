# SPDX-License-Identifier: GPL-2.0-or-later
"""The client image: programs that people use, as a disk of the guest.

They are Debian 13's, with all that they depend on and nothing else: downloaded and
verified by apt, unpacked, and written into an ext4 file system, which mke2fs fills
without root. Of the file systems that a disk of this size could have it is the one that
each kernel of Puck's guests has, built in or among the modules of the initramfs.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from ..base import steps
from ..base.util import (PuckError, cache, cpus, digest, fresh_dir, in_parallel, lock, need_space, read_json,
                         tree_files, write_json)
from . import apt

# Changes with what is made of the packages.
LAYOUT = 1
# Debian's base-files has these; nothing depends on it.
LINKS = {name: f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")}
# What is mounted over, in a file system that nobody writes to.
FOLDERS = ("dev", "proc", "root", "run", "sys", "tmp")
FILES = {"etc/passwd": "root:x:0:0:root:/tmp:/bin/sh\n", "etc/group": "root:x:0:\n"}
LEFT_OUT = ("doc", "doc-base", "bug", "help", "info", "icons", "lintian", "locale", "man")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# Folders of libraries that update-alternatives would link from the one above.
ALTERNATIVES = ("blas", "lapack")
# All that depends on the host's mke2fs.conf otherwise; the guest's kernel needs no module for these.
FEATURES = "none,dir_index,extent,filetype,large_file,sparse_super"
BLOCK = 4096
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def names(text):
    """The packages of a list with commas; none of an empty one."""
    found = text.split(",") if text else []
    for name in found:
        if not PACKAGE.fullmatch(name):
            raise PuckError(f"'{name}' is no name of a Debian package")
    return found


class Image:
    """The image with some packages."""

    def __init__(self, packages):
        self.packages = sorted(set(packages))
        self.name = "+".join(self.packages)
        self.stamp = cache("clients", digest(self.packages, LAYOUT) + ".json")

    def known(self):
        """What is written of the image, {"image": name, "packages": [names of files]}, if it is there."""
        known = read_json(self.stamp, {})
        return known if known and self.stamp.with_name(known["image"]).exists() else None

    def path(self, known):
        return self.stamp.with_name(known["image"])

    def ensure(self):
        """The file; made at the first call. Warm calls ask nobody for newer packages."""
        known = self.known()
        if not known:
            with lock(f"clients-{self.stamp.stem}"):
                known = self.known() or self.build()
        return self.path(known)

    def build(self):
        need_space(f"the client image with {self.name}", 2)
        archives = self.stamp.with_suffix(".archives")
        debs = apt.newer_apt().closure(self.packages, archives)
        known = {"image": digest([deb.name for deb in debs], LAYOUT) + ".ext4", "packages": [deb.name for deb in debs]}
        root = self.stamp.with_suffix(".root")
        if not self.path(known).exists():
            with steps.timed(f"unpack {len(debs)} packages of {self.name}"), fresh_dir(root) as tmp:
                unpack_all(debs, tmp)
            with steps.timed(f"write the client image with {self.name}"):
                write(root, self.path(known))
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(archives)
        write_json(self.stamp, known)
        return known


def unpack_all(debs, root):
    for name, target in LINKS.items():
        (root / target).mkdir(parents=True)
        (root / name).symlink_to(target)
    for name in FOLDERS:
        (root / name).mkdir()
    in_parallel(lambda deb: unpack(deb, root), debs, cpus())
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    for folder in ALTERNATIVES:
        for path in (root / LIBRARIES / folder).glob("lib*.so.*"):
            (root / LIBRARIES / path.name).symlink_to(f"{folder}/{path.name}")


def unpack(deb, into):
    """A package without what nobody reads in a guest."""
    left_out = shlex.join(f"--exclude=./usr/share/{name}" for name in LEFT_OUT)
    done = subprocess.run(["bash", "-o", "pipefail", "-c", f"dpkg-deb --fsys-tarfile {shlex.quote(str(deb))} | tar -x "
                           f"-C {shlex.quote(str(into))} --no-same-owner --keep-directory-symlink {left_out}"],
                          capture_output=True, text=True)
    if done.returncode:
        raise PuckError(f"unpacking {deb.name}: {(done.stderr.splitlines() or ['it failed'])[0]}")


def blocks(root):
    """How many blocks the files take, with room for inodes and the file system's own."""
    sizes = [(root / name).lstat().st_size for name in tree_files(root)]
    data = sum(-(-size // BLOCK) + 1 for size in sizes)
    return data + data // 10 + 2048


def write(root, image):
    """The folder as a file system; all or nothing."""
    tmp = image.with_suffix(".partial")
    tmp.unlink(missing_ok=True)
    steps.output(["mke2fs", "-q", "-t", "ext4", "-O", FEATURES, "-b", BLOCK, "-m", "0", "-E", "root_owner=0:0",
                  "-L", "puck-clients", "-d", root, tmp, blocks(root)])
    tmp.rename(image)


def ensure(packages):
    """The image with these packages; None for none."""
    return Image(packages).ensure() if packages else None


def size(path):
    """What it takes of the disk."""
    return Path(path).stat().st_blocks * 512
