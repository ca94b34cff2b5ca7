"""Templates that macros, included snippets and loops complete at deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.app.model import Settings
from cdk_layers.rules.engine import judge
from tests.assembly.templates import read_text

if TYPE_CHECKING:
    from pathlib import Path

_FUNCTION = """
  Report:
    Type: AWS::Lambda::Function
    Properties: {Code: code, Handler: main.handler, Runtime: python3.13%s}
"""


def _write_code(folder: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "main.py").write_text("import datadog_lambda\ndef handler(event, context): ...\n")


@pytest.mark.parametrize(
    "transform",
    [
        "Transform: DatadogServerless",
        "Transform: [AWS::Serverless-2016-10-31, DatadogServerless]",
        "Transform: [{Name: '111111111111::Tracing', Parameters: {stack: x}}]",
    ],
)
def test_macros_may_add_layers(tmp_path: Path, transform: str) -> None:
    """What a macro of the account adds is not known, so that an import is not said to be missing."""
    _write_code(tmp_path)
    app = read_text(tmp_path, f"{transform}\nResources:\n{_FUNCTION % ''}")

    assert [finding.rule for finding in judge(app, Settings())] == []
    assert "the macro" in " ".join(map(str, app.unread))


def test_a_snippet_in_a_functions_properties_may_add_layers(tmp_path: Path) -> None:
    """Snippets that CloudFormation includes are as unknown as macros."""
    _write_code(tmp_path)
    app = read_text(tmp_path, f"Resources:\n{_FUNCTION % ', Fn::Transform: {Name: AWS::Include}'}")

    assert [finding.rule for finding in judge(app, Settings())] == []
    assert "'AWS::Include'" in " ".join(map(str, app.unread))


@pytest.mark.parametrize("transform", ["AWS::Serverless-2016-10-31", "[AWS::LanguageExtensions]"])
def test_transforms_of_aws_leave_functions_alone(tmp_path: Path, transform: str) -> None:
    """An import is still missing if SAM or the language extensions process the template."""
    _write_code(tmp_path)
    app = read_text(tmp_path, f"Transform: {transform}\nResources:\n{_FUNCTION % ''}")

    assert [finding.rule for finding in judge(app, Settings())] == ["missing-import"]
    assert app.unread == ()


@pytest.mark.parametrize(
    "conditions",
    [
        "Conditions: {'Fn::ForEach::Stages': [Stage, [prod], {'Is${Stage}': !Equals [!Ref Name, !Ref Stage]}]}",
        "Conditions: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://b/conditions.yaml}}}",
        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/sections.yaml}}",
        "Transform: Stages",
    ],
)
def test_conditions_that_are_generated_are_open(tmp_path: Path, conditions: str) -> None:
    """A condition that a loop, a snippet or a macro defines may be true or false."""
    arn = "arn:aws:lambda:eu-west-1:111111111111:layer:base:1"
    layers = f", Layers: [!If [Isprod, '{arn}', !Ref AWS::NoValue]]"
    app = read_text(tmp_path, f"{conditions}\nResources:\n{_FUNCTION % layers}")

    assert {function.scenario: len(function.used_layers) for function in app.functions} == {
        "Isprod=true": 1,
        "Isprod=false": 0,
    }


@pytest.mark.parametrize(
    "generated",
    [
        "'Fn::ForEach::Reports': [Name, [A, B], {'Report${Name}': {Type: AWS::Lambda::Function}}]",
        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/functions.yaml}}",
    ],
)
def test_generated_resources_are_said_to_be_unread(tmp_path: Path, generated: str) -> None:
    """The report names what adds resources that are not checked."""
    app = read_text(tmp_path, f"Resources:\n  {generated}\n{_FUNCTION % ''}")

    assert len(app.functions) == 1
    assert "are not read, so functions and layers among them are not checked" in str(app.unread[0])


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::SNS::Topic"])
def test_loops_without_functions_are_not_mentioned(tmp_path: Path, kind: str) -> None:
    """A loop over tables leaves nothing out; one in a loop that makes a layer does."""
    table = f"'Fn::ForEach::Tables': [Name, [A, B], {{'Table${{Name}}': {{Type: {kind}}}}}]"
    layer = "'Fn::ForEach::X': [X, [A], {'Fn::ForEach::Y': [Y, [B], {'L${X}${Y}': {Type: AWS::Lambda::LayerVersion}}]}]"
    unread = read_text(tmp_path, f"Resources:\n  {table}\n  {layer}\n{_FUNCTION % ''}").unread
    assert ["Fn::ForEach::X" in sentence for sentence in map(str, unread) if "Fn::" in sentence] == [True]
