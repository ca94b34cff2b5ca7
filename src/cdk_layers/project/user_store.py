"""The store of this user: the only place that decides which store an app and the command line use."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cdk_layers.project.settings import parse_limit, read_settings
from cdk_layers.store.local_store import LocalStore
from cdk_layers.store.location import open_store, store_folder
from cdk_layers.system import host

SIZE_VARIABLE: Final = "CDK_LAYERS_CACHE_SIZE"


def user_store() -> LocalStore:
    """Return the store of this user, in the folder that CDK_LAYERS_CACHE_DIR names or the user's cache folder.

    Constructs, commands and test fixtures call this, and hand the store to everything else.

    Raises:
        BuildError: As `open_store`.
        UsageError: The size that is set for the store is not a size.
    """
    return open_store(_max_bytes())


def unchecked_user_store() -> LocalStore:
    """Return the same store, even if it cannot be written or if other users can: to inspect it and to remove from it.

    Raises:
        BuildError: As `open_store`.
        UsageError: As `user_store`.
    """
    return LocalStore(store_folder(), max_bytes=_max_bytes())


def _max_bytes() -> int | None:
    chosen = host.environ().get(SIZE_VARIABLE)
    return parse_limit(chosen, SIZE_VARIABLE) if chosen else read_settings(Path.cwd()).cache_size
