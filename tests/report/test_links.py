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


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish the documentation."""
    monkeypatch.setattr(addresses, "HOME", "https://docs.example/cdk-layers/")
    return addresses.HOME


def test_every_rule_has_the_page_that_its_findings_link_to() -> None:
    """The site has the page of each rule at its name."""
    assert [rule.name for rule in all_rules() if not (PROJECT / f"docs/rules/{rule.name}.md").is_file()] == []


@pytest.mark.usefixtures("home")
def test_json_and_the_cdk_link_to_the_page(report: Callable[[str], dict[str, Any]]) -> None:
    """As a field of the finding, and as metadata of the violation in the CDK's report."""
    assert report("json")["findings"][0]["documentation"] == "https://docs.example/cdk-layers/rules/handler-not-found/"
    finding = Finding(rule="no-wheel", severity="error", where=Where("A/B"), message="m", remedy="r")
    for context in ({}, {"@aws-cdk/core:failSynthOnValidationErrors": False}):
        (violation,) = violations(CdkApp(context=context), [finding])
        assert violation.rule_metadata == {"documentation": "https://docs.example/cdk-layers/rules/no-wheel/"}


def test_sarif_has_an_absolute_address(report: Callable[[str], dict[str, Any]], home: str) -> None:
    """As its helpUri, and in the text of the help."""
    rule = report("sarif")["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["helpUri"] == f"{home}rules/{rule['id']}/"
    assert f"Documentation: {rule['helpUri']}\n" in rule["help"]["text"]


def test_the_command_line_names_the_page(capsys: pytest.CaptureFixture[str], home: str) -> None:
    """`cdk-layers rule` says the same without a network, and where to read it."""
    main(["rule", "no-wheel"])
    assert f"Documentation: {home}rules/no-wheel/" in capsys.readouterr().out


def test_nothing_names_a_page_that_readers_do_not_have(
    report: Callable[[str], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Until the documentation is published: a path of the repository would lead nowhere."""
    finding = Finding(rule="no-wheel", severity="error", where=Where("A/B"), message="m", remedy="r")
    (violation,) = violations(CdkApp(), [finding])
    main(["rule", "no-wheel"])
    assert "Documentation" not in capsys.readouterr().out

    assert violation.rule_metadata is None
    assert report("json")["findings"][0]["documentation"] is None
    assert "docs/" not in json.dumps(report("sarif"))
