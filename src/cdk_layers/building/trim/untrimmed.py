"""Untrimmed form of a trimmed archive, for comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_layers.building.archives.join import Join
from cdk_layers.building.parts.placed_parts import placed_parts
from cdk_layers.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_layers.building.parts.placed_parts import PlacedKey
    from cdk_layers.store.protocol import Store


def remember_untrimmed(store: Store, digest: str, parts: Sequence[PlacedKey]) -> None:
    """Store the parts of a trimmed archive.

    Args:
        store: The store that has the parts.
        digest: The digest of the trimmed content.
        parts: The parts.
    """
    store.remember(_key(digest), [list(part) for part in parts])


def write_untrimmed(store: Store, digest: str, destination: Path) -> bool:
    """Write the untrimmed form of the trimmed archive with this digest.

    Returns:
        Whether the archive was written, which takes all of its parts in the store.
    """
    parts: Any = store.recall(_key(digest))
    if parts is None:
        return False
    try:
        Join.of(placed_parts(store, [(key, prefix) for key, prefix in parts])).write(destination)
    except (BuildError, OSError):
        return False
    return True


def _key(digest: str) -> str:
    return f"untrimmed-{digest}"
