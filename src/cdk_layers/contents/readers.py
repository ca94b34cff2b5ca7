"""Readers of single files of a layer or a function."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.inflation import checked_entries, inflated
from cdk_layers.contents.zipformat import BrokenZipError, RefusedZipError
from cdk_layers.errors import AssemblyError, DamagedArchiveError

if TYPE_CHECKING:
    from cdk_layers.contents.zipformat import Entry

MAX_SOURCE_BYTES: Final = 16 * 1024**2
"""Larger files are not read as source code."""


@dataclass(frozen=True)
class ZipReader:
    """The files of a zip."""

    path: Path

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        with self.path.open("rb") as file:
            return checked_entries(file)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of one file; None if it does not exist, or is larger than 16 MiB.

        Raises:
            AssemblyError: The archive cannot be read.
        """
        try:
            entry = self._entries.get(path)
            if entry is None or entry.is_folder or entry.is_link or entry.size > MAX_SOURCE_BYTES:
                return None
            with self.path.open("rb") as file:
                return b"".join(inflated(file, entry, MAX_SOURCE_BYTES))
        except (OSError, BrokenZipError) as error:
            raise unreadable(self.path, error) from error


@dataclass(frozen=True, slots=True)
class FolderReader:
    """The files of a folder."""

    path: Path
    _root: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Resolve the real path of the folder."""
        object.__setattr__(self, "_root", os.path.realpath(self.path))

    def read(self, path: str) -> bytes | None:
        """Return the bytes of one file; None if it does not exist inside of the folder, or is larger than 16 MiB."""
        with suppress(OSError, ValueError):
            file = Path(os.path.realpath(self.path / path))
            if file.is_relative_to(self._root) and file.is_file() and file.stat().st_size <= MAX_SOURCE_BYTES:
                return file.read_bytes()
        return None


def unreadable(path: Path, error: OSError | BrokenZipError) -> AssemblyError:
    """Return the error of an archive or a folder that cannot be read."""
    reason = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
    kind = AssemblyError if isinstance(error, OSError | RefusedZipError) else DamagedArchiveError
    return kind(f"{str(path)!r} {reason}. Make it again.")


def open_sources(path: Path) -> ZipReader | FolderReader:
    """Return a reader of the single files of a zip or a folder; nothing is read until it is called."""
    return FolderReader(path) if path.is_dir() else ZipReader(path)
