"""The console that reports for people are printed on."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

STYLES: Final = {"error": "bold red", "warning": "yellow"}
_WIDTH: Final = 120
"""Columns of a report: at most in a terminal, and always where there is none."""


def console() -> Console:
    """Return the console for reports."""
    plain = Console(soft_wrap=False)
    return Console(width=min(plain.width, _WIDTH) if sys.stdout.isatty() else _WIDTH)
