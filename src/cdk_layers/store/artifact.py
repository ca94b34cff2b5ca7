"""Artifacts: folders of files, each with a manifest of the digests of its files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.store import contents_json
from cdk_layers.system.parallel import in_order

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from cdk_layers.contents.model import Contents

MANIFEST: Final = "manifest.json"
ARCHIVE: Final = "archive.zip"
_FACTS: Final = "facts.json"
_BLOCK: Final = 1024**2
_WORTH_THREADS: Final = 4
"""Hashing fewer blocks takes less time than starting threads."""


@dataclass(frozen=True)
class Artifact:
    """A finished folder in the store. Read its files, never write them."""

    folder: Path

    @property
    def archive(self) -> Path:
        """The zip. A record has none: its parts have."""
        return self.folder / ARCHIVE

    @property
    def archive_bytes(self) -> int:
        """Bytes of the zip, or of the zip that the parts of a record make."""
        known = self.facts.get("archive_bytes")
        return self.archive.stat().st_size if known is None else int(known)

    @cached_property
    def contents(self) -> Contents:
        """The contents of the archive, read when they are first needed."""
        try:
            return contents_json.read_beside(self.archive)
        except (OSError, ValueError):
            from cdk_layers.contents.measure import measure  # noqa: PLC0415 - rarely needed

            return measure(self.archive)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The facts that `write_facts` wrote; nothing if there are none."""
        path = self.folder / _FACTS
        return dict(json.loads(path.read_bytes())) if path.is_file() else {}


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts of an artifact into its folder, as JSON.

    Raises:
        OSError: They cannot be written; the disk may be full.
    """
    (folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def file_digest(path: Path) -> str:
    """Return the digest of a file: the SHA-256 over those of its blocks of 1 MiB, which are hashed in parallel.

    Raises:
        OSError: It cannot be read.
    """
    places = range(0, path.stat().st_size, _BLOCK)
    work = partial(_block_digest, path)
    blocks = map(work, places) if len(places) < _WORTH_THREADS else in_order(work, places)
    return hashlib.sha256(b"".join(blocks)).hexdigest()


def _block_digest(path: Path, place: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(place)
        return hashlib.sha256(file.read(_BLOCK)).digest()


def seal(folder: Path) -> dict[str, str]:
    """Write the manifest of a folder, and return the digests of its files by their names.

    Raises:
        OSError: It cannot be written; the disk may be full.
    """
    files = {path.relative_to(folder).as_posix(): file_digest(path) for path in _files(folder)}
    (folder / MANIFEST).write_text(json.dumps({"files": files}), encoding="utf-8")
    return files


def is_sound(folder: Path, *, unread: Container[str] = ()) -> bool:
    """Return whether a folder contains exactly the files of its manifest, byte for byte.

    Args:
        folder: The folder of an artifact.
        unread: Names of files that only have to exist.
    """
    try:
        files = json.loads((folder / MANIFEST).read_bytes())["files"]
        names = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST}
        read = [name for name in files if name not in unread]
        return names == set(files) and all(file_digest(folder / name) == files[name] for name in read)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
