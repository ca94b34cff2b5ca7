"""Checks whether another user can have written what is in a store."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from cdk_layers.system import host

if TYPE_CHECKING:
    from pathlib import Path

SHARED_VARIABLE: Final = "CDK_LAYERS_CACHE_SHARED"
"""Set to 1 if all users who can write the build cache are trusted."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ENTER: Final = stat.S_IXGRP | stat.S_IXOTH


def is_shared() -> bool:
    """Return whether the user shares the build cache on purpose."""
    return host.environ().get(SHARED_VARIABLE, "").lower() in {"1", "true", "yes"}


def distrust(folder: Path, root: Path) -> str | None:
    """Return why other users may have written what is in a store, as the end of a sentence; None if none may have.

    Args:
        folder: The folder of the store.
        root: The folder of the schema in it.
    """
    if not hasattr(os, "getuid"):
        return None
    user = os.getuid()
    top = folder.stat()
    if top.st_uid not in (user, 0):
        return f"belongs to another user (id {top.st_uid})"
    if top.st_mode & _OTHERS_WRITE and not top.st_mode & stat.S_ISVTX:
        return f"can be written by other users (mode {stat.S_IMODE(top.st_mode):o})"
    for path in (root, *_below(root)):
        status, name = path.lstat(), path.relative_to(folder).as_posix()
        if status.st_uid != user:
            return f"contains {name!r}, which belongs to another user (id {status.st_uid})"
        if status.st_mode & _OTHERS_WRITE:
            return f"contains {name!r}, which other users can write (mode {stat.S_IMODE(status.st_mode):o})"
    return None


def _below(root: Path) -> list[Path]:
    """Return the folders of a store, or none if other users cannot enter it anyway."""
    return sorted(root.iterdir()) if root.stat().st_mode & _OTHERS_ENTER else []


def inaccessible(root: Path) -> Path | None:
    """Return a folder of a shared store that this user cannot read and write; None if there is none."""
    needed = os.R_OK | os.W_OK | os.X_OK
    return next((path for path in (root, *root.iterdir()) if path.is_dir() and not os.access(path, needed)), None)
