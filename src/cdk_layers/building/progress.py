"""Display of the progress of builds."""

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
    """A display that a build reports to. A build that finds everything in the store reports nothing."""

    def start(self, doing: str) -> None:
        """Show the current step, such as "Installing layer 'base'"."""

    def end(self, done: str | None) -> None:
        """Show the summary of a finished build; None after an error."""


class Lines:
    """One line for each finished build: for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to a stream. Defaults to the error output."""
        self._stream = stream

    def start(self, doing: str) -> None:
        """Show nothing."""

    def end(self, done: str | None) -> None:
        """Write the summary as a line."""
        if done is not None:
            stream = self._stream or sys.stderr
            # A program without error output, such as a service, has none.
            if stream is not None:
                print(printable(done), file=stream, flush=True)


class Status:
    """A moving status while a build runs, and one line when it is finished: for terminals."""

    def __init__(self, console: Console) -> None:
        """Draw on a terminal."""
        self._console = console
        self._status = console.status("")
        self._is_shown = False

    def start(self, doing: str) -> None:
        """Show the current step."""
        self._status.update(printable(doing).replace("[", "\\["))
        if not self._is_shown:
            self._status.start()
            self._is_shown = True

    def end(self, done: str | None) -> None:
        """Remove the status and write the summary as a line."""
        if self._is_shown:
            self._status.stop()
            self._is_shown = False
        if done is not None:
            self._console.print(printable(done), markup=False, highlight=False, soft_wrap=True)


class SharedDisplay:
    """One display of several builds that run at the same time."""

    def __init__(self, display: Progress) -> None:
        """Report to a display."""
        self._display = display
        self._running: dict[object, str] = {}
        self._lock = Lock()

    def add_build(self) -> Progress:
        """Return the display for one of the builds."""
        return _BuildDisplay(self)

    def start(self, build: object, doing: str) -> None:
        """Show the current step of a build, with those of the others."""
        with self._lock:
            self._running[build] = doing
            self._show()

    def end(self, build: object, done: str | None) -> None:
        """Show the summary of a build, and the current steps of the others."""
        with self._lock:
            self._running.pop(build, None)
            self._display.end(done)
            self._show()

    def _show(self) -> None:
        if self._running:
            self._display.start(" · ".join(self._running.values()))


@dataclass(frozen=True, slots=True, eq=False)
class _BuildDisplay:
    shared: SharedDisplay

    def start(self, doing: str) -> None:
        self.shared.start(self, doing)

    def end(self, done: str | None) -> None:
        self.shared.end(self, done)


def default_progress() -> Progress:
    """Return a moving status if the error output is a terminal, else plain lines."""
    if sys.stderr is None or not sys.stderr.isatty():
        return Lines()
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it, and it takes long to load

    return Status(Console(stderr=True))


@contextmanager
def ended_on_error(progress: Progress) -> Iterator[None]:
    """End the display of a build that raises an error."""
    try:
        yield
    except BaseException:
        progress.end(None)
        raise
