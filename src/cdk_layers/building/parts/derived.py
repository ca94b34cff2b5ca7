"""Parts of bytecode, each derived from a source part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.building.archives.join import Placed
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.bytecode.compile import compiling
from cdk_layers.building.bytecode.key import bytecode_facts
from cdk_layers.building.bytecode.names import source_of
from cdk_layers.building.bytecode.sources import ArchiveSource, InstalledSource
from cdk_layers.building.parts.keys import derived_key
from cdk_layers.building.parts.placed_parts import placed_parts
from cdk_layers.store.artifact import ARCHIVE, write_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.join import Join
    from cdk_layers.building.bytecode.compile import Compiled
    from cdk_layers.building.job import Job
    from cdk_layers.building.parts.packing import Packing
    from cdk_layers.building.parts.placed_parts import PlacedKey
    from cdk_layers.building.parts.split import Group
    from cdk_layers.store.artifact import Artifact

_FACTS: Final = 2
"""Increased when other facts are stored with bytecode. The digest of an archive does not depend on it."""


class Derived(NamedTuple):
    """A part of bytecode."""

    key: str
    prefix: str
    """The folder of the archive that its files go to."""

    artifact: Artifact


@dataclass(frozen=True, slots=True)
class Derivation:
    """Derivation of the bytecode of an archive."""

    job: Job
    scratch: Path
    """A folder on the file system of the store."""

    def parts(self, sources: Sequence[PlacedKey]) -> list[Derived]:
        """Return the bytecode of source parts, after compiling what is missing.

        Args:
            sources: The parts.

        Raises:
            BuildError: No interpreter can compile for the target.
            FileNotFoundError: A part is not in the store any more.
        """
        keys = [self._key(source) for source in sources]
        found = {key: self.job.store.find(key) for key in keys}
        missing = {key: source for key, source in zip(keys, sources, strict=True) if found[key] is None}
        self._compile(list(missing), list(missing.values()))
        found.update((key, self.job.store.find(key)) for key in missing)
        return [
            Derived(key, prefix, _existing(key, found[key])) for key, (_, prefix) in zip(keys, sources, strict=True)
        ]

    def pack_groups(self, groups: Sequence[Group], packing: Packing) -> tuple[str, ...]:
        """Pack an installation like `Packing.pack_groups`, and compile and pack its bytecode at the same time.

        Raises:
            BuildError: No interpreter can compile for the target, or the disk is full.
            EntryError: As `Packing.pack_groups`.
        """
        prefix = self.job.options.prefix
        new = [number for number, group in enumerate(groups) if not packing.is_known(group)]
        sources = [InstalledSource(groups[number].members, self._root(prefix)) for number in new]
        with compiling(sources, self.scratch / "ahead", self.job) as running:
            keys = packing.pack_groups(groups)
            self._pack([self._key((keys[number], prefix)) for number in new], running)
        return keys

    def _key(self, source: PlacedKey) -> str:
        key, prefix = source
        return derived_key(key, [self._root(prefix), _FACTS, *bytecode_facts(self.job.target)])

    def _root(self, prefix: str) -> str:
        """Return the deployed folder of a part with this prefix."""
        base = "/opt" if self.job.options.prefix else "/var/task"
        return f"{base}/{prefix}" if prefix else base

    def _compile(self, keys: Sequence[str], sources: Sequence[PlacedKey]) -> None:
        if not keys:
            return
        archives = [part.archive for part in placed_parts(self.job.store, sources)]
        named = [ArchiveSource(path, self._root(prefix)) for path, (_, prefix) in zip(archives, sources, strict=True)]
        with compiling(named, self.scratch / "bytecode", self.job) as running:
            self._pack(keys, running)

    def _pack(self, keys: Sequence[str], running: Iterable[tuple[int, Compiled]]) -> None:
        """Pack the bytecode of each source while that of others is compiled."""
        for number, each in running:
            self.job.store.get_or_make(keys[number], partial(_write, each), is_quick=True)

    def extend(self, join: Join, derived: Sequence[Derived]) -> Join:
        """Return a join of sources with their bytecode.

        That of sources that are not in the archive, or that another part replaces, is left out.

        Args:
            join: The sources of the archive.
            derived: The result of `parts` for the parts of the join.
        """
        winners = _winners(join)

        def is_needed(number: int, name: str) -> bool:
            return winners.get(source_of(name) or name) == number

        return join.extended([Placed(each.artifact.archive, each.prefix) for each in derived], is_needed)

    def find_failed(self, derived: Sequence[Derived], join: Join) -> Iterator[tuple[str, str]]:
        """Yield the modules of an archive that do not compile, with the reasons.

        A module that another part replaces is not in the archive.

        Args:
            derived: The result of `parts` for the parts of the join.
            join: The sources of the archive.
        """
        failed = [each.artifact.facts["failed"] for each in derived]
        winners = _winners(join) if any(failed) else {}
        for number, (each, reasons) in enumerate(zip(derived, failed, strict=True)):
            for name, reason in reasons.items():
                place = f"{each.prefix}/{name}" if each.prefix else name
                if winners.get(place) == number:
                    yield place, reason


def _winners(join: Join) -> dict[str, int]:
    """Return the number of the part that each file of an archive comes from."""
    return {each.name: each.part for each in join.chosen}


def _existing(key: str, artifact: Artifact | None) -> Artifact:
    if artifact is None:
        raise FileNotFoundError(key)
    return artifact


def _write(compiled: Compiled, folder: Path) -> None:
    write_facts(folder, {"failed": compiled.failed})
    # More threads wait for Python's lock.
    write_archive(folder / ARCHIVE, compiled.members, threads=1)
