"""Nested stacks that are defined twice: from one template, and with equal logical ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, NestedStack, Stack
from aws_cdk.aws_lambda import Code, Function, Runtime

from cdk_layers.assembly.reader import read
from tests.assembly.templates import INLINE, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct


def test_one_template_can_be_nested_twice(tmp_path: Path) -> None:
    """It nests itself only if it is on the way to itself."""
    (tmp_path / "inner.yaml").write_text(
        f"Resources: {{Report: {{Type: AWS::Lambda::Function, Properties: {{Code: {INLINE}, Runtime: python3.13}}}}}}\n"
    )
    nested = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}"
    app = read_text(tmp_path, f"Resources:\n  First: {nested}\n  Second: {nested}\n")
    assert [function.runtime for function in app.functions] == ["python3.13"] * 2
    assert app.unread == ()


@pytest.mark.parametrize("has_paths", [True, False])
def test_functions_with_equal_logical_ids_have_their_own_paths(tmp_path: Path, has_paths: bool) -> None:
    """Two nested stacks of one class have equal logical ids, and templates need not have the paths of constructs."""
    app = App(outdir=str(tmp_path / "cdk.out"), context={"aws:cdk:enable-path-metadata": has_paths})

    def define(scope: Construct) -> None:
        code = Code.from_inline("def handler(event, context): pass")
        Function(scope, "Report", code=code, handler="index.handler", runtime=Runtime.PYTHON_3_13)

    hub = Stack(app, "Hub")
    for scope in (NestedStack(hub, "A"), NestedStack(hub, "B"), hub, Stack(app, "Spoke")):
        define(scope)
    app.synth()
    found = read(tmp_path / "cdk.out").functions
    assert sorted(function.where.path for function in found) == [
        "Hub/A/Report", "Hub/B/Report", "Hub/Report", "Spoke/Report",
    ]  # fmt: skip
