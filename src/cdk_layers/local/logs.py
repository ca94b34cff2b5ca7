"""What a function's process writes, passed on while it runs, with the end of it kept."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL_BYTES: Final = 4096
"""The end of a log that an Invoke response contains, in bytes. Source: the Lambda API reference, Invoke, LogResult."""

_READ_AT_ONCE: Final = 65536
_SETTLE_SECONDS: Final = 2.0


class Logs:
    """The pipe that a function's process writes to."""

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        """Make the pipe.

        Args:
            sink: Called with what is written, as soon as it is read.
        """
        self._read, self.write_end = os.pipe()
        self._sink = sink
        self._lock = Lock()
        self._tail: deque[bytes] = deque()
        self._kept = 0
        self._ended = False
        self._thread = Thread(target=self._pass_on, name="cdk-layers-logs", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Forget what was written before: a new invocation begins."""
        with self._lock:
            self._tail.clear()
            self._kept = 0

    def add(self, line: str) -> None:
        """Add a line of the platform's, such as "START RequestId: …"."""
        with self._lock:
            self._keep(f"{line}\n".encode())

    def tail(self) -> bytes:
        """Return the end of what the invocation wrote, up to `TAIL_BYTES`."""
        with self._lock:
            return b"".join(self._tail)[-TAIL_BYTES:]

    def settle(self) -> None:
        """Wait until everything that was written has been passed on."""
        deadline = host.clock() + _SETTLE_SECONDS
        while host.clock() < deadline:
            with self._lock:
                is_quiet = self._ended or not select.select([self._read], [], [], 0)[0]
            if is_quiet:
                return
            time.sleep(0.001)

    def close(self) -> None:
        """Pass on the rest, once no process has the pipe open any more."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1
        self._thread.join(_SETTLE_SECONDS)

    def _pass_on(self) -> None:
        while not self._ended:
            select.select([self._read], [], [])
            with self._lock:
                data = os.read(self._read, _READ_AT_ONCE)
                if data:
                    self._keep(data)
                else:
                    self._ended = True
                    os.close(self._read)

    def _keep(self, data: bytes) -> None:
        # The runtime client separates the lines of one message by carriage returns.
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # The stream may be closed. A function must not wait for a reader of its log.
        with suppress(OSError, ValueError):
            self._sink(data)
        self._tail.append(data)
        self._kept += len(data)
        while self._kept - len(self._tail[0]) > TAIL_BYTES:
            self._kept -= len(self._tail.popleft())
