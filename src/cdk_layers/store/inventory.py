"""All that is in a store: kinds, sizes and times of the last use."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cdk_layers.store import contents_json

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA: Final = "2"
"""The folder of everything that this version understands. Counts up when the files mean something else."""

Kind = Literal["artifacts", "unpacked", "runtimes", "measurements", "digests", "memos", "scratch", "older"]

KINDS: Final[dict[Kind, str]] = {
    "artifacts": "Packed parts and records of layers",
    "unpacked": "Unpacked layers and code, to run functions",
    "runtimes": "Runtime clients, to run functions",
    "measurements": "Contents of archives and folders",
    "digests": "Digests of archives, by their times",
    "memos": "Resolutions, outcomes and other small values",
    "scratch": "Left by builds that were stopped",
    "older": "Of older versions of cdk-layers",
}

MEASUREMENTS: Final = f"measurements-{contents_json.SCHEMA}"
FOLDERS: Final[tuple[Kind, ...]] = ("artifacts", "unpacked", "runtimes")
"""Kinds whose items are folders that processes use in place."""

FILES: Final[dict[Kind, str]] = {"measurements": MEASUREMENTS, "digests": "digests", "memos": "memos"}
"""Kinds whose items are small files, by the names of their folders. A process reads such a file at once."""

DEFAULT_MAX_BYTES: Final = 5 * 1024**3
"""The size of a store."""

UPKEEP: Final = "upkeep"
"""The folder of what keeps a store in order: leases, locks and the estimated size."""

SIZE: Final = "size.json"
CONTENT: Final = "content"
_DEPTH: Final = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One folder or file of a store."""

    kind: Kind
    path: Path
    bytes: int
    used: float
    """The time of the last use, in seconds since 1970, by the clock of the file system."""


def items(folder: Path) -> Iterator[Item]:
    """Yield all that is in a store.

    Args:
        folder: The store's folder.

    Raises:
        OSError: The folder exists and cannot be read.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        next(folder.iterdir(), None)
    root = folder / SCHEMA
    for kind in FOLDERS:
        yield from (item for path in _children(root / kind) if (item := _folder_item(kind, path)))
    for kind, name in FILES.items():
        yield from _file_items(kind, root / name)
    yield from (item for path in _children(root / "scratch") if (item := _tree_item("scratch", path)))
    yield from (item for path in _older(folder) if (item := _tree_item("older", path)))


def last_used(path: Path) -> float:
    """Return when a folder of another schema was last used: the newest of the times in its upper levels.

    Older versions do not record what they use. But what they make changes the times of folders, and what they read
    changes the access times of files, at least once a day where the file system records them. (The access times of
    folders do not count, since this function changes them.)
    """
    times = [0.0]
    for place, names, files in os.walk(path):
        with suppress(OSError):
            times.append(Path(place).stat().st_mtime)
        for name in files:
            with suppress(OSError):
                status = Path(place, name).stat()
                times.append(max(status.st_mtime, status.st_atime))
        if len(Path(place).relative_to(path).parts) >= _DEPTH:
            names.clear()
    return max(times)


def tree_bytes(path: Path) -> int:
    """Return the bytes of all files in a folder. A file that several folders share counts in parts."""
    total = 0
    waiting = [os.fspath(path)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    total += status.st_size // max(1, status.st_nlink)
    return total


def _children(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _folder_item(kind: Kind, path: Path) -> Item | None:
    with suppress(OSError):
        return Item(kind, path, _known_bytes(path), path.stat().st_mtime)
    return None


def _known_bytes(path: Path) -> int:
    """Return the size of a folder, as it was written down when it was made where that is so."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads((path / SIZE).read_bytes())["bytes"])
    return tree_bytes(path)


def _file_items(kind: Kind, folder: Path) -> Iterator[Item]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                yield Item(kind, Path(entry.path), status.st_size, status.st_mtime)


def _tree_item(kind: Kind, path: Path) -> Item | None:
    with suppress(OSError):
        last = path.stat().st_mtime if kind == "scratch" else last_used(path)
        return Item(kind, path, tree_bytes(path), last)
    return None


def _older(folder: Path) -> list[Path]:
    """Return the folders of older schemas; those of newer ones are not touched."""
    found = [path for path in _children(folder) if path.name.isdecimal() and int(path.name) < int(SCHEMA)]
    prefix = "measurements-"
    for path in _children(folder / SCHEMA):
        number = path.name.removeprefix(prefix)
        if number != path.name and number.isdecimal() and int(number) < contents_json.SCHEMA:
            found.append(path)
    return found
