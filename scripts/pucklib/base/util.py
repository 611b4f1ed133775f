# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths, messages, stamps, locks and content-keyed copying."""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
START = time.monotonic()


def version():
    """Of Puck: the number in meson.build, and the commit where there is one."""
    number = re.search(r"version: '([^']+)'", (REPO / "meson.build").read_text())[1]
    try:
        commit = subprocess.run(["git", "-C", str(REPO), "describe", "--always", "--dirty"], capture_output=True,
                                text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return number
    return f"{number} ({commit})"


class PuckError(Exception):
    """An error the user can act on; printed without a traceback."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def cache_dir():
    env = os.environ.get("PUCK_CACHE")
    if env:
        return Path(env).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "puck"


# What make and QEMU's build take in the names of the folders they work in.
GOOD_PATH = re.compile(r"[\w@%+=./-]+", re.ASCII)


def check_cache():
    """Before anything else: a place where things can be built, with room to begin."""
    folder = cache_dir()
    if not GOOD_PATH.fullmatch(str(folder)):
        if os.environ.get("PUCK_CACHE"):
            raise PuckError(f"PUCK_CACHE is {str(folder)!r}: the builds of Linux and QEMU take no path with "
                            "spaces, commas or other special characters")
        os.environ["PUCK_CACHE"] = f"/var/tmp/puck-{os.getuid()}"
        say(f"{str(folder)!r} is no path to build Linux in: the cache is {cache_dir()} instead (set PUCK_CACHE)")
        folder = cache_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid() and os.getuid() != 0:
        raise PuckError(f"the cache {folder} is another user's: set PUCK_CACHE to a folder of your own")


def need_space(what, gigabytes):
    """Said before a step that would fail in its midst."""
    usage = shutil.disk_usage(cache_dir())
    free = usage.free / 1e9
    if free < gigabytes:
        raise PuckError(f"{what}: needs {gigabytes:g} GB, but {free:.1f} GB are free in {cache_dir()}; "
                        "'puck clean' removes run folders, PUCK_CACHE names another place")


def cache(*parts):
    """A path in the cache; its parent exists afterwards."""
    path = cache_dir().joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


_print_lock = threading.Lock()


def say(message):
    """A line of progress: stderr, so that stdout stays machine readable."""
    heard()
    with _print_lock:
        print(f"[{time.monotonic() - START:6.1f}s] {message}", file=sys.stderr, flush=True)


# What is being done, by thread, and since when; and when the user last saw something.
_doing = {}
_heard = START
SILENCE = 5.0


def heard():
    """Something was printed: no need to say that the tool is still there."""
    global _heard
    _heard = time.monotonic()


@contextlib.contextmanager
def doing(what):
    """What this thread is at, for the user who waits for it."""
    me = threading.get_ident()
    before = _doing.get(me)
    _doing[me] = (what, time.monotonic())
    try:
        yield
    finally:
        if before:
            _doing[me] = before
        else:
            _doing.pop(me, None)


def heartbeat(stop, period=0.5):
    """A line whenever nothing was to be seen for a while. Runs in a thread of its own."""
    while not stop.wait(period):
        now = time.monotonic()
        if now - _heard >= SILENCE - period:
            at_work = [f"{what} {now - since:.0f}s" for what, since in list(_doing.values())]
            say("  " + ("; ".join(at_work) or "..."))


def digest(*values):
    """A short stable key over strings, bytes, paths of files and lists of these."""
    h = hashlib.sha256()
    for value in values:
        if isinstance(value, Path):
            value = value.read_bytes()
        elif not isinstance(value, bytes):
            value = json.dumps(value, sort_keys=True).encode()
        h.update(len(value).to_bytes(8, "little") + value)
    return h.hexdigest()[:16]


def read_json(path, default=None):
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return default


def write_json(path, value):
    write_if_changed(Path(path), json.dumps(value, indent=1, sort_keys=True) + "\n")


def write_if_changed(path, data):
    """Write atomically, and only when the content differs, so mtimes stay."""
    path = Path(path)
    raw = data.encode() if isinstance(data, str) else data
    with contextlib.suppress(OSError):
        if path.read_bytes() == raw:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_name(path.name + f".tmp{os.getpid()}-{threading.get_ident()}")
    try:
        tmp.write_bytes(raw)
        tmp.rename(path)
    except BaseException:
        tmp.unlink(missing_ok=True)
        raise
    return True


def quoted(value):
    """In QEMU's options a comma within a value is written twice."""
    return str(value).replace(",", ",,")


def tree_files(root, suffixes=None):
    """Relative paths of the files below root, without editors' droppings."""
    root = Path(root)
    found = []
    for folder, dirs, files in os.walk(root, followlinks=False):
        dirs[:] = sorted(d for d in dirs if not d.startswith("."))
        for name in sorted(files):
            if name.startswith(".") or name.endswith(("~", ".orig", ".rej", ".o", ".swp")):
                continue
            if suffixes is None or name.endswith(tuple(suffixes)):
                found.append((Path(folder) / name).relative_to(root))
    return found


def sync_tree(src, dst, keep=()):
    """Make dst hold src's files, touching only what differs in content.

    Build trees in the cache are fed this way instead of by symlinks: any
    clone may use them, and the build tools see new mtimes exactly where the
    content changed. `keep` names files in dst that are not ours to remove.
    """
    src, dst = Path(src), Path(dst)
    wanted = tree_files(src) if src.is_dir() else []
    changed = 0
    for rel in wanted:
        data = (src / rel).read_bytes()
        if write_if_changed(dst / rel, data):
            shutil.copymode(src / rel, dst / rel)
            changed += 1
    known = {str(rel) for rel in wanted}
    record = dst / ".puck-synced"
    previous = read_json(record, [])
    for rel in previous:
        if rel not in known and rel not in keep:
            with contextlib.suppress(OSError):
                (dst / rel).unlink()
                changed += 1
    dst.mkdir(parents=True, exist_ok=True)
    write_json(record, sorted(known))
    return changed


_held = {}


@contextlib.contextmanager
def lock(name):
    """One puck at a time in a part of the cache; says what it waits for."""
    if _held.get(name) == threading.get_ident():
        yield
        return
    path = cache("locks", name)
    with open(path, "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another puck that holds '{name}'")
            fcntl.flock(f, fcntl.LOCK_EX)
        _held[name] = threading.get_ident()
        try:
            yield
        finally:
            _held.pop(name, None)


@contextlib.contextmanager
def fresh_dir(path):
    """Fill a temporary folder that becomes `path` only when all went well."""
    path = Path(path)
    tmp = path.with_name(path.name + ".partial")
    shutil.rmtree(tmp, ignore_errors=True)
    tmp.mkdir(parents=True)
    yield tmp
    shutil.rmtree(path, ignore_errors=True)
    tmp.rename(path)


def prune(folder, days=2):
    """Remove old versions; not fresh ones, another puck may be using them, or be making and renaming them."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - days * 86400:
                path.unlink()


LONGEST_RUN = 4 * 3600   # s; until then guests use what they have been started with, whatever other clones build


def prune_folders(folder, keep=4, spare=0):
    """Remove all but the newest of what is made anew whenever its source changes, and what was used in the
    last `spare` seconds."""
    found = sorted((p for p in folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for path in found[:-keep]:
        if path.stat().st_mtime <= time.time() - spare:
            shutil.rmtree(path, ignore_errors=True)


def cpus():
    return len(os.sched_getaffinity(0))


def in_parallel(function, items, jobs, weight=lambda item: 0):
    """function(item) of each, so many at a time, the heaviest first; results in the items' order."""
    items = list(items)
    order = sorted(range(len(items)), key=lambda at: -weight(items[at]))
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {at: pool.submit(function, items[at]) for at in order}
        try:
            return [futures[at].result() for at in range(len(items))]
        finally:
            for future in futures.values():
                future.cancel()


def run_quiet(*words):
    """What a program says, or nothing if it cannot."""
    try:
        return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
