"""Parts of bytecode, each derived from a source part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_layers.building.bytecode.compile import compiling
from cdk_layers.building.bytecode.key import bytecode_facts
from cdk_layers.building.bytecode.names import source_of
from cdk_layers.building.bytecode.sources import ArchiveSource, InstalledSource
from cdk_layers.building.parts.keys import derived_key
from cdk_layers.building.parts.packing import Packing
from cdk_layers.building.parts.stored import placed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.join import Join, Placed
    from cdk_layers.building.bytecode.compile import Compiled
    from cdk_layers.building.job import Job
    from cdk_layers.building.parts.split import Group

_FACTS: Final = 2
"""Increased when other facts are stored with bytecode. The digest of an archive does not depend on it."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """Derivation of the bytecode of an archive."""

    job: Job
    scratch: Path
    """A folder on the file system of the store."""

    def keys(self, sources: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the keys of the bytecode of source parts with their folders, after compiling missing bytecode.

        Raises:
            BuildError: No interpreter can compile for the target.
            FileNotFoundError: A source part is not in the store any more.
        """
        keys = [self._key(source) for source in sources]
        missing = {key: source for key, source in zip(keys, sources, strict=True) if self.job.store.find(key) is None}
        self._compile(list(missing), list(missing.values()))
        return [(key, prefix) for key, (_, prefix) in zip(keys, sources, strict=True)]

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

    def _key(self, source: tuple[str, str]) -> str:
        key, prefix = source
        return derived_key(key, [self._root(prefix), _FACTS, *bytecode_facts(self.job.target)])

    def _root(self, prefix: str) -> str:
        """Return the deployed folder of a part with this prefix."""
        base = "/opt" if self.job.options.prefix else "/var/task"
        return f"{base}/{prefix}" if prefix else base

    def _compile(self, keys: Sequence[str], sources: Sequence[tuple[str, str]]) -> None:
        if not keys:
            return
        archives = [part.archive for part in placed(self.job.store, sources)]
        named = [ArchiveSource(path, self._root(prefix)) for path, (_, prefix) in zip(archives, sources, strict=True)]
        with compiling(named, self.scratch / "bytecode", self.job) as running:
            self._pack(keys, running)

    def _pack(self, keys: Sequence[str], running: Iterable[tuple[int, Compiled]]) -> None:
        """Pack the bytecode of each source while that of others is compiled."""
        packing = Packing(self.job.store, self.scratch / "packed")
        for number, each in running:
            packing.pack_derived(keys[number], each.members, {"failed": each.failed})

    def select(self, parts: Sequence[Placed], join: Join) -> list[Placed]:
        """Return parts of bytecode without that of sources that are not in the archive, or that another part replaces.

        Args:
            parts: The parts, in the order of their source parts in the join.
            join: The sources of the archive.
        """
        winners = {each.name: each.part for each in join.chosen}
        replaced = frozenset(join.replaced)

        def is_needed(number: int, source: str) -> bool:
            return source in winners and (source not in replaced or winners[source] == number)

        def left_out(number: int, part: Placed) -> Iterator[str]:
            names = (entry.name for entry in part.entries())
            return (name for name in names if not is_needed(number, part.place(source_of(name) or name)))

        return [replace(part, left_out=frozenset(left_out(number, part))) for number, part in enumerate(parts)]

    def find_failed(self, derived: Sequence[tuple[str, str]], join: Join) -> Iterator[tuple[str, str]]:
        """Yield the modules of an archive that do not compile, with the reasons."""
        names = {each.name for each in join.chosen}
        for key, prefix in derived:
            artifact = self.job.store.find(key)
            for name, reason in artifact.facts["failed"].items() if artifact else ():
                place = f"{prefix}/{name}" if prefix else name
                if place in names:
                    yield place, reason
