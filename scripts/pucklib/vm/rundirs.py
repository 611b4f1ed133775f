# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders of runs: made, held while the run goes on, kept or thrown away afterwards.

A run holds its folder by a lock on a file in it, which ends with the process however
that ends. Whoever wants to use or to remove the folder asks for that lock first.
"""

import contextlib
import fcntl
import shutil
import time
from pathlib import Path

from ..base.util import PuckError, cache, read_json, write_json

LOCK = ".held"
ENDED = "ended.json"
# Of the runs in the cache that ended well, and of those that did not or were recorded.
KEEP_GOOD, KEEP_BAD = 40, 100

_held = {}


def hold(folder):
    """Take the folder for this process; None if another one has it, or has removed it meanwhile."""
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        file = open(folder / LOCK, "w", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        _held[folder] = file
        return file
    return None


def let_go(folder):
    _held.pop(folder).close()


def new(name, wanted=None):
    """A folder for one run; old ones of the cache are thrown away."""
    if wanted:
        folder = Path(wanted).resolve()
        if folder.exists() and not folder.is_dir():
            raise PuckError(f"--run-dir: {folder} is a file")
        folder.mkdir(parents=True, exist_ok=True)
        if folder not in _held and not hold(folder):
            raise PuckError(f"--run-dir: another run is using {folder}")
        (folder / ENDED).unlink(missing_ok=True)
        return folder
    base = cache("runs", "x").parent
    prune(base)
    return make(base, time.strftime("%Y%m%d-%H%M%S-") + name)


def make(base, stem):
    for n in range(100):
        folder = base / (stem + (f"-{n}" if n else ""))
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            hold(folder)
            return folder
    raise PuckError(f"cannot make a run folder below {base}")


def all_held():
    """Those of this process."""
    return list(_held)


def ended(status):
    """What is known of this process' runs once it is done."""
    for folder in _held:
        with contextlib.suppress(OSError):
            write_json(folder / ENDED, {"status": status})


def precious(folder):
    """It failed, was interrupted, or was recorded."""
    if read_json(folder / ENDED, {}).get("status") != 0:
        return True
    return any((read_json(path, {}) or {}).get("recorded") for path in
               [folder / "run.json", *folder.glob("*/run.json")])


def changed(folder):
    """When that was; others prune, too."""
    with contextlib.suppress(FileNotFoundError):
        return folder.stat().st_mtime
    return 0


def prune(base):
    """Throw away the oldest, of each kind, that nobody holds."""
    found = sorted((p for p in base.iterdir() if p.is_dir()), key=changed)
    bad = [p for p in found if precious(p)]
    good = [p for p in found if p not in bad]
    for folder in good[:-KEEP_GOOD] + bad[:-KEEP_BAD]:
        remove(folder)


def remove(folder):
    """False if somebody is using it."""
    if folder in _held or not hold(folder):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    let_go(folder)
    return True
