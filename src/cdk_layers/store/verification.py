"""Verification of everything that a store can verify: artifacts and small files, each by its digests."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.store.artifact import is_sound
from cdk_layers.store.checked_files import read_checked
from cdk_layers.store.inventory import FILES, Item, items

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(slots=True)
class Verified:
    """What a verification found."""

    intact: int = 0
    damaged: list[Item] = field(default_factory=list)


def verify(folder: Path, *, report: Callable[[int, int], object] = lambda _done, _all: None) -> Verified:
    """Read every file of all artifacts and all small files, and compare each with its digest.

    Unpacked layers and runtime clients have no digests, and are not verified.

    Args:
        folder: The store's folder.
        report: Receives the number of items that are verified, and the number of all.
    """
    verified = Verified()
    waiting = [item for item in items(folder) if item.kind == "artifacts" or item.kind in FILES]
    for number, item in enumerate(waiting):
        report(number, len(waiting))
        if _is_intact(item):
            verified.intact += 1
        elif os.path.lexists(item.path):  # and was not removed meanwhile
            verified.damaged.append(item)
    report(len(waiting), len(waiting))
    return verified


def _is_intact(item: Item) -> bool:
    if item.kind == "artifacts":
        return is_sound(item.path)
    # A file that a process writes at this moment, or left behind when it was killed, has a name that is not found.
    try:
        return item.path.name.startswith(".") or read_checked(item.path) is not None
    except OSError:
        return False
