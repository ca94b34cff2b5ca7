"""The work that a store does in the background."""

from __future__ import annotations

import threading

from cdk_layers.store.local_store import REMOVAL


def wait_for_upkeep() -> None:
    """Wait until all that is being removed is gone."""
    for thread in threading.enumerate():
        if thread.name == REMOVAL:
            thread.join()
