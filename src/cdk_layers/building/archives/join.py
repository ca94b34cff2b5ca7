"""Merging archives of this project's into one, which is written where somebody wants it and nowhere else."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cdk_layers.building.archives.hashing import DIGEST_BYTES, digest_of
from cdk_layers.contents.model import Contents
from cdk_layers.contents.zipformat import Writer, directory_bytes, read_directory
from cdk_layers.errors import BuildError
from cdk_layers.store import contents_json
from cdk_layers.store.contents_json import digests_beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.contents.zipformat import Entry


class _Chosen(NamedTuple):
    """One entry of one part, which lands in the joined archive."""

    entry: Entry
    part: Path
    digest: bytes


@dataclass(frozen=True, slots=True)
class Join:
    """What several archives come to as one. The last one wins where several have a name."""

    parts: tuple[Path, ...]
    chosen: tuple[_Chosen, ...]
    """Sorted by name."""

    overlap: bool
    """Whether parts have names in common."""

    @classmethod
    def of(cls, parts: Sequence[Path]) -> Join:
        """Look into archives that `archive.write_archive` made.

        Raises:
            BuildError: What lies beside a part does not fit it.
            OSError: A part cannot be read.
        """
        every = [one for part in parts for one in _entries(part)]
        chosen = {one.entry.name: one for one in every}
        return cls(tuple(parts), tuple(one for _, one in sorted(chosen.items())), len(chosen) < len(every))

    @property
    def digest(self) -> str:
        """The digest of its content."""
        return digest_of((one.entry.name, one.entry.mode, one.digest) for one in self.chosen)

    @property
    def archive_bytes(self) -> int:
        """The bytes that it has when it is written."""
        entries = [one.entry for one in self.chosen]
        return sum(one.end - one.offset for one in entries) + directory_bytes(entries)

    def contents(self) -> Contents:
        """Return what lies in it."""
        if self.overlap:
            # It takes longer to load than most joins take, and hardly an entry patches a distribution.
            from cdk_layers.contents.measure import measure  # noqa: PLC0415

            with tempfile.TemporaryDirectory(prefix="cdk-layers-join-") as folder:
                self.write(Path(folder, "archive.zip"))
                return measure(Path(folder, "archive.zip"))
        every = [contents_json.read_beside(part) for part in self.parts]
        files = {path: file for one in every for path, file in one.files.items()}
        distributions = (found for one in every for found in one.distributions)
        return Contents(
            unzipped_bytes=sum(one.unzipped_bytes for one in every),
            files=dict(sorted(files.items())),
            distributions=tuple(sorted(distributions, key=lambda one: (one.name, one.folder))),
            natives=tuple(sorted((found for one in every for found in one.natives), key=lambda native: native.path)),
            marks=tuple(sorted((found for one in every for found in one.marks), key=lambda mark: mark.path)),
        )

    def write(self, destination: Path) -> None:
        """Write it to a file; what is there is replaced.

        Nothing is compressed anew: entries are copied as they are.

        Raises:
            BuildError: The archive would pass 4 GiB.
            OSError: A part cannot be read, or the archive cannot be written; the disk may be full.
        """
        with ExitStack() as opened:
            files = {part: opened.enter_context(part.open("rb")) for part in self.parts}
            writer = Writer(opened.enter_context(destination.open("wb")))
            for part, run in groupby(self.chosen, key=lambda one: one.part):
                writer.copy(files[part], [one.entry for one in run])
            writer.end()


def _entries(part: Path) -> Iterator[_Chosen]:
    digests = digests_beside(part).read_bytes()
    with part.open("rb") as file:
        entries = read_directory(file)
    if len(digests) != len(entries) * DIGEST_BYTES:
        message = f"The digests beside {str(part)!r} do not belong to it. Remove its folder and build again."
        raise BuildError(message)
    for number, entry in enumerate(entries):
        yield _Chosen(entry, part, digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES])
