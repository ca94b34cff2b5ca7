"""The folders that functions see as /tmp, removed with their process, or by a later run if this one is killed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from cdk_layers.system import host

if sys.platform != "win32":  # where functions do not run
    import fcntl

_PREFIX: Final = "cdk-layers-run-"
_LOCK: Final = ".lock"
_GRACE_SECONDS: Final = 60
"""Younger folders may be about to be locked."""


class TemporaryFolder:
    """A new folder, locked as long as this process needs it."""

    def __init__(self) -> None:
        """Make it."""
        self._parent = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self._parent / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = self._parent / "tmp"
        self.path.mkdir()

    def close(self) -> None:
        """Remove it."""
        _remove(self._parent)
        os.close(self._lock)


def remove_stale_folders() -> None:
    """Remove the folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Another process may remove it at the same moment, and another user's cannot be removed.
        with suppress(OSError):
            if folder.stat().st_mtime < host.wall_clock() - _GRACE_SECONDS:
                _remove_unlocked(folder)


def _remove_unlocked(folder: Path) -> None:
    descriptor = os.open(folder / _LOCK, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    # The lock is removed last: without it, the rest would never be recognized as stale.
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
