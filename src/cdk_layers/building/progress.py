"""Telling that a build is on its way."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TextIO

from cdk_layers.system.outgoing import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


class Progress(Protocol):
    """What a build tells while it runs; nothing when it has nothing to build."""

    def start(self, doing: str) -> None:
        """Say what is being done now, such as "Installing layer 'base'"."""

    def end(self, done: str | None) -> None:
        """Say what was done, or nothing after an error; the build is over."""


class Lines:
    """One line for each finished build: for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to a stream, the error output by default."""
        self._stream = stream

    def start(self, doing: str) -> None:
        """Say nothing yet."""

    def end(self, done: str | None) -> None:
        """Write the line."""
        if done is not None:
            print(printable(done), file=self._stream or sys.stderr, flush=True)


class Status:
    """A moving status while a build runs, and one line when it is finished: for terminals."""

    def __init__(self, console: Console) -> None:
        """Draw on a terminal."""
        self._console = console
        self._status = console.status("")
        self._is_shown = False

    def start(self, doing: str) -> None:
        """Show what is being done."""
        self._status.update(printable(doing).replace("[", "\\["))
        if not self._is_shown:
            self._status.start()
            self._is_shown = True

    def end(self, done: str | None) -> None:
        """Take the status away and leave the line."""
        if self._is_shown:
            self._status.stop()
            self._is_shown = False
        if done is not None:
            self._console.print(printable(done), markup=False, highlight=False, soft_wrap=True)


class Together:
    """One display of several builds that run at the same time."""

    def __init__(self, display: Progress) -> None:
        """Report to a display."""
        self._display = display
        self._running: dict[object, str] = {}
        self._lock = Lock()

    def one(self) -> Progress:
        """Return where one of the builds reports."""
        return _OneOfSeveral(self)

    def start(self, build: object, doing: str) -> None:
        """Show what a build does, next to what the others do."""
        with self._lock:
            self._running[build] = doing
            self._show()

    def end(self, build: object, done: str | None) -> None:
        """Write what a build has done, and go on to show the others."""
        with self._lock:
            self._running.pop(build, None)
            self._display.end(done)
            self._show()

    def _show(self) -> None:
        if self._running:
            self._display.start(" · ".join(self._running.values()))


@dataclass(frozen=True, slots=True, eq=False)
class _OneOfSeveral:
    together: Together

    def start(self, doing: str) -> None:
        self.together.start(self, doing)

    def end(self, done: str | None) -> None:
        self.together.end(self, done)


def default_progress() -> Progress:
    """Return a moving status when the error output is a terminal, plain lines otherwise."""
    if not sys.stderr.isatty():
        return Lines()
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it, and it takes long to load

    return Status(Console(stderr=True))


@contextmanager
def told(progress: Progress) -> Iterator[None]:
    """End what was started, also after an error."""
    try:
        yield
    except BaseException:
        progress.end(None)
        raise
