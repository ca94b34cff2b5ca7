"""Findings that several functions of an app have: what is one violation, and which constructs it names."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import Acknowledgment, Fn, Stack, Validations
from aws_cdk.aws_lambda import Function, LayerVersion, Runtime

from cdk_layers import LayerValidation
from cdk_layers.cdk.violations import failure
from cdk_layers.errors import UsageError
from tests.cdk.apps import inline, new_app

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct


def _function(scope: Construct, name: str, **options: Any) -> Function:
    return Function(scope, name, **inline(**options))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Synthesize an app without the CLI, and return what the rules report about it."""
    out = tmp_path_factory.mktemp("repeats") / "cdk.out"
    app = new_app(out)
    spoke, other = Stack(app, "Spoke"), Stack(app, "Other")
    old = [_function(spoke, name, runtime=Runtime.PYTHON_3_9) for name in ("A", "B", "C")]
    Validations.of(old[1]).acknowledge(Acknowledgment(id="cdk-layers::deprecated-runtime", reason="Until May."))
    _function(spoke, "D", runtime=Runtime.PYTHON_3_9)
    _function(other, "A", runtime=Runtime.PYTHON_3_9)
    for name in ("E", "F"):
        _function(spoke, name, handler="nowhere.handler")
    layer = LayerVersion.from_layer_version_arn(spoke, "Imported", Fn.import_value("of-another-app"))
    _function(spoke, "G", layers=[layer])
    Validations.of(app).add_plugins(LayerValidation(today=date(2026, 1, 1)))
    with pytest.raises(RuntimeError):
        app.synth()
    return _report(out)


def _report(out: Path) -> dict[str, Any]:
    reports = json.loads((out / "validation-report.json").read_text())["pluginReports"]
    return cast("dict[str, Any]", next(each for each in reports if each["pluginName"] == "cdk-layers"))


def _of_rule(report: dict[str, Any], rule: str, kind: str = "violations") -> list[tuple[str, list[str]]]:
    """Return the text of each violation of a rule, with the constructs that it names."""
    return [
        (each["description"], [construct["constructPath"] for construct in each["violatingConstructs"]])
        for each in report[kind]
        if each["ruleName"] == rule
    ]


def test_a_warning_of_several_functions_is_told_once_in_each_stack(report: dict[str, Any]) -> None:
    """The violation names the first function, and its text those of the same stack that have not acknowledged it."""
    (spoke, named), (other, alone) = _of_rule(report, "deprecated-runtime")
    assert named == ["Spoke/A/Resource"]
    assert spoke.startswith("Function 'Spoke/A' ")
    assert spoke.endswith("The same in 2 other places: Spoke/C, Spoke/D.")
    assert alone == ["Other/A/Resource"]
    assert "The same" not in other


def test_an_acknowledged_function_of_several_keeps_its_reason(report: dict[str, Any]) -> None:
    """It is among the suppressed violations by its own construct."""
    [(text, named)] = _of_rule(report, "deprecated-runtime", "suppressedViolations")
    assert named == ["Spoke/B/Resource"]
    assert text.startswith("Function 'Spoke/B' ")


def test_an_error_names_the_construct_of_each_function(report: dict[str, Any]) -> None:
    """Without the CLI, which could leave them out, so that each can be found and acknowledged."""
    found = _of_rule(report, "handler-not-found")
    assert sorted(construct for _, named in found for construct in named) == ["Spoke/E/Resource", "Spoke/F/Resource"]
    assert not any("The same in" in text for text, _ in found)
    assert all("AWS error: \"Unable to import module 'nowhere'" in text for text, _ in found)


def test_under_the_cli_an_error_is_told_once_with_all_places(tmp_path: Path) -> None:
    """The text names the stacks, whatever the user selects, since the CLI leaves out constructs."""
    app = new_app(tmp_path / "cdk.out", {"@aws-cdk/core:failSynthOnValidationErrors": False})
    for name in ("One", "Two", "Three"):
        _function(Stack(app, name), "F", handler="nowhere.handler")
    Validations.of(app).add_plugins(LayerValidation(today=date(2026, 1, 1)))
    app.synth()
    [(text, named)] = _of_rule(_report(tmp_path / "cdk.out"), "handler-not-found")
    assert named == [""]
    assert text.startswith("One/F: ")
    assert text.endswith("The same in 2 other places: Two/F, Three/F.")


def test_what_is_known_only_at_deploy_is_a_fact_of_the_report(report: dict[str, Any]) -> None:
    """A layer by an export of another app is not checked, and the report does not hide that."""
    assert "Spoke/G" in report["metadata"]["notKnown"]
    assert "of-another-app" in report["metadata"]["notKnown"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("name"), "The app could not be validated. KeyError: 'name'"),
        (AssertionError(), "The app could not be validated. AssertionError: "),
        (UsageError("Pass a path."), "The app could not be validated. Pass a path."),
    ],
)
def test_an_error_of_the_plugin_itself_is_named(error: Exception, text: str) -> None:
    """The text of an error that is not one of this library is often nothing without the kind."""
    assert failure(error).description == text
