# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that passed before, for the very same files, checkers and options.

Only that a check passed is kept, under a key over all that its verdict depends on:
what failed is checked again, and told, every time.
"""

import contextlib
import functools
import os
import shutil
from pathlib import Path

from ..base.util import cache, digest, prune

KEPT_DAYS = 14          # since it was last asked for


@functools.lru_cache(maxsize=None)
def tool(name):
    """A key for a program on this machine: its bytes change with each version; None if there is none."""
    path = shutil.which(str(name))
    return path and digest(Path(path))


def contents(*paths):
    """A key for files, some of which may not be there."""
    return digest(*(path if path.is_file() else None for path in paths))


def known(key):
    """Whether this check passed before."""
    try:
        os.utime(cache("passes", key))
    except FileNotFoundError:
        return False
    return True


def keep(key):
    """It passed now."""
    cache("passes", key).touch()


def tidy():
    """Forget what nobody asked for in a long time. Another puck may do the same at the same time."""
    with contextlib.suppress(FileNotFoundError):
        prune(cache("passes", "x").parent, KEPT_DAYS)
