# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU whose own virtio-gpu-gl draws, to be compared with.

Its contexts of OpenGL come from QEMU's display, and Debian has these as modules in packages of their
own. SDL's takes them from an X server, for which Xvfb does; others want a render node of the host. It is
the same build as the QEMU with Puck's devices, which are loaded into it, too.
"""

import contextlib
import os
import re
import shlex
import subprocess

from ..base import children
from ..base.util import PuckError, cache, digest, fresh_dir, lock, prune_folders
from . import apt, qemu_stock, renderer
from .qemu_stock import LIBRARIES, ROOT

PACKAGES = ("qemu-system-x86", "qemu-system-gui", "qemu-system-modules-opengl", "libegl1")
WANTED = (*qemu_stock.WANTED, f"{LIBRARIES}/libEGL.so.1", renderer.VENDOR)
HOST_PACKAGES = {"xvfb": "the display that virtio-gpu-gl draws on"}
DISPLAY = ["-display", "sdl,gl=on"]
# Libraries of SDL's that lie in a folder of their own, which a library knows by its path.
APART = "pulseaudio"
# llvmpipe, as with Puck's; nobody hears or looks.
ENVIRONMENT = {**{name: value for name, value in renderer.ENVIRONMENT.items() if name != "EGL_PLATFORM"},
               "SDL_VIDEODRIVER": "x11", "SDL_VIDEO_X11_FORCE_EGL": "1", "SDL_AUDIODRIVER": "dummy"}


def ensure(stock):
    """The program; `stock` is the QEMU with Puck's devices."""
    own = qemu_stock.root_of(stock)
    if not own:
        raise PuckError("virtio-gpu-gl is compared with on Debian's QEMU alone: --qemu debian")
    root = qemu_stock.Unpacked("qemu-gl-packages", "QEMU", PACKAGES, WANTED).ensure()
    if qemu_stock.build_id(root / qemu_stock.BINARY) != qemu_stock.build_id(own / qemu_stock.BINARY):
        raise PuckError(f"the packages with virtio-gpu-gl are of another build than {own}")
    folder = cache("qemu-gl", digest(str(root), stock, ENVIRONMENT))
    if not folder.exists():
        with lock("qemu-gl"):
            if not folder.exists():
                prune_folders(folder.parent)
                with fresh_dir(folder) as tmp:
                    make(root, stock, tmp)
    return folder / stock.name


def make(root, stock, folder):
    for library in (root / LIBRARIES / APART).glob("*.so"):
        with contextlib.suppress(FileExistsError):
            (root / LIBRARIES / library.name).symlink_to(f"{APART}/{library.name}")
    for name in (qemu_stock.MODULE, qemu_stock.FACTS):
        (folder / name).symlink_to(stock.with_name(name))
    exports = [f"export {name}={value}" for name, value in ENVIRONMENT.items()]
    exports += [f'export __EGL_VENDOR_LIBRARY_FILENAMES="$root/{renderer.VENDOR}/50_mesa.json"',
                f'export LIBGL_DRIVERS_PATH="$root/{LIBRARIES}/dri" GBM_BACKENDS_PATH="$root/{LIBRARIES}/gbm"']
    lines = [f"{ROOT}{shlex.quote(str(root))}", *exports]
    text = re.sub(f"^{ROOT}.*$", lambda _: "\n".join(lines), stock.read_text(), flags=re.M)
    (folder / stock.name).write_text(text)
    (folder / stock.name).chmod(0o755)


@contextlib.contextmanager
def screen():
    """An X server for the QEMUs that are started meanwhile."""
    apt.ensure_host(HOST_PACKAGES)
    reading, writing = os.pipe()
    server = children.start(["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            pass_fds=[writing])
    os.close(writing)
    before = os.environ.get("DISPLAY")
    try:
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        if not number:
            raise PuckError("Xvfb did not start")
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        if before is not None:
            os.environ["DISPLAY"] = before
        children.ended(server)
        server.wait()
