"""Leases: what running processes use of a store, so that nothing of it is removed.

Each process writes the names of what it uses into a file of its own, which it keeps locked by flock as long as it runs.
The system releases the lock however the process ends, so a lease that is not locked is dead. A name is written under a
shared lock of the store, before the process looks whether the folder exists; a prune reads all leases, and renames what
is in none of them, under the exclusive lock. So a folder that was found stays.
"""

from __future__ import annotations

import os
import uuid
import weakref
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.store.inventory import UPKEEP

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER: Final = f"{UPKEEP}/leases"
_GATE: Final = f"{UPKEEP}/leases.lock"


class Used(NamedTuple):
    """What running processes use."""

    names: frozenset[str]
    """Folders by their POSIX paths in the store."""

    is_complete: bool
    """Whether this is known of all processes. Not on Windows, nor on file systems without locks."""


class Lease:
    """What this process uses of one store."""

    def __init__(self, root: Path) -> None:
        """Use nothing yet.

        Args:
            root: The folder of the store's schema.
        """
        self._root = root
        self._names: set[str] = set()
        self._lock = Lock()
        self._descriptor: int | None = None
        self._process = 0
        self._release: weakref.finalize[..., Lease] | None = None

    def hold(self, name: str) -> None:
        """Keep a folder from being removed while this process runs. Failures are ignored.

        Args:
            name: The POSIX path of the folder in the store. It need not exist.
        """
        if name in self._names and self._is_current():
            return
        with self._lock, suppress(OSError), _gate(self._root, is_exclusive=False) as is_locked:
            if is_locked:
                os.write(self._opened(), f"{name}\n".encode())
                self._names.add(name)

    def release(self) -> None:
        """Let everything be removed."""
        with self._lock:
            if self._release is not None:
                self._release()
            self._descriptor, self._release = None, None
            self._names.clear()

    def _is_current(self) -> bool:
        """Return whether other processes see the file of this one.

        A child process shares the lock of its parent's file, and so takes a file of its own. If the store was removed,
        the file is gone too.
        """
        if self._descriptor is None or self._process != os.getpid():
            return False
        return os.fstat(self._descriptor).st_nlink > 0

    def _opened(self) -> int:
        if self._descriptor is None or not self._is_current():
            if self._release is not None:
                self._release()
            self._names.clear()
            path = self._root / _FOLDER / uuid.uuid4().hex
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
            self._process = os.getpid()
            self._release = weakref.finalize(self, _end, self._descriptor, path, self._process)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self._descriptor


def _end(descriptor: int, path: Path, process: int) -> None:
    if os.getpid() == process:
        with suppress(OSError):
            path.unlink()
        with suppress(OSError):
            os.close(descriptor)


@contextmanager
def frozen(root: Path) -> Iterator[Used]:
    """Keep all processes from using anything new, and return what they use. Do only little meanwhile."""
    with _gate(root, is_exclusive=True) as is_locked:
        yield _used(root) if is_locked else Used(frozenset(), is_complete=False)


@contextmanager
def _gate(root: Path, *, is_exclusive: bool) -> Iterator[bool]:
    """Lock the store; yield False where there are no locks."""
    if fcntl is None:
        yield False
        return
    try:
        (root / UPKEEP).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / _GATE, os.O_RDONLY | os.O_CREAT, 0o666)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if is_exclusive else fcntl.LOCK_SH)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def _used(root: Path) -> Used:
    names: set[str] = set()
    is_complete = True
    folder = root / _FOLDER
    for path in folder.iterdir() if folder.is_dir() else ():
        found = _names_of(path)
        is_complete = is_complete and found is not None
        names.update(found or ())
    return Used(frozenset(names), is_complete)


def _names_of(path: Path) -> list[str] | None:
    """Return what a lease names, nothing for a dead one, which is removed; None if that is unknown."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return []
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # By its descriptor: a process that ends at this moment removes the file.
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode().splitlines()
    except OSError:
        return None
    else:
        with suppress(OSError):
            path.unlink()
        return []
    finally:
        os.close(descriptor)
