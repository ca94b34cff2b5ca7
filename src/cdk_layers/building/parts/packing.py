"""Packing of parts that the store does not have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_layers.building.archives.hashing import content_digest
from cdk_layers.building.archives.writer import write_archives
from cdk_layers.building.parts.keys import part_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.parts.split import Group
    from cdk_layers.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Packing:
    """Parts on their way into the store."""

    store: Store
    scratch: Path
    """A folder on the file system of the store."""

    def pack_groups(self, groups: Sequence[Group]) -> tuple[str, ...]:
        """Return the keys of the parts of an installation, and pack those that the store does not have.

        Raises:
            EntryError: A file cannot be read, or changes meanwhile.
            BuildError: The disk is full.
        """
        known = [self._known(group) for group in groups]
        missing = [group for group, key in zip(groups, known, strict=True) if key is None]
        packed = iter(self._pack([group.members for group in missing]))
        keys = tuple(key or next(packed) for key in known)
        for group, key in zip(groups, keys, strict=True):
            if (hint := _hint(group)) and self.store.recall(hint) != key:
                self.store.remember(hint, key)
        return keys

    def pack(self, members: Sequence[Member]) -> str:
        """Return the key of the part with these members after packing it.

        Raises:
            EntryError: A file cannot be read, or changes meanwhile.
            BuildError: The disk is full.
        """
        return next(iter(self._pack([members])))

    def _known(self, group: Group) -> str | None:
        """Return the key of a group's part if the store has it.

        Only a group whose RECORD was met before is hashed before it is packed: packing finds the digest as well.
        """
        hint = _hint(group)
        expected: Any = hint and self.store.recall(hint)
        if not isinstance(expected, str) or self.store.find(expected) is None:
            return None
        key = part_key(content_digest(group.members))
        return key if self.store.find(key) else None

    def _pack(self, groups: Sequence[Sequence[Member]]) -> Iterable[str]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        folders = [self.scratch / str(number) for number in range(len(groups))]
        for folder in folders:
            folder.mkdir()
        places = [(folder / "archive.zip", members) for folder, members in zip(folders, groups, strict=True)]
        for folder, digest in zip(folders, write_archives(places), strict=True):
            key = part_key(digest)
            self.store.get_or_make(key, lambda to, folder=folder: _move(folder, to), is_quick=True)  # type: ignore[misc]
            yield key


def _move(folder: Path, destination: Path) -> None:
    for path in folder.iterdir():
        path.rename(destination / path.name)


def _hint(group: Group) -> str | None:
    """Return the key of the memo of which part a group was when its RECORD was met before."""
    if group.record is None or not group.record.is_file():
        return None
    return f"recorded-{hashlib.sha256(group.record.read_bytes()).hexdigest()}"
