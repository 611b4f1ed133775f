# SPDX-License-Identifier: GPL-2.0-or-later
"""A thousand of piglit's tests of shaders, and how they end without a guest.

piglit is Debian 13's, of whose two gigabytes a hundredth is unpacked: shader_runner, and the tests of
some folders, which are text. As gl_scenes (scenes.py) they are run here by virglrenderer's own test server, and
in the guest by puck.ko: each has to end alike.
"""

import shutil
import tarfile
from pathlib import Path

from ..base import steps
from ..base.util import REPO, PuckError, cache, digest, fresh_dir, lock, need_space, prune_folders, write_if_changed
from . import apt, renderer, scenes
from .qemu_stock import LIBRARIES, LOADER, unpack_some

PACKAGES = ("piglit", "libegl1", "libgl1", "virgl-server")
OWN = f"{LIBRARIES}/piglit"
# 1,004 tests of the package of April 2025
TESTS = tuple(f"spec/{name}" for name in ("glsl-1.10/execution", "glsl-1.20/execution", "glsl-1.30/execution",
                                          "glsl-1.40/execution", "glsl-1.50/execution", "arb_vertex_program/instructions"))
WANTED = (f"{OWN}/bin/shader_runner", f"{OWN}/lib", *(f"{OWN}/tests/{name}" for name in TESTS))
OTHERS = (LOADER, LIBRARIES, renderer.VENDOR, renderer.TEST_SERVER)
# What the client image lacks
LACKING = ("libwaffle-1.so.0", "libxcb-dri2.so.0")
LOOP = REPO / "test-images/clients/shaders"
# In the guest
PLACE, ARCHIVE, EXPECTED = "/tmp/piglit", "/piglit.tar.gz", "/piglit.expected"
PATIENCE = 1800         # seconds


def unpack(folder):
    need_space("piglit", 1)
    archives = folder.with_name("archives")
    debs = apt.newer_apt().closure(list(PACKAGES), archives)
    with steps.timed(f"unpack what is wanted of piglit's {len(debs)} packages"), fresh_dir(folder) as tmp:
        for deb in debs:
            unpack_some(deb, tmp, WANTED if deb.name.startswith("piglit_") else OTHERS)
        pack(tmp, tmp / "piglit.tar.gz")
        wrap(tmp, folder)
    shutil.rmtree(archives)


def pack(root, path):
    """For the guest."""
    with tarfile.open(path, "w:gz") as archive:
        for name in ("bin", "lib", "tests"):
            archive.add(root / OWN / name, f"piglit/{name}")
        for name in LACKING:
            archive.add((root / LIBRARIES / name).resolve(), f"piglit/lib/{name}")


def wrap(tmp, root):
    """Programs that run what is here."""
    environment = dict(scenes.CLIENT, PIGLIT_PLATFORM="surfaceless_egl")
    runner = renderer.wrapper(root, root / WANTED[0], environment).replace(
        f'--library-path "$root/{LIBRARIES}"', f'--library-path "$root/{LIBRARIES}:$root/{OWN}/lib"')
    scenes.script(tmp / "shader_runner", runner)
    scenes.script(tmp / "server", renderer.wrapper(root, root / renderer.TEST_SERVER))


def ensure():
    """The folder with all of that."""
    folder = cache("piglit", digest(PACKAGES, WANTED, OTHERS, LACKING, scenes.CLIENT, renderer.ENVIRONMENT))
    if not folder.exists():
        with lock("piglit"):
            if not folder.exists():
                prune_folders(folder.parent)
                unpack(folder)
    return folder


def tests(folder):
    return sorted(path.relative_to(folder / OWN / "tests").as_posix() for path in (folder / OWN).rglob("*.shader_test"))


def by_server(folder):
    """A line for each test: its path in the guest, and how it ended here."""
    names = tests(folder)
    with scenes.test_server(folder / "server") as (tmp, socket):
        (tmp / "list").write_text("".join(f"{folder / OWN}/tests/{name}\n" for name in names))
        done = scenes.by_server("piglit", ["sh", LOOP, tmp / "list", folder / "shader_runner"], socket, PATIENCE)
    found = [line.split() for line in done.stdout.splitlines()]
    if len(found) != len(names):
        raise PuckError(f"of {len(names)} tests of piglit {len(found)} ended by the test server: {done.stderr[-200:]}")
    return "".join(f"{PLACE}/tests/{Path(path).relative_to(folder / OWN / 'tests')} {result}\n" for path, result in found)


def files(rundir):
    """What a guest of a run is given: the tests, and how they end."""
    folder, expected = ensure(), rundir / "piglit.expected"
    with lock("piglit"):
        if not expected.exists():
            with steps.timed("run piglit by virglrenderer's test server"):
                write_if_changed(expected, by_server(folder))
    return {ARCHIVE: folder / "piglit.tar.gz", EXPECTED: expected}
