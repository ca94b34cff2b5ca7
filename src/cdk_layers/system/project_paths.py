"""Paths of files of the project: relative to the working folder, with slashes, and the same on each machine."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeGuard


def project_path(path: str | Path) -> str:
    """Return a path relative to the working folder, with slashes; "" for one that is not below it."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100  # resolves no links: a report names what the user named
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else ""


def is_project_path(path: object) -> TypeGuard[str]:
    """Return whether a value that was read is a relative path to a file, with nothing that leads out of its folder."""
    if not isinstance(path, str) or not path or "\0" in path:
        return False
    pure = PurePosixPath(path)
    return not (pure.is_absolute() or PureWindowsPath(path).anchor or ".." in pure.parts or "\\" in path)
