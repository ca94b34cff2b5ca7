"""Paths of files, relative to the working folder, so that they are the same on each machine; and lines of files."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Final, TypeGuard
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES: Final = 64 * 1024 * 1024
_INSTALLED: Final = ("/node_modules/", "/site-packages/", "/dist-packages/")


def project_path(path: str | Path) -> str:
    """Return a path relative to the working folder, with slashes.

    Links are followed only if the path is below that folder no other way, since a report names what the user named.

    Returns:
        The path; "" for one that is not below it, or has a name that is not Unicode, which no assembly can contain.
    """
    here = Path.cwd()
    found = next(filter(lambda own: own.is_relative_to(here), _spellings(path)), None)
    relative = "" if found is None else found.relative_to(here).as_posix()
    return relative if _is_unicode(relative) else ""


def _spellings(path: str | Path) -> Iterator[Path]:
    yield Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute() keeps ".."
    yield real_path(Path(path))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def real_path(path: Path) -> Path:
    """Return the absolute path that links lead to. Links that lead to each other stay, and no such path exists."""
    return Path(os.path.realpath(path))  # before Python 3.13, Path.resolve() raises a RuntimeError for them


def is_installed(path: str) -> bool:
    """Return whether a path, with slashes, is that of a file of an installed package."""
    return any(folder in f"/{path}" for folder in _INSTALLED)


def is_project_path(path: object) -> TypeGuard[str]:
    """Return whether a value that was read is a relative path to a file, with nothing that leads out of its folder."""
    if not isinstance(path, str) or not path or "\0" in path:
        return False
    pure = PurePosixPath(path)
    return not (pure.is_absolute() or PureWindowsPath(path).anchor or ".." in pure.parts or "\\" in path)


def lines_of(file: Path) -> tuple[str, ...]:
    """Return the lines of a text file, as Python and editors count them.

    Returns:
        The lines; () if it cannot be read, is very large, or has no size, such as those of /proc, which may not end.
    """
    try:
        if not 0 < file.stat().st_size <= _MAX_BYTES:
            return ()
        with file.open(encoding="utf-8", errors="replace") as opened:
            return tuple(opened)
    except (OSError, ValueError):
        # A ValueError is for a name that no file of this system can have.
        return ()


def checksum_of(line: str) -> int:
    """Return a checksum of a line of text, the same for each indentation and line ending."""
    return crc32(line.strip().encode())
