"""Telling that a build is on its way."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cdk_layers.building.progress import Lines, Status, default_progress, told


def test_one_line_without_a_terminal() -> None:
    """Where nobody watches, a build is one line when it is finished."""
    stream = io.StringIO()
    lines = Lines(stream)
    lines.start("Installing 'base'")
    lines.end("Built layer 'base'")
    assert stream.getvalue() == "Built layer 'base'\n"


def test_silence_when_nothing_was_built() -> None:
    """A build from the cache says nothing."""
    stream = io.StringIO()
    lines = Lines(stream)
    lines.start("Resolving 'base'")
    lines.end(None)
    assert stream.getvalue() == ""


def test_status_in_a_terminal() -> None:
    """In a terminal the status is seen while it runs, and the line stays, its brackets as they are."""
    stream = io.StringIO()
    status = Status(Console(file=stream, force_terminal=True, width=200))
    status.start("Installing 'base[x]'")
    status.end("Built layer 'base[x]'")
    assert "Installing 'base[x]'" in stream.getvalue()
    assert stream.getvalue().rstrip().endswith("Built layer 'base[x]'")


def test_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error output decides: a terminal gets a status, a pipe lines."""
    assert isinstance(default_progress(), Lines)
    monkeypatch.setattr("sys.stderr", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    assert isinstance(default_progress(), Status)


def test_status_goes_after_an_error() -> None:
    """An error takes the status away and writes no line."""
    ended: list[str | None] = []
    lines = Lines(io.StringIO())
    lines.end = ended.append  # type: ignore[assignment,method-assign]
    message = "broken"
    with pytest.raises(RuntimeError, match=message), told(lines):
        raise RuntimeError(message)
    assert ended == [None]
