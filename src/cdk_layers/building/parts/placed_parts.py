"""Parts in the store, with their places in an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.archives.join import Placed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.store.protocol import Store


def placed(store: Store, parts: Iterable[tuple[str, str]]) -> list[Placed]:
    """Return parts of the store with their places in an archive.

    Args:
        store: The store that contains the parts.
        parts: The key of each part and the folder of the archive that its files go to.

    Raises:
        FileNotFoundError: A part is not in the store any more.
    """
    found = [(key, store.find(key), prefix) for key, prefix in parts]
    missing = next((key for key, artifact, _ in found if artifact is None), None)
    if missing is not None:
        raise FileNotFoundError(missing)
    return [Placed(artifact.archive, prefix) for _, artifact, prefix in found if artifact is not None]
