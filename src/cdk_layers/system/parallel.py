"""Parallel work on many items, with results in order and a bound on the memory for those that wait."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")

# Reading, hashing and compressing release Python's lock; beyond some threads only memory grows.
_THREADS = min(8, max(2, os.cpu_count() or 2))
_MAX_BATCH = 1000

_waiting: WeakSet[Future[Any]] = WeakSet()
_interrupted = Event()
_lock = Lock()


class Pool(ThreadPoolExecutor):
    """A pool of threads whose work is cancelled if the body of an `interruptible` context is interrupted."""

    def submit(self, work: Callable[..., Result], /, *arguments: Any, **options: Any) -> Future[Result]:
        """Return the future result of a call.

        Raises:
            CancelledError: A body was interrupted, and the work that has begun is being finished.
        """
        with _lock:
            if _interrupted.is_set():
                raise CancelledError
            future = super().submit(work, *arguments, **options)
            _waiting.add(future)
            return future


@contextmanager
def interruptible(pool: Pool) -> Iterator[Pool]:
    """Enter a pool. If its body is interrupted, as by Ctrl-C, no pool of this process begins other work.

    What has begun, such as one archive or a run of a program, is finished before the error leaves this context.
    """
    try:
        with pool:
            try:
                yield pool
            except BaseException:
                with _lock:
                    _interrupted.set()
                    # Not by `shutdown`, which would not tell those who wait for several futures.
                    for future in _waiting:
                        future.cancel()
                raise
    finally:
        _interrupted.clear()


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None) -> Iterator[Result]:
    """Yield the result of `work` for each item, in the order of the items, working on some of them ahead.

    Args:
        work: The work for an item.
        items: The items.
        threads: The number of threads. Defaults to one for each processor. With 1, nothing is done ahead, and no thread
            is started.

    An error of `work` is raised in its place in the order; work that has not begun by then is cancelled.
    """
    number = threads or _THREADS
    if number == 1:
        yield from map(work, items)
        return
    rest = iter(items)
    with Pool(number, "cdk-layers") as pool:
        waiting: deque[Future[Result]] = deque(pool.submit(work, item) for item in islice(rest, 2 * number))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()


def batches(items: Iterable[Item], size: Callable[[Item], int], wanted: int) -> Iterator[list[Item]]:
    """Yield the items in lists whose total size is about `wanted`.

    A task for each small item would cost more than its work.
    """
    batch: list[Item] = []
    length = 0
    for item in items:
        batch.append(item)
        length += size(item)
        if length >= wanted or len(batch) >= _MAX_BATCH:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch
