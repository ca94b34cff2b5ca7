"""Folders for temporary files, removed by a later process if this one is ended before it can remove them."""

from __future__ import annotations

import atexit
import os
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from cdk_layers.system import host
from cdk_layers.system.removal import remove_folder

try:
    import fcntl
except ImportError:  # Windows, where nothing shows whether a folder is in use
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

Use: TypeAlias = Literal["install", "resolve", "export", "join", "compile", "imports", "store", "entry", "run"]
"""What a folder is for, which its name shows."""

_PREFIX: Final = "cdk-layers-"
_GRACE_SECONDS: Final = 3600
"""Younger folders may be about to be locked, and clocks may differ."""


@contextmanager
def temporary_folder(use: Use) -> Iterator[Path]:
    """Provide a new folder that only this user can read, and remove it.

    Raises:
        OSError: It cannot be made.
    """
    folder, descriptor = _locked_folder(use)
    try:
        yield folder
    finally:
        remove_folder(folder)
        if descriptor is not None:
            os.close(descriptor)


def lasting_folder(use: Use) -> Path:
    """Return a new folder that only this user can read, and that is removed when this process ends.

    Raises:
        OSError: It cannot be made.
    """
    folder, _ = _locked_folder(use)
    atexit.register(remove_folder, folder)
    return folder


def _locked_folder(use: Use) -> tuple[Path, int | None]:
    """Return a new folder, and the descriptor that locks it; None where there are no locks."""
    _remove_stale(tempfile.gettempdir())
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{use}-")
    return Path(folder), _lock(folder)


def _lock(folder: str) -> int | None:
    """Lock a folder until the returned descriptor is closed or this process ends; None where there are no locks."""
    if fcntl is None:
        return None
    # It does not follow a link that another user put in the place of a folder.
    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@cache
def _remove_stale(parent: str) -> None:
    """Remove the folders of processes that were ended, for example by SIGTERM or by the end of their terminal."""
    if fcntl is None:
        return
    prefixes = tuple(f"{_PREFIX}{use}-" for use in get_args(Use))
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            # Another process may remove it at the same moment.
            with suppress(OSError):
                if entry.name.startswith(prefixes) and _is_old(entry):
                    _remove_unlocked(entry.path)


def _is_old(entry: os.DirEntry[str]) -> bool:
    """Return whether this user made the folder, and not just now."""
    status = entry.stat(follow_symlinks=False)
    return status.st_uid == os.getuid() and status.st_mtime < host.wall_clock() - _GRACE_SECONDS


def _remove_unlocked(folder: str) -> None:
    descriptor = _lock(folder)
    if descriptor is not None:
        remove_folder(Path(folder))
        os.close(descriptor)
