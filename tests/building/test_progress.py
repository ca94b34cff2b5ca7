"""Telling that a build is on its way."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from cdk_layers.building.progress import Lines, SharedDisplay, Status, default_progress, ended_on_error
from cdk_layers.system.outgoing import report_error


def test_one_line_without_a_terminal() -> None:
    """Without a terminal, a build is one line when it is finished."""
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
    with pytest.raises(RuntimeError, match=message), ended_on_error(lines):
        raise RuntimeError(message)
    assert ended == [None]


def test_several_builds_at_once() -> None:
    """One display shows what all builds do; it ends for good with the last one."""
    seen: list[tuple[str, str | None]] = []

    class Display:
        def start(self, doing: str) -> None:
            seen.append(("start", doing))

        def end(self, done: str | None) -> None:
            seen.append(("end", done))

    display = SharedDisplay(Display())
    one, other = display.add_build(), display.add_build()
    one.start("Packing 'a'")
    other.start("Installing 'b'")
    one.end("Built 'a'")
    other.end(None)
    assert seen == [
        ("start", "Packing 'a'"),
        ("start", "Packing 'a' · Installing 'b'"),
        ("end", "Built 'a'"),
        ("start", "Installing 'b'"),
        ("end", None),
    ]


def test_without_error_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that was started without one, such as a service, builds silently."""
    monkeypatch.setattr(sys, "stderr", None)
    progress = default_progress()
    progress.start("Packing")
    progress.end("Built")
    report_error("wrong")
    assert capsys.readouterr().out == ""
