"""The links from findings to the documentation of their rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App as CdkApp

from cdk_layers.cdk.violations import violations
from cdk_layers.cli import main
from cdk_layers.findings import Finding, Where
from cdk_layers.rules import addresses
from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.registry import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], dict[str, Any]]:
    """Return what `cdk-layers check` reports in a format, for a function whose handler is missing."""
    template = tmp_path / "template.json"
    properties = {"Code": {"ZipFile": "x = 1"}, "Runtime": "python3.13", "Handler": "nowhere.handler"}
    template.write_text(json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}))

    def check(form: str) -> dict[str, Any]:
        main(["check", str(template), "--format", form])
        read: dict[str, Any] = json.loads(capsys.readouterr().out)
        return read

    return check


def test_every_rule_has_the_page_that_its_findings_link_to() -> None:
    """Until the documentation is published, the link is a path in the repository."""
    assert [rule.name for rule in all_rules() if not (PROJECT / rule_page(rule.name)).is_file()] == []


def test_json_and_the_cdk_link_to_the_page(report: Callable[[str], dict[str, Any]]) -> None:
    """As a field of the finding, and as metadata of the violation in the CDK's report."""
    assert report("json")["findings"][0]["documentation"] == "docs/rules/handler-not-found.md"
    finding = Finding(rule="no-wheel", severity="error", where=Where("A/B"), message="m", remedy="r")
    for context in ({}, {"@aws-cdk/core:failSynthOnValidationErrors": False}):
        (violation,) = violations(CdkApp(context=context), [finding])
        assert violation.rule_metadata == {"documentation": "docs/rules/no-wheel.md"}


def test_sarif_has_an_absolute_address_or_none(
    report: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helpUri has to be absolute; the text of the help names the page in any case."""
    rule = report("sarif")["runs"][0]["tool"]["driver"]["rules"][0]
    assert "helpUri" not in rule
    assert f"docs/rules/{rule['id']}.md" in rule["help"]["text"]

    monkeypatch.setattr(addresses, "HOME", "https://docs.example/cdk-layers/")
    rule = report("sarif")["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["helpUri"] == f"https://docs.example/cdk-layers/rules/{rule['id']}/"


def test_the_command_line_names_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """`cdk-layers rule` says the same without a network, and where to read it."""
    main(["rule", "no-wheel"])
    assert "Documentation: docs/rules/no-wheel.md" in capsys.readouterr().out
