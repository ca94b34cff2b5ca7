"""Trimming of the stored parts that an archive is joined from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.trim.references import References, find_references, needed_tests
from cdk_layers.building.trim.services import check_services
from cdk_layers.contents.inflation import inflated
from cdk_layers.contents.zipformat import read_directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_layers.building.trim.selection import Trimming
    from cdk_layers.store.protocol import Store

_SCHEMA: Final = 2
"""Increased when other references are found in the same sources."""


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A stored part."""

    key: str
    """Its key in the store, which is a digest of its content."""

    archive: Path
    is_own: bool = False
    """Whether it contains the entry's own files, which are never trimmed."""


def trim_parts(parts: Sequence[SourcePart], trimming: Trimming, store: Store) -> tuple[dict[str, str], ...]:
    """Return the trimmed names of each part of an archive, each with its kind.

    Args:
        parts: All parts of the archive, since one part may import tests of another.
        trimming: The selection of the user.
        store: Stores the references of each part.

    Raises:
        UsageError: `aws_services` names a service that the installed botocore does not have.
        OSError: A part cannot be read.
    """
    if not trimming:
        return ({},) * len(parts)
    paths = [_paths(part.archive) for part in parts]
    check_services(
        trimming.services, (path for part, own in zip(paths, parts, strict=True) if not own.is_own for path in part)
    )
    references = [_references(part, store) if trimming.kinds else References() for part in parts]
    needed = needed_tests(references)
    return tuple(
        {} if part.is_own else trimming.find_trimmed(names, needed=needed, files=found.files)
        for part, names, found in zip(parts, paths, references, strict=True)
    )


def _paths(archive: Path) -> list[str]:
    with archive.open("rb") as file:
        return [entry.name for entry in read_directory(file)]


def _references(part: SourcePart, store: Store) -> References:
    key = f"references-{_SCHEMA}-{part.key}"
    known: Any = store.recall(key)
    if known is not None:
        return References.from_json(known)
    found = _read_references(part.archive)
    store.remember(key, found.to_json())
    return found


def _read_references(archive: Path) -> References:
    with archive.open("rb") as file:
        entries = {entry.name: entry for entry in read_directory(file)}

        def read(path: str) -> bytes:
            entry = entries[path]
            return b"".join(inflated(file, entry, entry.size))

        return find_references(entries, read)
