"""Names that would act on who reads a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.check.outcome import Outcome, Result
from cdk_layers.findings import Finding, Unread, Where
from cdk_layers.report.forms import table
from cdk_layers.report.forms.github import as_github
from cdk_layers.report.forms.json import as_json
from cdk_layers.report.forms.sarif import as_sarif
from cdk_layers.report.verdict import Verdict

if TYPE_CHECKING:
    import pytest

_EVIL = "Hub/x\n::error file=a::injected\x1b[2J##[error]injected\u2028::warning::injected"


def test_no_report_passes_commands_on(capsys: pytest.CaptureFixture[str]) -> None:
    """A construct path, a template's name or a message with line ends and commands stays one harmless line each."""
    finding = Finding("too-many-layers", "error", Where(_EVIL, _EVIL, "X"), _EVIL, _EVIL, _EVIL)
    verdict = Verdict(Path("cdk.out"), Outcome((Result(finding), Result(finding, "why")), (Unread(_EVIL),)))
    table.show(verdict)
    reports = {"table": capsys.readouterr().out, "github": as_github(verdict)}
    reports |= {"json": as_json(verdict), "sarif": as_sarif(verdict)}
    for form, text in reports.items():
        assert "\x1b" not in text, form
        assert "##[" not in text, form
        commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
        assert len(commands) == (2 if form == "github" else 0), form
        assert all("::error file=a" not in line and "::warning" not in line for line in commands)
    assert json.loads(reports["json"])["findings"][0]["construct"] == _EVIL


def test_a_folder_whose_name_is_not_unicode(capsys: pytest.CaptureFixture[str]) -> None:
    """Its bytes are in a URI as they are."""
    finding = Finding("too-many-layers", "error", Where("Hub/F", "n\udcff/cdk.out/Hub.template.json", "F"), "M", "R")
    verdict = Verdict(Path("cdk.out"), Outcome((Result(finding),), ()))
    table.show(verdict)
    for report in (capsys.readouterr().out, as_github(verdict), as_json(verdict)):
        report.encode()
    assert "n%FF/cdk.out/Hub.template.json" in as_sarif(verdict)
