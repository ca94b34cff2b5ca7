"""Values that the CDK looks up later are unknown, and what a function's build notices is reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk.aws_lambda import LayerVersion, Runtime
from aws_cdk.aws_ssm import StringParameter

from cdk_layers import LayeredFunction, LayerGrant
from tests.cdk.apps import HUB, entry, function, hub, new_app

if TYPE_CHECKING:
    from pathlib import Path


def _violations(out: Path) -> list[dict[str, Any]]:
    report = out / "validation-report.json"
    reports = json.loads(report.read_text())["pluginReports"] if report.exists() else []
    return [violation for one in reports for violation in one["violations"]]


def _looked_up(stack: Stack, name: str) -> str:
    return StringParameter.value_from_lookup(stack, name)


def test_an_arn_that_is_looked_up_later_is_unknown(tmp_path: Path) -> None:
    """Otherwise the app fails before the CLI can look it up: a first synth has the CDK's dummy in its place."""
    out = tmp_path / "out"
    app = new_app(out)
    stack = Stack(app, "Spoke", env=HUB)
    function(stack, "Named", layers=[_looked_up(stack, "/layers/base")])
    imported = LayerVersion.from_layer_version_arn(stack, "Imported", _looked_up(stack, "/layers/base"))
    function(stack, "Imports", layers=[imported]).add_layers(_looked_up(stack, "/layers/other"))
    app.synth()
    assert {one["ruleName"] for one in _violations(out)} <= {"size-unknown"}


def test_other_values_that_are_looked_up_later_are_unknown(tmp_path: Path) -> None:
    """In a grant, a handler, an environment variable and a description."""
    out = tmp_path / "out"
    app = new_app(out)
    layers = hub(app, tmp_path)
    grants = [
        LayerGrant.account(_looked_up(layers, "/accounts/partner")),
        LayerGrant.organization(_looked_up(layers, "/organization")),
    ]
    layers.add_layer("base", entry=entry(tmp_path, "base"), grants=grants, description=_looked_up(layers, "/text"))
    LayeredFunction(
        layers, "F", entry=entry(tmp_path, "code"), handler=_looked_up(layers, "/handler"), runtime=Runtime.PYTHON_3_13,
        environment={"PYTHONPATH": _looked_up(layers, "/path")},
    )  # fmt: skip
    app.synth()
    assert [one for one in _violations(out) if one["severity"] == "error"] == []


def test_what_the_build_of_a_function_notices_is_reported(tmp_path: Path) -> None:
    """As for a layer: a manifest in its entry that installs nothing."""
    out = tmp_path / "out"
    app = new_app(out)
    code = entry(tmp_path, "code")
    (code / "Pipfile").write_text('[packages]\nsix = "*"\n')
    stack = Stack(app, "Spoke", env=HUB)
    base = hub(app, tmp_path, "base")["base"]
    given: dict[str, Any] = {"entry": code, "handler": "code_code.NAME", "runtime": Runtime.PYTHON_3_13}
    LayeredFunction(stack, "Alone", **given)
    LayeredFunction(stack, "Layered", layers=[base], **given)
    app.synth()
    told = [one for one in _violations(out) if one["ruleName"] == "ignored-manifest"]
    assert [each["constructPath"] for one in told for each in one["violatingConstructs"]] == ["Spoke/Alone/Resource"]
    assert all("Pipfile" in one["description"] for one in told)
    assert "The same in 1 other place: Spoke/Layered." in told[0]["description"]
