"""Removing folders, however deep they are."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def remove_folder(folder: Path) -> None:
    """Remove a folder and its content. Errors are ignored.

    Before Python 3.13, `shutil.rmtree` recurses, and a wheel may be nested deeper than Python's recursion limit.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        _remove_deep(folder)


def _remove_deep(folder: Path) -> None:
    waiting, folders = [os.fspath(folder)], []
    while waiting:
        path = waiting.pop()
        folders.append(path)
        with suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    with suppress(OSError):
                        os.unlink(entry.path)  # noqa: PTH108 - one call for each of many files
    for path in reversed(folders):
        with suppress(OSError):
            os.rmdir(path)  # noqa: PTH106
