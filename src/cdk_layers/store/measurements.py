"""Measurements: contents of archives and folders, by the digest of the bytes that they were measured from."""

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
"""A file that changed within this time may change again without a new time."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """The measurements in a store. Several processes may use it at once."""

    root: Path

    @property
    def _contents(self) -> CheckedFiles:
        return CheckedFiles(self.root / MEASUREMENTS)

    @property
    def _digests(self) -> CheckedFiles:
        return CheckedFiles(self.root / "digests")

    def contents_of(self, path: Path) -> Contents:
        """Return the contents of a zip or of a folder. Each is measured once.

        Raises:
            AssemblyError: It cannot be read, or it is a hostile or damaged zip.
        """
        try:
            digest, is_settled = self._digest(path)
        except OSError as error:
            message = f"{str(path)!r} cannot be read: {error.strerror or error}."
            raise AssemblyError(message) from error
        known = self._known(digest)
        if known is None:
            from cdk_layers.contents.measure import measure  # noqa: PLC0415 - not needed for what is known

            known = measure(path)
            if is_settled:
                self._contents.put(digest, contents_json.to_json(known).encode())
        return known

    def keep_of_artifact(self, artifact: Artifact, digests: dict[str, str]) -> None:
        """Store the contents of an artifact, for copies of its archive such as those in cdk.out."""
        beside = contents_json.path_beside(artifact.archive)
        if artifact.archive.name in digests and beside.name in digests:
            self._contents.put(digests[artifact.archive.name], beside.read_bytes())

    def keep(self, archive: Path, contents: Contents) -> None:
        """Store the contents of an archive. Failures are ignored."""
        with suppress(OSError):
            self._contents.put(file_digest(archive), contents_json.to_json(contents).encode())

    def _known(self, digest: str) -> Contents | None:
        text = self._contents.get(digest)
        try:
            return None if text is None else contents_json.from_json(text)
        except ValueError:
            return None

    def _digest(self, path: Path) -> tuple[str, bool]:
        """Return a digest that identifies the bytes, and whether it always will."""
        stamped, settled = stamp(path)
        if path.is_dir():
            return stamped, settled
        known = self._digests.get(stamped)
        if known is not None:
            return known.decode(), True
        digest = file_digest(path)
        if settled:
            self._digests.put(stamped, digest.encode())
        return digest, True


def stamp(path: Path) -> tuple[str, bool]:
    """Return a digest that identifies the bytes of a file or folder by its times, and whether these are settled.

    Right after a change they are not: file systems record times in steps, so another change may have the same time.

    Raises:
        OSError: It cannot be read.
    """
    return _folder_stamp(path) if path.is_dir() else _stamp(os.fspath(path.absolute()), path.stat())


def _stamp(name: str, status: os.stat_result) -> tuple[str, bool]:
    facts = (name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev, status.st_mode)
    changed = max(status.st_mtime, status.st_ctime)
    return hashlib.sha256(repr(facts).encode()).hexdigest(), changed < host.wall_clock() - _SETTLED_SECONDS


def _folder_stamp(path: Path) -> tuple[str, bool]:
    """Return a digest of the names, sizes and times of all files, since reading thousands of them takes too long."""
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
