"""Packing of archives in other processes.

Packing consists of several short calls for each of thousands of files. Threads of one Python wait for its lock between
these calls, and save no time. So large archives are packed by processes, which `packer.py` describes.
"""

from __future__ import annotations

import os
from concurrent.futures import as_completed, wait
from contextlib import contextmanager, suppress
from threading import Lock, local
from typing import TYPE_CHECKING, Final, NamedTuple

import isal

import cdk_layers
from cdk_layers.building.archives import packer
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.system.child_python import ChildPython, can_start
from cdk_layers.system.parallel import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from cdk_layers.building.archives.members import Member

_WORTH_PROCESSES: Final = 8 * 1024**2
"""Bytes below which the start of another Python would take most of the time."""

MAX_PROCESSES: Final = 8
"""Beyond some processes only memory grows."""


class Archive(NamedTuple):
    """An archive to write."""

    destination: Path
    members: Sequence[Member]

    @property
    def size(self) -> int:
        """The bytes of its files, as far as they are known."""
        return sum(member.size or 0 for member in self.members)


def pack_archives(archives: Sequence[Archive]) -> Iterator[tuple[int, str]]:
    """Write archives as `write_archive` does, several at once if they are large.

    Args:
        archives: The archives. Their members may be in any order.

    Yields:
        The number of each archive and the digest of its content, as soon as it is finished, in any order.

    Raises:
        EntryError: As `write_archive`.
        BuildError: As `write_archive`.
        OSError: As `write_archive`.
    """
    if len(archives) > 1 and sum(archive.size for archive in archives) >= _WORTH_PROCESSES and can_start():
        yield from _pack_at_once(archives)
    else:
        yield from ((number, write_archive(*archive)) for number, archive in enumerate(archives))


def start_ahead(size: int) -> None:
    """Start the processes that `pack_archives` will use, so that they are ready when the archives are listed.

    To be called inside of `kept_processes`, which ends them.

    Args:
        size: The bytes of the files of all archives. Nothing is started if they are too few to use processes.
    """
    if size >= _WORTH_PROCESSES and can_start():
        _shared.processes().start()


@contextmanager
def kept_processes() -> Iterator[None]:
    """Keep the processes that pack until the end of the outermost of these contexts, in any thread."""
    _shared.enter()
    try:
        yield
    finally:
        _shared.leave()


def _pack_at_once(archives: Sequence[Archive]) -> Iterator[tuple[int, str]]:
    with kept_processes():
        processes = _shared.processes()
        # The largest first, so that the last ones are small.
        order = sorted(range(len(archives)), key=lambda number: -archives[number].size)
        per_byte = processes.number / sum(archive.size for archive in archives)
        running = {
            processes.submit(archives[number], max(1, round(per_byte * archives[number].size))): number
            for number in order
        }
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            # After an error, the caller removes the folders.
            for future in running:
                future.cancel()
            wait(running)


class _Shared:
    """The processes of all builds that run in this process at this time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._processes: _Processes | None = None
        self._of_parent: _Processes | None = None
        """In a fork, those of its parent. They are kept, since their end would wait for threads that a fork lacks."""

    def enter(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users = max(0, self._users - 1)
            unused, self._processes = (None, self._processes) if self._users else (self._processes, None)
        if unused is not None:
            unused.end()

    def forget(self) -> None:
        """Forget them in a fork of this process, which has none of the threads that hand them work."""
        self._lock, self._users, self._of_parent, self._processes = Lock(), 0, self._processes, None

    def processes(self) -> _Processes:
        with self._lock:
            self._processes = self._processes or _Processes()
            return self._processes


_shared: Final = _Shared()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.forget)


class _Processes:
    """One process for each processor, and a thread for each process that hands it work."""

    def __init__(self) -> None:
        """Start none yet. Each starts with its first archive, or by `start`."""
        self.number = min(MAX_PROCESSES, os.cpu_count() or 1)
        self._threads = Pool(self.number, "cdk-layers-packing", self._start)
        self._of_thread = local()
        self._lock = Lock()
        self._started: list[ChildPython] = []
        self._unused: list[ChildPython] = []
        """Those that `start` started and no thread uses yet."""

    def start(self) -> None:
        """Start all that do not run yet."""
        with self._lock, suppress(OSError, MemoryError):
            for _ in range(self.number - len(self._started)):
                self._unused.append(self._new())

    def submit(self, archive: Archive, threads: int) -> Future[str]:
        """Return the future digest of an archive."""
        return self._threads.submit(self._pack, archive, threads)

    def end(self) -> None:
        """End all processes."""
        self._threads.shutdown()
        for process in self._started:
            process.end()

    def _start(self) -> None:
        # Without a process, the thread packs by itself.
        with self._lock, suppress(OSError, MemoryError):
            self._of_thread.process = self._unused.pop() if self._unused else self._new()

    def _new(self) -> ChildPython:
        process = ChildPython(packer.__name__, (cdk_layers, isal))
        self._started.append(process)
        return process

    def _pack(self, archive: Archive, threads: int) -> str:
        process: ChildPython | None = getattr(self._of_thread, "process", None)
        answer = process.ask(packer.request(*archive, threads)) if process else None
        if isinstance(answer, Exception):
            raise answer
        # A process may be ended from outside, for example for lack of memory.
        return write_archive(*archive) if answer is None else answer
