"""Contents as JSON and back: a line with what most callers need, and a line of all files, column by column.

The second line is parsed when a file is first looked up.
"""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.contents.model import Contents, Distribution, File, FileTrait, Native

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 5
"""Counts up when older documents cannot be read any more, or lack something."""


_TRAITS: Final = "marks"
"""The key of the traits, as in all documents of this schema."""

_COLUMNS: Final = ("paths", "sizes", "crc32s", "modes")


def to_json(contents: Contents) -> str:
    """Return contents as a JSON document of two lines."""
    head = {
        "schema": SCHEMA,
        "unzipped_bytes": contents.unzipped_bytes,
        "distributions": [asdict(distribution) for distribution in contents.distributions],
        "natives": [[native.path, native.machine, native.glibc, native.needed] for native in contents.natives],
        "links": dict(contents.links),
        _TRAITS: [[trait.kind, trait.path, trait.line, trait.detail] for trait in contents.traits],
        "folder_modes": dict(contents.folder_modes),
    }
    files = [[path, *file] for path, file in contents.files.items()]
    columns = dict(zip(_COLUMNS, zip(*files, strict=True), strict=True)) if files else dict.fromkeys(_COLUMNS, ())
    return "\n".join(json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (head, columns))


def from_json(text: str | bytes) -> Contents:
    """Return the contents in a document that is known to be intact.

    Raises:
        ValueError: It is not such a document, or has another schema.
    """
    head, _, columns = (text.decode() if isinstance(text, bytes) else text).partition("\n")
    document = json.loads(head)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        message = f"is not a document of schema {SCHEMA}"
        raise ValueError(message)
    try:
        return _contents(document, _Files(columns))
    except (KeyError, TypeError, AttributeError) as error:
        message = f"is damaged: {error!r}"
        raise ValueError(message) from error


class _Files(Mapping[str, File]):
    """The files of a document."""

    def __init__(self, columns: str) -> None:
        self._columns = columns

    @cached_property
    def _known(self) -> dict[str, File]:
        paths, *rows = map(json.loads(self._columns).__getitem__, _COLUMNS)
        return dict(zip(paths, map(File._make, zip(*rows, strict=True)), strict=True))

    def __getitem__(self, path: str) -> File:
        return self._known[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, path: object) -> bool:
        return path in self._known

    def items(self) -> ItemsView[str, File]:
        return self._known.items()

    def values(self) -> ValuesView[File]:
        return self._known.values()

    def __reduce__(self) -> tuple[type[_Files], tuple[str]]:
        return _Files, (self._columns,)


def _contents(document: dict[str, Any], files: Mapping[str, File]) -> Contents:
    return Contents(
        unzipped_bytes=document["unzipped_bytes"],
        files=files,
        distributions=tuple(_distribution(fields) for fields in document["distributions"]),
        natives=tuple(
            Native(path, machine, glibc and (glibc[0], glibc[1]), tuple(needed))
            for path, machine, glibc, needed in document["natives"]
        ),
        links=document["links"],
        traits=tuple(FileTrait(*fields) for fields in document[_TRAITS]),
        folder_modes=document["folder_modes"],
    )


def _distribution(fields: dict[str, Any]) -> Distribution:
    tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return Distribution(**tuples)


def path_beside(archive: Path) -> Path:
    """Return the path of the contents of an archive that this library makes: next to it."""
    return archive.with_suffix(".contents.json")


def digests_beside(archive: Path) -> Path:
    """Return the path of the digests of the files in an archive: next to it."""
    return archive.with_suffix(".digests")


def read_beside(archive: Path) -> Contents:
    """Return the contents of an archive that `write_archive` made, or of the archive that parts make.

    Raises:
        OSError: There is no such document next to it.
        ValueError: The document is damaged, or has another schema.
    """
    return from_json(path_beside(archive).read_bytes())
