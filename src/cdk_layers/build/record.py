"""Contents as JSON and back, column by column: thousands of files load in milliseconds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.build.contents import Contents, Distribution, File, Mark, Native

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 1
"""Counts up when records of before cannot be read any more, or tell less than is needed."""


def to_json(contents: Contents) -> str:
    """Return the record of a tree's contents."""
    record = {
        "schema": SCHEMA,
        "unzipped_bytes": contents.unzipped_bytes,
        "paths": list(contents.files),
        "sizes": [file.size for file in contents.files.values()],
        "crc32s": [file.crc32 for file in contents.files.values()],
        "modes": [file.mode for file in contents.files.values()],
        "distributions": [asdict(distribution) for distribution in contents.distributions],
        "natives": [[native.path, native.machine, native.glibc, native.needed] for native in contents.natives],
        "links": dict(contents.links),
        "marks": [[mark.kind, mark.path, mark.line, mark.detail] for mark in contents.marks],
        "folder_modes": dict(contents.folder_modes),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str | bytes) -> Contents:
    """Return the contents that a record tells.

    Raises:
        ValueError: It is no record, or one of another schema.
    """
    record = json.loads(text)
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        message = f"is no record of schema {SCHEMA}"
        raise ValueError(message)
    try:
        return _contents(record)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"is a damaged record: {error!r}"
        raise ValueError(message) from error


def _contents(record: dict[str, Any]) -> Contents:
    rows = map(File._make, zip(record["sizes"], record["crc32s"], record["modes"], strict=True))
    return Contents(
        unzipped_bytes=record["unzipped_bytes"],
        files=dict(zip(record["paths"], rows, strict=True)),
        distributions=tuple(_distribution(fields) for fields in record["distributions"]),
        natives=tuple(
            Native(path, machine, glibc and (glibc[0], glibc[1]), tuple(needed))
            for path, machine, glibc, needed in record["natives"]
        ),
        links=record["links"],
        marks=tuple(Mark(*fields) for fields in record["marks"]),
        folder_modes=record["folder_modes"],
    )


def _distribution(fields: dict[str, Any]) -> Distribution:
    tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return Distribution(**tuples)


def path_beside(archive: Path) -> Path:
    """Return where the record of an archive of this project's is: beside it."""
    return archive.with_suffix(".contents.json")


def digests_beside(archive: Path) -> Path:
    """Return where the digests of an archive's files are: beside it."""
    return archive.with_suffix(".digests")


def read_beside(archive: Path) -> Contents:
    """Return the contents of an archive that `archive.write_archive` made, or of what is to be joined there.

    Raises:
        OSError: There is no record beside it.
        ValueError: The record is damaged, or of another schema.
    """
    return from_json(path_beside(archive).read_bytes())
