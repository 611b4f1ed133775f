# SPDX-License-Identifier: GPL-2.0-or-later
"""puck-render3d, which calls virglrenderer for puck-gpu.

It is a process of its own, so the libraries that it runs with do not have to fit QEMU:
they are Debian 13's, virglrenderer and Mesa, on any system and beside any QEMU, unpacked
into the cache and run by their own dynamic loader.
"""

import os
import shlex
import shutil
import threading

from ..base import steps
from ..base.util import LONGEST_RUN, REPO, PuckError, cache, digest, fresh_dir, lock, prune_folders, say, tree_files
from .qemu_stock import LIBRARIES, LOADER, Unpacked

NAME = "puck-render3d"
# The environment variable by which qtests know of it.
VARIABLE, SANITIZED = "PUCK_RENDERER", "PUCK_RENDERER_SANITIZED"
# The one by which a user has the tool behave as on a host where the packages cannot be had.
WITHOUT = "PUCK_WITHOUT_3D"
# The last four are for what it is compared with: scenes.py.
PACKAGES = ("libvirglrenderer1", "libvirglrenderer-dev", "libegl1", "virgl-server", "libgles2", "libgles-dev", "libegl-dev")
LIBRARY = "libvirglrenderer.so.1"
VENDOR = "usr/share/glvnd/egl_vendor.d"
HEADERS = tuple(f"usr/include/{name}" for name in ("virgl", "EGL", "GLES3", "KHR"))
TEST_SERVER = "usr/bin/virgl_test_server"
WANTED = (f"{LIBRARIES}/{LIBRARY}", LOADER, LIBRARIES, VENDOR, TEST_SERVER, *HEADERS)
SOURCES = REPO / "renderer"
# With the device it shares the wire, with the guest the numbers of commands.
INCLUDES = (REPO / "include", REPO / "qemu-device/gpu/render3d")
CFLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror"]
# Their run-time is linked in: among the libraries that it runs with there is none.
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer",
              "-static-libasan", "-static-libubsan"]
# llvmpipe, whatever the host has, so that frames are the same on each; and nothing is left in a home folder.
ENVIRONMENT = {"EGL_PLATFORM": "surfaceless", "LIBGL_ALWAYS_SOFTWARE": "true", "GALLIUM_DRIVER": "llvmpipe",
               "MESA_SHADER_CACHE_DISABLE": "true"}
# What why_not() has found out.
ASKING, asked = threading.Lock(), []


def wrapper(root, program, environment=ENVIRONMENT, loader=True):
    """A program of one file that runs it: by the packages' loader, or as what it is linked for."""
    by = f'"$root/{LOADER}" --library-path "$root/{LIBRARIES}" ' if loader else ""
    lines = ["#!/bin/sh", f"root={shlex.quote(str(root))}", "unset LD_PRELOAD LD_LIBRARY_PATH",
             *(f"export {name}={value}" for name, value in environment.items()),
             f'export __EGL_VENDOR_LIBRARY_FILENAMES="$root/{VENDOR}/50_mesa.json"',
             f'export LIBGL_DRIVERS_PATH="$root/{LIBRARIES}/dri" GBM_BACKENDS_PATH="$root/{LIBRARIES}/gbm"',
             f'exec {by}{shlex.quote(str(program))} "$@"', ""]
    return "\n".join(lines)


def linked_for(root):
    """Options by which a program finds loader and libraries itself, wherever they lie: where the kernel is told to
    run the loader, sanitizers take that for the program, and name no line of it."""
    return [f"-Wl,--dynamic-linker={root / LOADER}", "-Wl,--disable-new-dtags", f"-Wl,-rpath={root / LIBRARIES}"]


def packages():
    """The folder that Debian 13's libraries lie in, and what belongs to them."""
    if os.environ.get(WITHOUT):
        raise PuckError(f"{WITHOUT} is set: as if the renderer's packages could not be had")
    return Unpacked("render3d-packages", "the renderer", PACKAGES, WANTED).ensure()


def compile_to(out, sources, root, libraries, more):
    """The host's compiler, and Debian 13's libraries, which want a newer C library than the host may have."""
    steps.output(["gcc", *CFLAGS, *more, f"-I{root / 'usr/include'}", "-o", out,
                  *(sources / rel for rel in tree_files(sources, (".c",))),
                  *(root / LIBRARIES / name for name in libraries), "-Wl,--allow-shlib-undefined"])


def ensure(sanitized=False):
    """The program; with sanitizers, if they are wanted: a report of them ends it."""
    root = packages()
    more = [*([*SANITIZERS, *linked_for(root)] if sanitized else []), *(f"-I{path}" for path in INCLUDES)]
    files = [folder / rel for folder, kinds in ((SOURCES, (".c", ".h")), *((path, (".h",)) for path in INCLUDES))
             for rel in tree_files(folder, kinds)]
    folder = cache("render3d", digest(str(root), CFLAGS, more, ENVIRONMENT, *files))
    if not folder.exists():
        with lock("render3d"):
            if not folder.exists():
                prune_folders(folder.parent, spare=LONGEST_RUN)
                with steps.timed(f"build {NAME}"), fresh_dir(folder) as tmp:
                    compile_to(tmp / f"{NAME}.bin", SOURCES, root, [LIBRARY], more)
                    (tmp / NAME).write_text(wrapper(root, folder / f"{NAME}.bin", loader=not sanitized))
                    (tmp / NAME).chmod(0o755)
    # A guest starts it anew whenever it has ended.
    folder.touch()
    return folder / NAME


def for_fuzzers(folder, sanitized=False):
    """A copy of the program, in this folder, that keeps what it compiles: else fuzzers wait for that alone."""
    built = ensure(sanitized)
    name = f"{NAME}-sanitized" if sanitized else NAME
    binary, program = folder / f"{name}.bin", folder / name
    shutil.copy2(built.with_name(f"{NAME}.bin"), binary)
    environment = {**ENVIRONMENT, "MESA_SHADER_CACHE_DISABLE": "false",
                   "MESA_SHADER_CACHE_DIR": shlex.quote(str(folder / "shaders")), "LP_NUM_THREADS": "0"}
    program.write_text(wrapper(packages(), binary, environment, not sanitized))
    program.chmod(0o755)
    return program


def why_not():
    """Why its packages cannot be had, or "": without them there is no 3D, and all else works. Where the network is
    what lacks it takes apt some time to find that out, so it is asked once, whoever else wants to know."""
    with ASKING:
        if not asked:
            try:
                packages()
                asked.append("")
            except PuckError as err:
                asked.append(str(err).splitlines()[0])
                say(f"no 3D: {asked[0]}")
        return asked[0]


def find(sanitized=False):
    """The program, or None where its packages cannot be had. That it does not compile is an error."""
    return None if why_not() else ensure(sanitized)


def environment(env, sanitized=False):
    """What tells qtests where it is, if it can be had: those of 3D are skipped without."""
    program = find(sanitized)
    told = {VARIABLE: str(program), **({SANITIZED: "1"} if sanitized else {})}
    return dict(env, **told if program else {})
