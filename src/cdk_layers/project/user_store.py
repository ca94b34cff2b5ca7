"""The store of this user: the only place that decides which store an app and the command line use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.store.places import open_store

if TYPE_CHECKING:
    from cdk_layers.store.local_store import LocalStore


def user_store() -> LocalStore:
    """Return the store of this user, in the folder that CDK_LAYERS_CACHE_DIR names or the user's cache folder.

    Constructs, commands and test fixtures call this, and hand the store to everything else.

    Raises:
        BuildError: As `open_store`.
    """
    return open_store()
