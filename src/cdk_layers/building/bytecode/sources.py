"""Sources of modules to compile: an archive, or an installation before it is packed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from cdk_layers.contents.inflation import inflated
from cdk_layers.contents.zipformat import STORED, read_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from cdk_layers.building.archives.members import Member
    from cdk_layers.contents.zipformat import Entry


Place: TypeAlias = tuple[str, str, str, str, str]
"""A file, the position and number of bytes in it (-1 for all), their compression as in a zip, and CRC-32 or ""."""


class Source(Protocol):
    """A source of modules."""

    @property
    def root(self) -> str:
        """The deployed folder of the files: "/opt/python", "/var/task", or "/opt" for all of a layer."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each file, by its POSIX path."""
        ...

    def opened(self) -> AbstractContextManager[Callable[[str], bytes]]:
        """Provide a function that returns the bytes of a file."""
        ...

    def places(self) -> Callable[[str], Place]:
        """Return a function that locates a file for the server."""
        ...


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """An archive with modules."""

    archive: Path
    root: str

    def sizes(self) -> dict[str, int]:
        """See `Source`."""
        return {name: entry.size for name, entry in self._entries().items()}

    @contextmanager
    def opened(self) -> Iterator[Callable[[str], bytes]]:
        """See `Source`."""
        entries = self._entries()
        with self.archive.open("rb") as file:
            yield lambda name: b"".join(inflated(file, entries[name], entries[name].size))

    def places(self) -> Callable[[str], Place]:
        """See `Source`."""
        entries, path = self._entries(), str(self.archive)

        def place(name: str) -> Place:
            entry = entries[name]
            start = entry.end - entry.packed_bytes
            return path, str(start), str(entry.packed_bytes), str(entry.method), str(entry.crc32)

        return place

    def _entries(self) -> dict[str, Entry]:
        with self.archive.open("rb") as file:
            return {entry.name: entry for entry in read_directory(file)}


@dataclass(frozen=True, slots=True)
class InstalledSource:
    """Installed files that are not packed yet."""

    members: tuple[Member, ...]
    root: str

    def sizes(self) -> dict[str, int]:
        """See `Source`."""
        return {member.name: member.size or 0 for member in self.members}

    @contextmanager
    def opened(self) -> Iterator[Callable[[str], bytes]]:
        """See `Source`."""
        paths = {member.name: member.path for member in self.members}
        yield lambda name: Path(paths[name]).read_bytes()

    def places(self) -> Callable[[str], Place]:
        """See `Source`."""
        paths = {member.name: str(member.path) for member in self.members}
        return lambda name: (paths[name], "0", "-1", str(STORED), "")
