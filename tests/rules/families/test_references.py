"""References to layers that lead nowhere, do not follow the layer, or lock it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.assembly.reader import read
from cdk_layers.rules.engine import judge
from tests.rules.subjects import SETTINGS, a_function, a_layer, an_arn, findings, severities

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7"


def _stack(folder: Path, name: str, template: dict[str, Any]) -> dict[str, Any]:
    (folder / f"{name}.json").write_text(json.dumps(template))
    return {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-west-1",
        "properties": {"templateFile": f"{name}.json", "stackName": name},
    }


def _found(folder: Path, **output: object) -> list[str]:
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {"S3Bucket": "b", "S3Key": "k"}}}
    hub = {"Resources": {"Base": layer}, "Outputs": {"BaseArn": {"Value": {"Ref": "Base"}}}}
    body = {"StackName": "Hub", "OutputName": "BaseArn", "Region": "eu-west-1", **output}
    properties = {"Runtime": "python3.13", "Handler": "a.b", "Layers": [{"Fn::GetStackOutput": body}]}
    spoke = {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
    artifacts = {"Hub": _stack(folder, "Hub", hub), "Spoke": _stack(folder, "Spoke", spoke)}
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))
    return [one.message for one in judge(read(folder), SETTINGS) if one.rule == "missing-output"]


def test_an_output_that_the_stack_lacks_is_found(tmp_path: Path) -> None:
    """The stack is in the app, so its template is all there will be."""
    (message,) = _found(tmp_path, OutputName="Elsewhere")

    assert "Fn::GetStackOutput Hub.Elsewhere" in message


@pytest.mark.parametrize(
    "output", [{}, {"StackName": "Foreign"}, {"Region": "us-east-1"}, {"OutputName": {"Ref": "Elsewhere"}}], ids=str
)
def test_outputs_that_are_there_or_unknown_are_not(tmp_path: Path, output: dict[str, object]) -> None:
    """Another stack, another Region, or a name that is not a literal may be anything."""
    assert _found(tmp_path, **output) == []


@pytest.mark.parametrize("reference", ["stack-output", "ssm-reference"])
@pytest.mark.parametrize(("asset", "follows", "expected"), [
    ("abc", set(), ["warning"]), ("abc", {"def"}, ["warning"]), ("abc", {"abc", "def"}, []),
    (None, set(), ["warning"]), (None, {"def"}, []),
])  # fmt: skip
def test_a_weak_reference_needs_something_to_follow(
    reference: str, asset: str | None, follows: set[str], expected: list[str]
) -> None:
    """Only a template that mentions the layer's own digest changes with the layer."""
    function = a_function(a_layer(asset=asset), reference=reference, follows=frozenset(follows))

    assert severities("stale-reference", function) == expected


def test_a_layer_that_was_not_built_has_no_digest_to_follow() -> None:
    """Where the CDK bundles no stack, as in `cdk list`, the digest that would be in the template is not known."""
    assert not findings("stale-reference", a_function(a_layer(is_unbuilt=True), reference="stack-output"))


@pytest.mark.parametrize("reference", ["same-stack", "import-value", "unknown"])
def test_other_references_are_not_stale(reference: str) -> None:
    """In one stack CloudFormation follows by itself, and an export follows by being redeployed."""
    assert not findings("stale-reference", a_function(a_layer(asset="abc"), reference=reference))
    assert not findings("stale-reference", a_function(an_arn(ARN), reference="parameter"))


@pytest.mark.parametrize(("reference", "expected"), [
    ("import-value", ["warning"]), ("stack-output", []), ("parameter", []), ("same-stack", []),
    ("ssm-reference", []),
])  # fmt: skip
def test_an_imported_arn_locks_its_export(reference: str, expected: list[str]) -> None:
    """Only `Fn::ImportValue` ties two stacks so that neither can change."""
    assert severities("locked-export", a_function(a_layer(), reference=reference)) == expected


_DIGEST = "a" * 64


def _weak(folder: Path, resources: dict[str, Any], outputs: dict[str, Any]) -> list[str]:
    """Return the findings of a stack next to that of a layer, which it refers to by `{"Fn::GetStackOutput": ...}`."""
    content = {"S3Bucket": "b", "S3Key": f"{_DIGEST}.zip"}
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}}
    hub = {"Resources": {"Base": layer}, "Outputs": {"BaseArn": {"Value": {"Ref": "Base"}}}}
    other = {"Resources": resources, "Outputs": outputs}
    artifacts = {"Hub": _stack(folder, "Hub", hub), "Other": _stack(folder, "Other", other)}
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))
    return [one.message for one in judge(read(folder), SETTINGS) if one.rule == "stale-reference"]


_ARN = {"Fn::GetStackOutput": {"StackName": "Hub", "OutputName": "BaseArn", "Region": "eu-west-1"}}
_PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/base", "Type": "String", "Value": _ARN}}
_JOINED = {"Type": "Custom::Moves", "Properties": {"Calls": [{"Body": {"Fn::Join": ["", ["arn=", _ARN]]}}]}}
_NESTED = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://b", "Parameters": {"A": _ARN}}}


@pytest.mark.parametrize(
    ("resources", "outputs", "named"),
    [
        ({"P": _PARAMETER}, {}, "'Other.json#P' refers"),
        ({"C": _JOINED}, {}, "'Other.json#C' refers"),
        ({}, {"O": {"Value": _ARN}}, "'Other/O' refers"),
        ({"P": _PARAMETER, "C": _JOINED}, {}, "'Other.json#P' and 'Other.json#C' refer"),
    ],
)
def test_what_refers_weakly_and_is_no_function_is_stale_too(
    tmp_path: Path, resources: dict[str, Any], outputs: dict[str, Any], named: str
) -> None:
    """The CDK CLI skips a stack whose template is the same, so an SSM parameter in it keeps the old ARN."""
    (message,) = _weak(tmp_path, resources, outputs)
    assert message.startswith(f"{named} to the layer 'Hub.json#Base' by a stack output")


@pytest.mark.parametrize(
    "resources",
    [
        {"P": _PARAMETER | {"Metadata": {"layer": _DIGEST}}},
        {"P": _PARAMETER, "Other": {"Type": "Custom::Any", "Properties": {"Digest": _DIGEST}}},
        {"N": _NESTED},
        {"P": _PARAMETER | {"Properties": {"Value": {"Ref": "AWS::StackName"}}}},
    ],
)
def test_a_template_that_changes_with_the_layer_is_not(tmp_path: Path, resources: dict[str, Any]) -> None:
    """Its digest anywhere in the template is enough. What a nested stack does with the ARN is in its own template."""
    assert _weak(tmp_path, resources, {}) == []
