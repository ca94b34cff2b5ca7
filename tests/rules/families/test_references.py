"""References to layers that lead nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.assembly.reader import read
from cdk_layers.rules.engine import judge
from tests.rules.subjects import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path


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
