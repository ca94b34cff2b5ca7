"""The store in a folder of this machine, which processes share.

An artifact is made in a scratch folder and appears by one rename. It is verified by its digests before it is used, so
neither a crash nor a damaged disk goes unnoticed. Locks only keep processes from doing the same work twice: without
them, the first rename wins. Leases keep what a process uses from being removed.
"""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager, nullcontext, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import BuildError
from cdk_layers.store.artifact import ARCHIVE, Artifact, is_sound, seal
from cdk_layers.store.checked_files import CheckedFiles, file_name, touch
from cdk_layers.store.growth import Growth
from cdk_layers.store.inventory import CONTENT, DEFAULT_MAX_BYTES, SCHEMA, SIZE, UPKEEP, tree_bytes
from cdk_layers.store.leases import Lease, frozen
from cdk_layers.store.measurements import Measurements
from cdk_layers.store.write_errors import explained
from cdk_layers.system import host
from cdk_layers.system.removal import remove_folder
from cdk_layers.system.renaming import rename

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

    from cdk_layers.contents.model import Contents
    from cdk_layers.store.protocol import FolderKind
    from cdk_layers.store.pruning import Limits, Pruned
    from cdk_layers.store.verification import Verified

REMOVAL: Final = "cdk-layers-removal"
"""The name of the threads that remove folders."""

_STALE_SECONDS: Final = 6 * 3600
_LOCK_SECONDS: Final = 15 * 60
"""How long a process waits while another makes the same artifact. Then it makes the artifact itself."""

_TOUCH_SECONDS: Final = 60
"""How exactly the time of the last use is recorded."""


class LocalStore:
    """A store in a folder. See `protocol.Store` for its methods."""

    def __init__(self, folder: Path, *, max_bytes: int | None = DEFAULT_MAX_BYTES) -> None:
        """Use a folder.

        Args:
            folder: The folder. It need not exist.
            max_bytes: The size beyond which what was used least recently is removed; None for no limit.
        """
        # A relative path would mean another folder in each process.
        self.folder = folder.absolute()
        self.max_bytes = max_bytes
        self._root = self.folder / SCHEMA
        self._upkeep = self._root / UPKEEP
        self._memos = CheckedFiles(self._root / "memos")
        self._measurements = Measurements(self._root)
        self._lease = Lease(self._root)
        self._growth = Growth(self._upkeep / "growth")
        self._pruning: Thread | None = None

    def get(self, key: str) -> Artifact | None:
        """Return an artifact if it is in the store and intact. A damaged one is removed."""
        return self._sound(self._artifact(key))

    def find(self, key: str) -> Artifact | None:
        """Return an artifact like `get`, but without reading its archive: call `get` before using that."""
        return self._sound(self._artifact(key), unread=(ARCHIVE,))

    def _artifact(self, key: str) -> Artifact:
        return Artifact(self._root / "artifacts" / file_name(key))

    def _sound(self, artifact: Artifact, *, unread: Container[str] = ()) -> Artifact | None:
        self._lease.hold(f"artifacts/{artifact.folder.name}")
        if not artifact.folder.is_dir():
            return None
        if is_sound(artifact.folder, unread=unread):
            touch(artifact.folder, resolution_seconds=_TOUCH_SECONDS)
            return artifact
        self.discard(artifact.folder)
        return None

    def get_or_make(self, key: str, make: Callable[[Path], None], *, is_quick: bool = False) -> Artifact:
        """Return an artifact, after making it if it is not in the store (see `Store`)."""
        artifact = self.get(key)
        if artifact is None:
            with nullcontext() if is_quick else self._alone(key):
                artifact = self.get(key) or self._make(key, make)
        return artifact

    def get_or_make_folder(self, kind: FolderKind, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder of files, after making it if it is not in the store (see `Store`)."""
        place = self._root / kind / name
        self._lease.hold(f"{kind}/{name}")
        if not (place / CONTENT).is_dir():
            with self._alone(f"{kind}-{name}"):
                if not (place / CONTENT).is_dir():
                    self._make_folder(place, make)
        touch(place, resolution_seconds=_TOUCH_SECONDS)
        return place / CONTENT

    def remember(self, key: str, value: Any) -> None:
        """Store a memo: a small value that JSON can express. Failures to write are ignored."""
        self._memos.put(key, json.dumps(value).encode())

    def recall(self, key: str) -> Any:
        """Return a memo; None if there is none, or if it is damaged."""
        value = self._memos.get(key)
        return None if value is None else json.loads(value)

    def contents_of(self, path: Path) -> Contents:
        """Return the measured contents of a zip or a folder. Each is measured once.

        Raises:
            AssemblyError: It cannot be read, or it is a hostile or damaged zip.
        """
        return self._measurements.contents_of(path)

    def keep_contents(self, archive: Path, contents: Contents) -> None:
        """Store the contents of an archive, for copies of it such as those in cdk.out. Failures are ignored."""
        self._measurements.keep(archive, contents)

    def prune(
        self,
        limits: Limits,
        *,
        is_dry_run: bool = False,
        report: Callable[[int, int], object] = lambda _done, _all: None,
    ) -> Pruned:
        """Remove what the limits do not allow, and nothing that a process uses. Arguments as for `pruning.prune`."""
        # No synthesis needs it where nothing is built.
        from cdk_layers.store.pruning import Pruned, prune  # noqa: PLC0415

        if not self.folder.is_dir():
            return Pruned()
        now = self._now()
        pruned = prune(self.folder, limits, now, is_dry_run=is_dry_run, report=report)
        if not is_dry_run:
            self._growth.start(pruned.bytes_left, now)
        return pruned

    def verify(
        self, *, is_dry_run: bool = False, report: Callable[[int, int], object] = lambda _done, _all: None
    ) -> Verified:
        """Verify everything that has a digest, and remove what is damaged. Arguments as for `prune`."""
        from cdk_layers.store.verification import verify  # noqa: PLC0415 - only the command uses it

        verified = verify(self.folder, report=report)
        for item in [] if is_dry_run else verified.damaged:
            if item.path.is_dir():
                self.discard(item.path)
            else:
                with suppress(OSError):
                    item.path.unlink()
        return verified

    def release(self) -> None:
        """Let everything that this store has returned be removed, while this process runs on."""
        self._lease.release()

    def discard(self, folder: Path) -> None:
        """Move a folder of the store out of the way, and remove it in the background."""
        try:
            scratch = self._scratch()
            folder.rename(scratch / "discarded")
        except OSError:
            remove_folder(folder)
            return
        # The process does not end before its thread has.
        Thread(target=remove_folder, args=(scratch,), name=REMOVAL).start()

    def _make(self, key: str, make: Callable[[Path], None]) -> Artifact:
        with explained(self.folder, f"The build {file_name(key)!r}"):
            scratch = self._scratch()
            try:
                try:
                    make(scratch)
                except Exception:
                    self._expect_scratch(scratch)
                    raise
                digests = seal(scratch)
                artifact = Artifact(self._publish(scratch, self._artifact(key).folder))
            finally:
                remove_folder(scratch)
        self._measurements.keep_of_artifact(artifact, digests)
        self._grow(tree_bytes(artifact.folder))
        return artifact

    def _make_folder(self, place: Path, make: Callable[[Path], None]) -> None:
        with explained(self.folder, f"The folder {place.name!r}"):
            scratch = self._scratch()
            try:
                make(scratch / CONTENT)
                number_of_bytes = tree_bytes(scratch)
                (scratch / SIZE).write_text(json.dumps({"bytes": number_of_bytes}), encoding="utf-8")
                if not (place / CONTENT).is_dir():
                    remove_folder(place)
                self._publish(scratch, place)
            finally:
                remove_folder(scratch)
        self._grow(number_of_bytes)

    def _expect_scratch(self, scratch: Path) -> None:
        """Raise an error if a scratch folder was removed: what the build missed then is not the user's mistake."""
        if not scratch.is_dir():
            message = (
                f"The build cache {str(self.folder)!r} was removed while it was used. Build again, and remove it with "
                "`cdk-layers cache prune --all` next time, which leaves what builds use."
            )
            raise BuildError(message) from None

    def _scratch(self) -> Path:
        folder = self._root / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        # Not a folder of tempfile's, which other users cannot read: users may share a store.
        scratch = folder / uuid.uuid4().hex
        self._lease.hold(f"scratch/{scratch.name}")
        scratch.mkdir()
        self._remove_stale(folder, scratch.stat().st_mtime)
        return scratch

    def _remove_stale(self, folder: Path, now: float) -> None:
        """Remove what killed builds left; the time is that of the file system, whose clock may differ."""
        with suppress(OSError):
            stale = [path for path in folder.iterdir() if path.stat().st_mtime < now - _STALE_SECONDS]
            if stale:
                with frozen(self._root) as used:
                    stale = [path for path in stale if f"scratch/{path.name}" not in used.names]
                for path in stale:
                    remove_folder(path)

    def _publish(self, scratch: Path, folder: Path) -> Path:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            rename(scratch, folder)
        except OSError:
            # Another process was first, where locks do not work.
            if not (is_sound(folder) or (folder / CONTENT).is_dir()):
                if not folder.is_dir():
                    raise
                # Another user's, which this one can neither read nor replace.
                folder = folder.with_name(f"aside-{uuid.uuid4().hex}")
                self._lease.hold(f"{folder.parent.name}/{folder.name}")
                scratch.rename(folder)
        return folder

    def _grow(self, number_of_bytes: int) -> None:
        """Count what was made; prune in the background if that is due."""
        self._growth.add(number_of_bytes)
        with suppress(OSError):
            is_due = self._growth.is_due(self.max_bytes, self._now())
            if is_due and (self._pruning is None or not self._pruning.is_alive()):
                self._pruning = Thread(target=self._prune_quietly, name=REMOVAL)
                self._pruning.start()

    def _prune_quietly(self) -> None:
        from filelock import FileLock  # noqa: PLC0415

        from cdk_layers.store.pruning import Limits  # noqa: PLC0415

        # Another process that prunes at this moment removes enough.
        with suppress(OSError, NotImplementedError), FileLock(self._upkeep / "pruning.lock", timeout=0):
            self.prune(Limits(self.max_bytes))

    def _now(self) -> float:
        """Return the time by the clock of the file system, which may differ from that of this machine."""
        path = self._upkeep / "clock"
        try:
            self._upkeep.mkdir(parents=True, exist_ok=True)
            path.touch()
            return path.stat().st_mtime
        except OSError:
            return host.wall_clock()

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        # It takes as long to import as to find four builds.
        from filelock import FileLock  # noqa: PLC0415

        lock = FileLock(self._root / "locks" / f"{file_name(key)}.lock", timeout=_LOCK_SECONDS)
        # Some file systems have no locks, and Timeout is an OSError too: two builds of the same are better than none.
        with suppress(OSError, NotImplementedError):
            (self._root / "locks").mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            yield
        finally:
            with suppress(OSError):
                lock.release()
