"""What was measured once, by the digest of the bytes that it was measured from."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.tree import walk
from cdk_layers.errors import AssemblyError
from cdk_layers.store import contents_json
from cdk_layers.store.artifact import file_digest
from cdk_layers.store.checked_files import CheckedFiles
from cdk_layers.store.inventory import MEASUREMENTS
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_layers.contents.model import Contents
    from cdk_layers.store.artifact import Artifact

_SETTLED_SECONDS: Final = 2.0
"""A file that changed just now may change again without its time telling so."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """Measurements of contents in a folder of the cache; processes may share it."""

    root: Path

    @property
    def _contents(self) -> CheckedFiles:
        return CheckedFiles(self.root / MEASUREMENTS)

    @property
    def _digests(self) -> CheckedFiles:
        return CheckedFiles(self.root / "digests")

    def contents_of(self, path: Path) -> Contents:
        """Return what lies in a zip or in a folder; each is measured once.

        Raises:
            AssemblyError: It cannot be read, or it is a hostile or damaged zip.
        """
        try:
            digest, may_keep = self._digest(path)
        except OSError as error:
            message = f"{str(path)!r} cannot be read: {error.strerror or error}."
            raise AssemblyError(message) from error
        known = self._known(digest)
        if known is None:
            from cdk_layers.contents.measure import measure  # noqa: PLC0415 - what is on record does without

            known = measure(path)
            if may_keep:
                self._contents.put(digest, contents_json.to_json(known).encode())
        return known

    def keep_of_build(self, entry: Artifact, digests: dict[str, str]) -> None:
        """Keep the contents of a build for whoever meets a copy of its archive, such as the CDK's."""
        beside = contents_json.path_beside(entry.archive)
        if entry.archive.name in digests and beside.name in digests:
            self._contents.put(digests[entry.archive.name], beside.read_bytes())

    def keep(self, archive: Path, contents: Contents) -> None:
        """Keep what lies in an archive. That it cannot be kept stops nobody."""
        with suppress(OSError):
            self._contents.put(file_digest(archive), contents_json.to_json(contents).encode())

    def _known(self, digest: str) -> Contents | None:
        text = self._contents.get(digest)
        try:
            return None if text is None else contents_json.from_json(text)
        except ValueError:
            return None

    def _digest(self, path: Path) -> tuple[str, bool]:
        """Return what stands for the bytes, and whether it always will."""
        stands_for, settled = stamp(path)
        if path.is_dir():
            return stands_for, settled
        known = self._digests.get(stands_for)
        if known is not None:
            return known.decode(), True
        digest = file_digest(path)
        if settled:
            self._digests.put(stands_for, digest.encode())
        return digest, True


def stamp(path: Path) -> tuple[str, bool]:
    """Return what stands for the bytes of a file or folder as long as its times tell of changes, and whether they do.

    Right after a change they may not: file systems count in steps.

    Raises:
        OSError: It cannot be read.
    """
    return _folder_stamp(path) if path.is_dir() else _stamp(os.fspath(path.absolute()), path.stat())


def _stamp(name: str, status: os.stat_result) -> tuple[str, bool]:
    facts = (name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev, status.st_mode)
    changed = max(status.st_mtime, status.st_ctime)
    return hashlib.sha256(repr(facts).encode()).hexdigest(), changed < host.wall_clock() - _SETTLED_SECONDS


def _folder_stamp(path: Path) -> tuple[str, bool]:
    """Return a digest of the names, sizes and times of all files: reading thousands of them anew takes too long."""
    seen, settled = hashlib.sha256(os.fsencode(path.absolute())), True
    for line, is_settled in _lines(path):
        seen.update(line.encode())
        settled = settled and is_settled
    return f"folder-{seen.hexdigest()}", settled


def _lines(path: Path) -> Iterator[tuple[str, bool]]:
    for node in walk(path):
        if node.status is None:
            yield repr((node.name, node.link, node.trouble)), True
        else:
            yield _stamp(repr((node.name, node.link)), node.status)
