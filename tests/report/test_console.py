"""The width of reports."""

from __future__ import annotations

import pytest
from rich.table import Table

from cdk_layers.report.console import console


@pytest.mark.parametrize("term", ["dumb", "unknown", "xterm-256color", ""])
@pytest.mark.parametrize("color", ["1", ""])
@pytest.mark.parametrize("columns", ["40", ""])
def test_reports_in_files_and_logs_are_wide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str, color: str, columns: str
) -> None:
    """What is not printed to a terminal has 120 columns, whatever a CI job says about its terminal."""
    for name, value in {"TERM": term, "FORCE_COLOR": color, "COLUMNS": columns}.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    table = Table("path")
    table.add_row("a" * 110)
    console().print(table)
    assert "a" * 110 in capsys.readouterr().out
