"""Console of reports for people."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

STYLES: Final = {"error": "bold red", "warning": "yellow"}
_WIDTH: Final = 120
"""Columns of a report: the maximum in a terminal, and always this number elsewhere."""


def console() -> Console:
    """Return the console for reports."""
    plain = Console(soft_wrap=False)
    # With FORCE_COLOR and a TERM such as "dumb", Rich uses 80 columns unless it has both.
    return Console(width=min(plain.width, _WIDTH) if sys.stdout.isatty() else _WIDTH, height=plain.height)
