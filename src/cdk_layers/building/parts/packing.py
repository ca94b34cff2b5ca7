"""Packing of parts that the store does not have."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.archives.hashing import content_digest
from cdk_layers.building.archives.processes import Archive, pack_archives
from cdk_layers.building.parts.keys import part_key
from cdk_layers.building.parts.single_flight import SingleFlight
from cdk_layers.store.artifact import ARCHIVE
from cdk_layers.system.renaming import rename

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.parts.split import Group
    from cdk_layers.store.protocol import Store

_IN_FLIGHT: Final = SingleFlight()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_IN_FLIGHT.forget)


@dataclass(frozen=True, slots=True)
class Packing:
    """Packing of parts into the store."""

    store: Store
    scratch: Path
    """A folder on the file system of the store."""

    def pack_groups(self, groups: Sequence[Group]) -> tuple[str, ...]:
        """Return the keys of the parts of an installation after packing those that the store does not have.

        Raises:
            EntryError: A file cannot be read, or changes while it is packed.
            BuildError: The disk is full.
        """
        keys: dict[int, str] = {}
        # Once: a RECORD that disappears meanwhile would give its turn another name, and the turn would never end.
        turns = [self._turn(group) for group in groups]
        while len(keys) < len(groups):
            missing = self._look_up(groups, keys)
            own = [number for number in missing if _IN_FLIGHT.take(turns[number])]
            packing = {*own}
            try:
                for place, key in self._pack([groups[number].members for number in own]):
                    number = own[place]
                    keys[number] = key
                    self._remember(groups[number], key)
                    _IN_FLIGHT.give_back(turns[number])
                    packing.remove(number)
            finally:
                for number in packing:
                    _IN_FLIGHT.give_back(turns[number])
            for number in missing:
                _IN_FLIGHT.wait(turns[number])
        return tuple(keys[number] for number in range(len(groups)))

    def _look_up(self, groups: Sequence[Group], keys: dict[int, str]) -> list[int]:
        """Add the keys of the parts that the store has, and return the numbers of the other groups."""
        numbers = [number for number in range(len(groups)) if number not in keys]
        found = {number: key for number in numbers if (key := self._known(groups[number]))}
        keys.update(found)
        return [number for number in numbers if number not in found]

    def is_known(self, group: Group) -> bool:
        """Return whether a group with the same RECORD was packed before."""
        hint = _hint(group)
        return hint is not None and self.store.recall(hint) is not None

    def _turn(self, group: Group) -> str:
        """Return the name of the turn to pack a group, so that builds of several layers pack numpy once."""
        return f"{self.store.folder}:{_hint(group) or id(group)}"

    def _remember(self, group: Group, key: str) -> None:
        if hint := _hint(group):
            self.store.remember(hint, key)

    def _known(self, group: Group) -> str | None:
        """Return the key of a group's part if the store has it.

        A group is hashed here only if its RECORD was packed before, since packing returns the digest too.
        """
        hint = _hint(group)
        expected: Any = hint and self.store.recall(hint)
        if not isinstance(expected, str) or self.store.find(expected) is None:
            return None
        key = part_key(content_digest(group.members))
        return key if self.store.get(key) else None

    def _pack(self, groups: Sequence[Sequence[Member]]) -> Iterator[tuple[int, str]]:
        """Yield the number of each group and the key of its part, as soon as it is in the store, in any order."""
        folders = self._folders(len(groups))
        archives = [Archive(folder / ARCHIVE, group) for folder, group in zip(folders, groups, strict=True)]
        for number, digest in pack_archives(archives):
            self._store(folders[number], part_key(digest))
            yield number, part_key(digest)

    def _folders(self, number: int) -> list[Path]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        return [Path(mkdtemp(dir=self.scratch)) for _ in range(number)]

    def _store(self, folder: Path, key: str) -> None:
        self.store.get_or_make(key, lambda destination: _move(folder, destination), is_quick=True)


def _move(folder: Path, destination: Path) -> None:
    for path in folder.iterdir():
        rename(path, destination / path.name)


def _hint(group: Group) -> str | None:
    """Return the key of the memo with the part that a group with this RECORD became; None without a RECORD."""
    if group.record is None or not group.record.is_file():
        return None
    return f"recorded-{hashlib.sha256(group.record.read_bytes()).hexdigest()}"
