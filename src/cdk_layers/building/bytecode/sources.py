"""Sources of modules to compile: an archive, or an installation before it is packed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cdk_layers.contents.inflation import inflated
from cdk_layers.contents.zipformat import read_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from cdk_layers.building.archives.members import Member
    from cdk_layers.contents.zipformat import Entry


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

    def places(self) -> Callable[[str], tuple[str, str]]:
        """Return a function that locates a file for the server: its archive and its name there, or "" and its path."""
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

    def places(self) -> Callable[[str], tuple[str, str]]:
        """See `Source`."""
        return partial(_pair, str(self.archive))

    def _entries(self) -> dict[str, Entry]:
        with self.archive.open("rb") as file:
            return {entry.name: entry for entry in read_directory(file)}


def _pair(archive: str, name: str) -> tuple[str, str]:
    return archive, name


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
        paths = {member.name: member.source for member in self.members}
        yield lambda name: paths[name].read_bytes()

    def places(self) -> Callable[[str], tuple[str, str]]:
        """See `Source`."""
        paths = {member.name: str(member.path) for member in self.members}
        return lambda name: ("", paths[name])
