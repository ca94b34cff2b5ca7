"""Removal of what a store does not need: over its size, unused for long, left by killed builds, or of older schemas."""

from __future__ import annotations

import errno
import uuid
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_layers.store.inventory import FILES, FOLDERS, SCHEMA, Item, Kind, items
from cdk_layers.store.leases import frozen
from cdk_layers.system.removal import remove_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cdk_layers.store.leases import Used

_DAY: Final = 24 * 3600
_ROOM: Final = 0.9
"""The share of the limit that a prune leaves, so that the next build does not reach it again."""

_MAX_FILES: Final = 20_000
"""How many small files of a kind a store keeps; large apps use some hundreds."""

_UNUSED_SECONDS: Final[dict[Kind, int]] = {
    "unpacked": 14 * _DAY, "runtimes": 30 * _DAY, "measurements": 30 * _DAY, "digests": 30 * _DAY, "memos": 30 * _DAY,
    "older": 30 * _DAY,
}  # fmt: skip
"""After which time without use a routine prune removes something. Artifacts stay as long as there is room."""

_OLDER_IDLE_SECONDS: Final = _DAY
"""How long an older schema must not have been used before it is removed for its size, or because the user says so: an
older version that uses it has no lease."""

_UNKNOWN_IDLE_SECONDS: Final = _DAY
"""The same for everything, where it is unknown what processes use."""

_SCRATCH_SECONDS: Final = 6 * 3600
"""How old a scratch folder is before it is removed where it is unknown whether its build still runs."""

_BATCH: Final = 64
"""How many folders are renamed while all processes wait, which takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store may keep."""

    max_bytes: int | None = None
    """Beyond this size what was used least recently is removed; None for no limit."""

    older_than_seconds: float | None = None
    """What was not used for this time is removed; None for the defaults of each kind."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing may stay."""
        return self.max_bytes == 0


@dataclass(slots=True)
class Amount:
    """A number of items and their bytes."""

    count: int = 0
    bytes: int = 0

    def add(self, item: Item) -> None:
        """Count an item."""
        self.count += 1
        self.bytes += item.bytes


@dataclass(slots=True)
class Pruned:
    """What a prune did, or would do."""

    removed: dict[Kind, Amount] = field(default_factory=lambda: defaultdict(Amount))
    in_use: Amount = field(default_factory=Amount)
    """What had to stay because running processes use it, or may use it."""

    failed: Amount = field(default_factory=Amount)
    """What could not be removed: most often it belongs to another user."""

    bytes_left: int = 0


def prune(
    folder: Path,
    limits: Limits,
    now: float,
    *,
    is_dry_run: bool = False,
    report: Callable[[int, int], object] = lambda _done, _all: None,
) -> Pruned:
    """Remove what the limits do not allow, what was used least recently first, and nothing that a process uses.

    Args:
        folder: The store's folder.
        limits: What may stay.
        now: The time by the clock of the file system.
        is_dry_run: Whether to only return what would be removed.
        report: Receives the number of items that are removed, and the number of all that are to be removed.
    """
    found = list(items(folder))
    pruned = Pruned(bytes_left=sum(item.bytes for item in found))
    victims = list(_victims(found, limits, now))
    if not is_dry_run:
        _remove_old_locks(folder / SCHEMA / "locks", now)
    for start in range(0, len(victims), _BATCH):
        report(start, len(victims))
        _remove(folder, victims[start : start + _BATCH], pruned, now, is_dry_run=is_dry_run)
    report(len(victims), len(victims))
    return pruned


def _victims(found: Iterable[Item], limits: Limits, now: float) -> Iterator[Item]:
    """Yield what has to go, in this order: what is too old, too many small files, then what was used least recently."""
    staying: list[Item] = []
    files: dict[Kind, int] = defaultdict(int)
    for item in sorted(found, key=lambda item: item.used, reverse=True):
        files[item.kind] += 1
        if _is_too_old(item, limits, now) or (item.kind in FILES and files[item.kind] > _MAX_FILES):
            yield item
        else:
            staying.append(item)
    total = sum(item.bytes for item in staying)
    if limits.max_bytes is None or (total <= limits.max_bytes and not limits.is_everything):
        return
    room = limits.max_bytes * _ROOM
    for item in sorted(staying, key=lambda item: (item.kind != "older", item.used)):
        if total <= room and not limits.is_everything:
            return
        if item.kind != "older" or item.used < now - _OLDER_IDLE_SECONDS:
            total -= item.bytes
            yield item


def _is_too_old(item: Item, limits: Limits, now: float) -> bool:
    if item.kind == "scratch":
        return True  # unless it is in use, as is decided last
    seconds = _UNUSED_SECONDS.get(item.kind) if limits.older_than_seconds is None else limits.older_than_seconds
    if item.kind == "older" and seconds is not None:
        seconds = max(seconds, _OLDER_IDLE_SECONDS)
    return seconds is not None and item.used < now - seconds


def _remove(folder: Path, victims: Iterable[Item], pruned: Pruned, now: float, *, is_dry_run: bool) -> None:
    """Remove some items: folders out of sight by a rename while no process can find them, then from the disk."""
    root = folder / SCHEMA
    trash = root / "scratch" / f"removed-{uuid.uuid4().hex}"
    with frozen(root) as used:
        for item in victims:
            if _may_be_in_use(item, root, used, now):
                pruned.in_use.add(item)
            elif is_dry_run or _take_away(item, trash):
                pruned.removed[item.kind].add(item)
                pruned.bytes_left -= item.bytes
            else:
                pruned.failed.add(item)
    if trash.is_dir():
        remove_folder(trash)


def _may_be_in_use(item: Item, root: Path, used: Used, now: float) -> bool:
    if item.kind not in {*FOLDERS, "scratch"}:
        return False
    if item.path.relative_to(root).as_posix() in used.names:
        return True
    if used.is_complete:
        return False
    return item.used > now - (_SCRATCH_SECONDS if item.kind == "scratch" else _UNKNOWN_IDLE_SECONDS)


def _take_away(item: Item, trash: Path) -> bool:
    try:
        if item.kind in FILES:
            item.path.unlink(missing_ok=True)
        elif item.path.exists():
            trash.mkdir(parents=True, exist_ok=True)
            item.path.rename(trash / uuid.uuid4().hex)
    except OSError as error:
        if error.errno != errno.EXDEV:
            return False
        # A folder of a lower layer of an overlay, such as a store in the image of a container, cannot be renamed.
        remove_folder(item.path)
        return not item.path.exists()
    return True


def _remove_old_locks(locks: Path, now: float) -> None:
    """Remove the locks of builds of yesterday. Two processes with two locks of one name would build the same twice."""
    with suppress(OSError):
        for path in locks.iterdir():
            if path.stat().st_mtime < now - _DAY:
                path.unlink()
