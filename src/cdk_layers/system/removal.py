"""Removing folders, however deep they are."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it; what cannot be removed is left.

    A wheel may be deeper than Python's own stack, which `shutil.rmtree` needs before Python 3.13.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        _remove_deep(folder)


def _remove_deep(folder: Path) -> None:
    waiting, found = [os.fspath(folder)], []
    while waiting:
        here = waiting.pop()
        found.append(here)
        with suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    with suppress(OSError):
                        os.unlink(entry.path)  # noqa: PTH108 - one call for each of many files
    for here in reversed(found):
        with suppress(OSError):
            os.rmdir(here)  # noqa: PTH106
