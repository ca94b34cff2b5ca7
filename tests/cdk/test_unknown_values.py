"""Values that the CDK looks up later are unknown, and what a function's build notices is reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Stack
from aws_cdk.aws_lambda import LayerVersion, Runtime
from aws_cdk.aws_ssm import StringParameter

from cdk_layers import LayeredFunction, LayerGrant
from cdk_layers.errors import CompatibilityError, LimitError
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


_UNDER_THE_CLI: Final = {"@aws-cdk/core:failSynthOnValidationErrors": False}
_ARN: Final = "arn:aws:lambda:eu-west-1:333333333333:layer:none:1"


@pytest.mark.parametrize(
    ("default", "rule"),
    [
        ("none", "malformed-layer-arn"),
        ("arn:aws:lambda:eu-west-1:333333333333:layer:none", "malformed-layer-arn"),
        (_ARN.replace("eu-west-1", "us-east-1"), "wrong-region"),
        (_ARN.replace("arn:aws:lambda:eu-west-1", "arn:aws-cn:lambda:cn-north-1"), "wrong-partition"),
        (_ARN, "duplicate-layer"),
    ],
)
@pytest.mark.parametrize("is_imported", [False, True])
def test_the_default_of_a_value_that_is_looked_up_later_is_judged_at_synth(
    tmp_path: Path, default: str, rule: str, is_imported: bool
) -> None:
    """The CLI looks values up only after a synthesis that ended, so an error at construction would be final."""
    app = new_app(tmp_path / "out", _UNDER_THE_CLI)
    stack = Stack(app, "Spoke", env=HUB)
    layers: list[Any] = [StringParameter.value_from_lookup(stack, f"/layers/{name}", default) for name in ("a", "b")]
    if is_imported:
        layers = [LayerVersion.from_layer_version_arn(stack, f"L{number}", arn) for number, arn in enumerate(layers)]
    function(stack, "F", layers=layers[:1]).add_layers(*layers[1:])
    app.synth()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [missing["props"]["parameterName"] for missing in manifest["missing"]] == ["/layers/a", "/layers/b"]
    assert rule in {one["ruleName"] for one in _violations(tmp_path / "out") if one["severity"] == "error"}


def test_what_no_lookup_changes_is_an_error_at_construction(tmp_path: Path) -> None:
    """The number of layers, and what layers of the app are, also next to a default that may change."""
    app = new_app(tmp_path / "out", _UNDER_THE_CLI)
    layers = hub(app, tmp_path, "base", compatible_runtimes=[Runtime.PYTHON_3_12])
    stack = Stack(app, "Spoke", env=HUB)
    with pytest.raises(LimitError, match="6 layers") as caught:
        function(stack, "Many", layers=["none"] * 6)
    assert [finding.rule for finding in caught.value.findings] == ["too-many-layers"]
    with pytest.raises(CompatibilityError, match="runtime-mismatch"):
        function(stack, "Other", layers=["none", layers["base"]])


def test_other_values_that_are_looked_up_later_are_unknown(tmp_path: Path) -> None:
    """In a grant, a handler, an environment variable and a description."""
    out = tmp_path / "out"
    app = new_app(out)
    layers = hub(app, tmp_path)
    grants: list[LayerGrant | str] = [
        LayerGrant.account(_looked_up(layers, "/accounts/partner")),
        _looked_up(layers, "/accounts/another"),
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
