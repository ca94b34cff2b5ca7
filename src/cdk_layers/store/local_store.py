"""Builds, values and records that processes share, and that are right or not there.

A build is made in a scratch folder and appears by one rename. What is there is verified by its digests before it is
used, so neither a crash nor a damaged disk goes unnoticed. Locks only keep processes from doing the same work: without
them, the first rename wins.
"""

from __future__ import annotations

import errno
import json
import uuid
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import BuildError
from cdk_layers.store.artifact import ARCHIVE, Artifact, is_sound, seal
from cdk_layers.store.checked_files import CheckedFiles, file_name
from cdk_layers.store.measurements import Measurements
from cdk_layers.system.removal import remove_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from cdk_layers.contents.model import Contents

VARIABLE: Final = "CDK_LAYERS_CACHE_DIR"

REMOVAL: Final = "cdk-layers-removal"
"""The name of the threads that remove folders."""

SCHEMA: Final = "1"
"""Counts up when folders of before mean something else; old and new versions then share a cache in peace."""

_STALE_SECONDS: Final = 6 * 3600
_LOCK_SECONDS: Final = 15 * 60
"""How long one process waits for another's build of the same before it builds by itself."""

FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class LocalStore:
    """A folder of finished builds and small values."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it need not be there yet."""
        # A relative one would be looked for in the folder that each process is started in.
        self.folder = folder.absolute()
        self._root = self.folder / SCHEMA
        self._values = CheckedFiles(self._root / "values")
        self._records = Measurements(self._root)

    def get(self, key: str) -> Artifact | None:
        """Return a build that is there and sound. A damaged one is dropped."""
        return self._sound(Artifact(self._folder_of(key)))

    def find(self, key: str) -> Artifact | None:
        """Return a build like `get`, but without reading its archive: ask `is_intact` before that is used."""
        return self._sound(Artifact(self._folder_of(key)), unread=(ARCHIVE,))

    def is_intact(self, entry: Artifact) -> bool:
        """Tell whether a build is there, byte for byte as it was made. A damaged one is dropped."""
        return self._sound(entry) is not None

    def _folder_of(self, key: str) -> Path:
        return self._root / "entries" / file_name(key)

    def _sound(self, entry: Artifact, *, unread: Container[str] = ()) -> Artifact | None:
        if not entry.folder.is_dir():
            return None
        if is_sound(entry.folder, unread=unread):
            return entry
        self.discard(entry.folder)
        return None

    def get_or_make(self, key: str, make: Callable[[Path], None], *, is_quick: bool = False) -> Artifact:
        """Return a build, after making it if it is not there.

        Processes that want the same build at once make it once; the others wait for it.

        Args:
            key: All that shapes the build, as a digest.
            make: Fills the empty folder that it gets. What it raises is passed on, and leaves nothing behind.
            is_quick: Whether it may as well be made several times at once: whoever is first is as good as the others.

        Raises:
            BuildError: The folder cannot be written, or the disk is full.
        """
        entry = self.get(key)
        if entry is None:
            with nullcontext() if is_quick else self._alone(key):
                entry = self.get(key) or self._make(key, make)
        return entry

    def remember(self, key: str, value: Any) -> None:
        """Keep a small value that JSON can tell. That it cannot be kept stops nobody."""
        self._values.put(key, json.dumps(value).encode())

    def recall(self, key: str) -> Any:
        """Return a value as it was remembered; None when there is none, or a damaged one."""
        value = self._values.get(key)
        return None if value is None else json.loads(value)

    def contents_of(self, path: Path) -> Contents:
        """Return what lies in a zip or in a folder, whoever made it; each is measured once.

        Raises:
            AssemblyError: It cannot be read, or it is a hostile or damaged zip.
        """
        return self._records.contents_of(path)

    def keep_contents(self, archive: Path, contents: Contents) -> None:
        """Keep what lies in an archive for whoever meets a copy of it, such as the CDK's."""
        self._records.keep(archive, contents)

    def _make(self, key: str, make: Callable[[Path], None]) -> Artifact:
        with self._saying_why(key):
            scratch = self._scratch()
            try:
                make(scratch)
                digests = seal(scratch)
                entry = self._publish(scratch, self._folder_of(key))
            finally:
                remove_folder(scratch)
        self._records.keep_of_build(entry, digests)
        return entry

    def _scratch(self) -> Path:
        folder = self._root / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        # Not a folder of tempfile's, which nobody else may read: users may share a cache.
        scratch = folder / uuid.uuid4().hex
        scratch.mkdir()
        _remove_stale(folder, scratch.stat().st_mtime)
        return scratch

    def _publish(self, scratch: Path, folder: Path) -> Artifact:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            scratch.rename(folder)
        except OSError:
            # Another process was first, where locks do not work.
            if not is_sound(folder):
                if not folder.is_dir():
                    raise
                # Another user's, which this one can neither read nor replace.
                folder = folder.with_name(f"aside-{uuid.uuid4().hex}")
                scratch.rename(folder)
        return Artifact(folder)

    def discard(self, folder: Path) -> None:
        """Take a folder of this cache out of sight by one rename, and remove it while the caller goes on."""
        try:
            scratch = self._scratch()
            folder.rename(scratch / "discarded")
        except OSError:
            remove_folder(folder)
            return
        # The process does not end before its thread has.
        removal = Thread(target=remove_folder, args=(scratch,), name=REMOVAL)
        removal.start()

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        # It takes as long to import as to find four builds that are there.
        from filelock import FileLock  # noqa: PLC0415

        lock = FileLock(self._root / "locks" / f"{file_name(key)}.lock", timeout=_LOCK_SECONDS)
        # Some file systems know no locks, and Timeout is an OSError too: two builds of the same are better than none.
        with suppress(OSError, NotImplementedError):
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            yield
        finally:
            with suppress(OSError):
                lock.release()

    @contextmanager
    def _saying_why(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            is_full = error.errno in FULL
            if not is_full and not str(error.filename or self.folder).startswith(str(self.folder)):
                raise
            why = "there is no space left for it" if is_full else error.strerror or str(error)
            remedy = "Free some space" if is_full else "Make the folder writable"
            message = (
                f"The build {file_name(key)!r} cannot be kept in the build cache {str(self.folder)!r}: {why}"
                f"{f' ({error.filename})' if error.filename else ''}. {remedy}, or let {VARIABLE} name another folder."
            )
            raise BuildError(message) from error


def _remove_stale(folder: Path, now: float) -> None:
    """Remove what killed builds left behind; the time is the file system's, whose clock may be another."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.stat().st_mtime < now - _STALE_SECONDS:
                remove_folder(path)
