"""Archives that are joined from the archives of parts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.building.archives.hashing import DIGEST_BYTES, digest_of
from cdk_layers.building.archives.zip_writer import Writer, directory_bytes
from cdk_layers.contents.distributions import is_metadata
from cdk_layers.contents.model import Contents, File
from cdk_layers.contents.zipformat import entry_bytes, read_directory
from cdk_layers.errors import BuildError
from cdk_layers.store import contents_json
from cdk_layers.store.contents_json import digests_beside
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.contents.model import Distribution, FileTrait, Native
    from cdk_layers.contents.zipformat import Entry

_ROOT_TRAITS: Final = frozenset({"crlf-program"})
"""Traits that apply only to files in the root of an archive, such as bin/x."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A part and the folder of the joined archive for its files."""

    archive: Path
    """The zip that `writer.write_archive` made."""

    prefix: str = ""
    """The folder of the joined archive that its files go to, such as "python"; "" for the root."""

    left_out: Collection[str] = frozenset()
    """Names in the part that are left out of the joined archive."""

    def place(self, name: str) -> str:
        """Return the name that a file of the part has in the joined archive."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def entries(self) -> list[Entry]:
        """Return the entries of the part, sorted by name.

        Raises:
            OSError: The part cannot be read.
        """
        with self.archive.open("rb") as file:
            return read_directory(file)


class _Chosen(NamedTuple):
    """An entry of a part that goes into the joined archive."""

    name: str
    """Its name in the joined archive."""

    entry: Entry
    part: int
    digest: bytes

    @property
    def facts(self) -> tuple[int, int, int]:
        """Facts that are equal for files with the same content."""
        return self.entry.size, self.entry.crc32, self.entry.mode


@dataclass(frozen=True, slots=True)
class Join:
    """Several parts as one archive. If several contain the same name, the last part wins."""

    parts: tuple[Placed, ...]
    chosen: tuple[_Chosen, ...]
    """Sorted by name."""

    entries: tuple[tuple[_Chosen, ...], ...]
    """The entries of each part, also those that a later part overrides."""

    replaced: tuple[str, ...]
    """Names at which an earlier part has different content than the last part, sorted."""

    @classmethod
    def of(cls, parts: Sequence[Placed], names: Container[str] | None = None) -> Join:
        """Read the directories of parts.

        Args:
            parts: The parts; a later one overrides an earlier one.
            names: The names to include in the joined archive; all if None.

        Raises:
            BuildError: The file of digests next to a part does not fit it.
            OSError: A part cannot be read.
        """
        every = (_entries(number, part) for number, part in enumerate(parts))
        return cls._of(
            parts, [tuple(each for each in entries if names is None or each.name in names) for entries in every]
        )

    def extended(self, parts: Sequence[Placed], is_needed: Callable[[int, str], bool]) -> Join:
        """Return the join of these parts and more parts, which override them. Only the new parts are read.

        Args:
            parts: The new parts.
            is_needed: Decides whether a file goes into the archive: by the position of its part among the new parts,
                and its name in the archive.

        Raises:
            BuildError: As `of`.
            OSError: As `of`.
        """
        start = len(self.parts)
        every = (_entries(number, part) for number, part in enumerate(parts, start))
        more = [tuple(each for each in entries if is_needed(each.part - start, each.name)) for entries in every]
        return self._of([*self.parts, *parts], [*self.entries, *more])

    @classmethod
    def _of(cls, parts: Sequence[Placed], entries: Sequence[tuple[_Chosen, ...]]) -> Join:
        last = {each.name: each for part in entries for each in part}
        has_unique_names = len(last) == sum(map(len, entries))
        every = () if has_unique_names else chain.from_iterable(entries)
        replaced = {each.name for each in every if each.facts != last[each.name].facts}
        chosen = tuple(last[name] for name in sorted(last))
        return cls(tuple(parts), chosen, tuple(entries), tuple(sorted(replaced)))

    @property
    def digest(self) -> str:
        """The digest of the content."""
        return digest_of((each.name, each.entry.mode, each.digest) for each in self.chosen)

    @property
    def archive_bytes(self) -> int:
        """The size of the archive, known before it is written."""
        data = sum(entry_bytes(each.name, each.entry.packed_bytes) for each in self.chosen)
        return data + directory_bytes([each.name for each in self.chosen])

    def contents(self) -> Contents:
        """Return the contents of the joined archive."""
        every = [contents_json.read_beside(part.archive) for part in self.parts]
        if self._changes_metadata(every):
            # Few entries do, and loading it takes longer than most joins.
            from cdk_layers.contents.measure import measure  # noqa: PLC0415

            with temporary_folder("join") as folder:
                self.write(folder / "archive.zip")
                return measure(folder / "archive.zip")
        return self._merged(every)

    def _changes_metadata(self, every: Sequence[Contents]) -> bool:
        """Return whether the joined archive has other distributions than the parts."""
        left_out = (name for part in self.parts for name in part.left_out)
        several = (part for part, contents in zip(self.parts, every, strict=True) if len(contents.distributions) > 1)
        return any(map(is_metadata, chain(left_out, self.replaced))) or any(part.left_out for part in several)

    def _merged(self, every: Sequence[Contents]) -> Contents:
        files = {each.name: File(each.entry.size, each.entry.crc32, each.entry.mode & 0o777) for each in self.chosen}
        winners = {each.name: each.part for each in self.chosen}
        natives: list[Native] = []
        traits: list[FileTrait] = []
        distributions: list[Distribution] = []
        for number, (part, contents) in enumerate(zip(self.parts, every, strict=True)):
            here = sum(files[each.name].size for each in self.entries[number])
            distributions += (
                replace(
                    each,
                    folder=part.place(each.folder).rstrip("/"),
                    unzipped_bytes=each.unzipped_bytes + here - contents.unzipped_bytes,
                )
                for each in contents.distributions
            )
            natives += (
                replace(each, path=name)
                for each in contents.natives
                if winners.get(name := part.place(each.path)) == number
            )
            traits += (
                replace(each, path=name)
                for each in contents.traits
                if winners.get(name := part.place(each.path)) == number
                and not (part.prefix and each.kind in _ROOT_TRAITS)
            )
        return Contents(
            unzipped_bytes=sum(file.size for file in files.values()),
            files=files,
            distributions=tuple(sorted(distributions, key=lambda each: (each.name, each.folder, each.version))),
            natives=tuple(sorted(natives, key=lambda native: native.path)),
            traits=tuple(sorted(traits, key=lambda trait: trait.path)),
        )

    def write(self, destination: Path) -> None:
        """Write the archive to a file, which is replaced.

        Nothing is compressed again: compressed bytes are copied.

        Raises:
            BuildError: The archive would have 4 GiB or more, or a part is cut off.
            OSError: A part cannot be read, or the archive cannot be written; the disk may be full.
        """
        with ExitStack() as opened:
            files = [opened.enter_context(part.archive.open("rb")) for part in self.parts]
            writer = Writer(opened.enter_context(destination.open("wb")))
            for each in self.chosen:
                writer.copy(files[each.part], each.entry, each.name)
            writer.end()


def _entries(number: int, part: Placed) -> Iterator[_Chosen]:
    digests = digests_beside(part.archive).read_bytes()
    entries = part.entries()
    if len(digests) != len(entries) * DIGEST_BYTES:
        message = f"The digests next to {str(part.archive)!r} do not fit it. Remove its folder and build again."
        raise BuildError(message)
    places = [part.place(entry.name) for entry in entries]
    each_digest = [digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)]
    # For thousands of entries, this is faster than a call for each.
    every = map(_Chosen._make, zip(places, entries, repeat(number), each_digest, strict=False))
    return every if not part.left_out else (each for each in every if each.entry.name not in part.left_out)
