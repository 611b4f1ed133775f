# SPDX-License-Identifier: GPL-2.0-or-later
"""gl_scenes, small programs of OpenGL ES, and what they draw without a guest.

The same Mesa draws them in the guest, by puck.ko and puck-render3d, and here, by virglrenderer's own
test server: the same driver makes the same commands of them, the same renderer executes these, so the
pictures are the same, bit by bit, or Puck has lost or mixed up something on the way.
"""

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path

from ..base import children, steps
from ..base.util import REPO, PuckError, cache, digest, fresh_dir, lock, prune_folders, tree_files, write_if_changed
from . import renderer

NAME = "gl_scenes"
SOURCES = REPO / "test-images/scenes"
# The programs that use libraries of the client image are linked with these.
LINKED = ("libEGL.so.1", "libGLESv2.so.2")
CFLAGS = ["-D_GNU_SOURCE", "-DEGL_NO_X11"]
# Mesa's driver for virgl, which finds the server by a socket.
CLIENT = {"EGL_PLATFORM": "surfaceless", "LIBGL_ALWAYS_SOFTWARE": "true", "GALLIUM_DRIVER": "virpipe",
          "MESA_SHADER_CACHE_DISABLE": "true"}
# In the guest
PROGRAM, EXPECTED = "/bin/gl_scenes.bin", "/gl_scenes.expected"
PATIENCE = 120          # seconds


def build():
    """The folder with the program, and with those that run it and the server here."""
    root = renderer.packages()
    files = [SOURCES / rel for rel in tree_files(SOURCES, (".c", ".h"))]
    folder = cache("scenes", digest(str(root), renderer.CFLAGS, CFLAGS, CLIENT, renderer.ENVIRONMENT, *files))
    if not folder.exists():
        with lock("scenes"):
            if not folder.exists():
                prune_folders(folder.parent)
                with steps.timed(f"build {NAME}"), fresh_dir(folder) as tmp:
                    renderer.compile_to(tmp / f"{NAME}.bin", SOURCES, root, LINKED, CFLAGS)
                    script(tmp / NAME, renderer.wrapper(root, folder / f"{NAME}.bin", CLIENT))
                    script(tmp / "server", renderer.wrapper(root, root / renderer.TEST_SERVER))
    return folder


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)


@contextlib.contextmanager
def test_server(program):
    """(a folder, the socket) of virglrenderer's test server, for clients that come one after the other."""
    with tempfile.TemporaryDirectory(prefix="puck-server-") as tmp:
        socket, log = Path(tmp) / "socket", Path(tmp) / "log"
        with open(log, "wb") as out:
            server = children.start([program, "--use-egl-surfaceless", "--socket-path", socket],
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_for(socket, server, log)
            yield Path(tmp), socket
        finally:
            children.ended(server)
            server.wait()


def by_server(what, command, socket, seconds):
    """Run a client of the test server to its end."""
    try:
        return subprocess.run(["env", f"VTEST_SOCKET_NAME={socket}", *command], capture_output=True, text=True,
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired as err:
        raise PuckError(f"{what} by the test server did not end within {seconds} s") from err


def drawn_by_server(folder, seed):
    """The lines of gl_scenes, whose commands the test server has executed."""
    with test_server(folder / "server") as (_, socket):
        done = by_server(NAME, [folder / NAME, "--seed", str(seed)], socket, PATIENCE)
    if done.returncode:
        raise PuckError(f"{NAME} by the test server: {(done.stderr.splitlines() or ['it failed'])[-1]}")
    return done.stdout


def wait_for(socket, server, log):
    end = time.monotonic() + PATIENCE
    while not socket.exists():
        if server.poll() is not None or time.monotonic() > end:
            raise PuckError(f"the test server: {(log.read_text(errors='replace').splitlines() or ['it failed'])[-1]}")
        time.sleep(0.05)


def program():
    """gl_scenes, for a guest."""
    return build() / f"{NAME}.bin"


def files(seed, rundir):
    """What a guest of a run is given: the program, and what it has to print there, behind a line with the seed."""
    folder, expected = build(), rundir / f"{NAME}.expected"
    with lock("scenes"):
        if not expected.exists():
            with steps.timed(f"draw {NAME} by virglrenderer's test server"):
                write_if_changed(expected, f"seed {seed}\n{drawn_by_server(folder, seed)}")
    return {PROGRAM: folder / f"{NAME}.bin", EXPECTED: expected}
