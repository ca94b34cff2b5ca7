"""Parts of the store at their places in an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.archives.join import Placed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.store.protocol import Store


PlacedKey = tuple[str, str]
"""The key of a part and the folder of the archive that its files go to."""


def placed_parts(store: Store, parts: Iterable[PlacedKey]) -> list[Placed]:
    """Return parts of the store for an archive that is joined from them.

    Args:
        store: The store that contains the parts.
        parts: The keys of the parts with these places.

    Raises:
        FileNotFoundError: A part is not in the store any more.
    """
    found = [(key, store.find(key), prefix) for key, prefix in parts]
    missing = next((key for key, artifact, _ in found if artifact is None), None)
    if missing is not None:
        raise FileNotFoundError(missing)
    return [Placed(artifact.archive, prefix) for _, artifact, prefix in found if artifact is not None]
