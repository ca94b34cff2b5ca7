"""Console of reports for people."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

STYLES: Final = {"error": "bold red", "warning": "yellow"}
_WIDTH: Final = 120
"""Columns of a report: the maximum in a terminal, and always this number elsewhere."""


class _Console(Console):
    """A console that leaves the end of its reader to the command."""

    def on_broken_pipe(self) -> None:
        """Raise the error of the pipe again: Rich would end the process with 1, which stands for findings."""
        raise  # noqa: PLE0704 - Rich calls this while it handles the error


def console() -> Console:
    """Return the console for reports.

    Printing raises a BrokenPipeError if the reader of the output has ended.
    """
    plain = Console(soft_wrap=False)
    # With FORCE_COLOR and a TERM such as "dumb", Rich uses 80 columns unless it has both.
    return _Console(width=min(plain.width, _WIDTH) if sys.stdout.isatty() else _WIDTH, height=plain.height)
