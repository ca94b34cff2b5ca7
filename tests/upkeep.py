"""What is in a store, and the work that it does in the background."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cdk_layers.store.inventory import Kind, items
from cdk_layers.store.local_store import REMOVAL

if TYPE_CHECKING:
    from pathlib import Path


def wait_for_upkeep() -> None:
    """Wait until all that is being removed is gone."""
    for thread in threading.enumerate():
        if thread.name == REMOVAL:
            thread.join()


def kept(folder: Path, kind: Kind) -> list[str]:
    """Return the names of all that a store has of one kind, once all that is being removed is gone."""
    wait_for_upkeep()
    return [item.path.name for item in items(folder) if item.kind == kind]
