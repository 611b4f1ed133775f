# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium, of the host's own Debian release, with all that it depends on: unpacked
into the cache, and installed nowhere. 170 MB are downloaded, once; 560 MB unpacked."""

import os

from ..base import steps
from ..base.util import PuckError, cache, cpus, digest, fresh_dir, in_parallel, lock, need_space
from . import apt

PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core")
PROGRAM = "usr/lib/chromium/chromium-headless-shell"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# The host's loader is the one that starts it: these have to be the host's, too.
OF_THE_HOST = ("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libresolv.so.2", "ld-linux-x86-64.so.2")
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{root}/usr/share/fonts</dir><cachedir>{root}/var/cache/fontconfig</cachedir></fontconfig>
"""


def folder():
    return cache("chromium", digest(list(PACKAGES)))


def ensure():
    """Where it is unpacked. PuckError where it cannot be had."""
    place = folder()
    if not (place / PROGRAM).exists():
        with lock("chromium"):
            if not (place / PROGRAM).exists():
                unpack(place)
    return place


def unpack(place):
    if not apt.on_debian():
        raise PuckError("Chromium is taken from Debian's packages, and this is not Debian")
    need_space("Chromium", 1.5)
    archives = place.with_name("archives")
    debs = apt.system_apt().closure(PACKAGES, archives)
    with steps.timed(f"unpack {len(debs)} packages of Chromium"), fresh_dir(place) as tmp:
        in_parallel(lambda deb: steps.output(["dpkg-deb", "-x", deb, tmp]), debs, cpus())
        for library in (path for name in OF_THE_HOST for path in tmp.glob(f"*lib*/**/{name}")):
            library.unlink()
    for deb in debs:
        deb.unlink()
    if not (place / PROGRAM).exists():
        raise PuckError("Debian's packages of Chromium have no headless shell")


def environment(place):
    """Of its process: libraries and fonts of its own."""
    config = place / "fonts.conf"
    if not config.exists():
        config.write_text(FONTS.format(root=place))
    libraries = [place / LIBRARIES, *sorted(path for path in (place / LIBRARIES).iterdir() if path.name == "pulseaudio")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries)), "FONTCONFIG_FILE": str(config), "HOME": str(place)}
