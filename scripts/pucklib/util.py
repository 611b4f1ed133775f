# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths, messages, stamps, locks and content-keyed copying."""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent
START = time.monotonic()


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


def cache(*parts):
    """A path in the cache; its parent exists afterwards."""
    path = cache_dir().joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


_print_lock = threading.Lock()


def say(message):
    """A line of progress: stderr, so that stdout stays machine readable."""
    with _print_lock:
        print(f"[{time.monotonic() - START:6.1f}s] {message}", file=sys.stderr, flush=True)


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
    tmp = path.with_name(path.name + f".tmp{os.getpid()}")
    tmp.write_bytes(raw)
    tmp.rename(path)
    return True


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
    """Remove old versions; not fresh ones, another puck may be using them."""
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - days * 86400:
            path.unlink(missing_ok=True)


def cpus():
    return len(os.sched_getaffinity(0))


def in_parallel(function, items, jobs):
    """function(item) of each, so many at a time; results in the items' order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(function, items))
