"""Properties that conditions add or remove as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.app.model import Settings
from cdk_layers.rules.engine import judge
from tests.assembly.templates import labels, read_function, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import App

_CONDITIONS = """
Parameters: {Traced: {Type: String}}
Conditions: {IsTraced: !Equals [!Ref Traced, 'yes']}
"""
_TRACING = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:1"


def _app(folder: Path, properties: str) -> App:
    """Return an app of one function, whose properties may depend on a condition."""
    function = f"{{Type: AWS::Lambda::Function, Properties: {{{properties}}}}}"
    return read_text(folder, f"{_CONDITIONS}\nResources:\n  Report: {function}\n")


@pytest.mark.parametrize("layers", ["!Ref AWS::NoValue", "{Ref: 'AWS::NoValue'}", "[!Ref AWS::NoValue]", "[]"])
def test_a_removed_list_of_layers_is_empty(tmp_path: Path, layers: str) -> None:
    """A function whose layers are removed has none: it is not a function with unknown layers."""
    assert read_function(tmp_path, f"Layers: {layers}").layers == ()


def test_a_condition_may_remove_all_layers(tmp_path: Path) -> None:
    """The function is judged with its layers and without them."""
    app = _app(tmp_path, f"Runtime: python3.13, Layers: !If [IsTraced, [{_TRACING}], !Ref AWS::NoValue]")

    assert {function.scenario: labels(function) for function in app.functions} == {
        "IsTraced=true": [_TRACING],
        "IsTraced=false": [],
    }
    assert not any("list of layers" in sentence for sentence in map(str, app.unread))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("!If [IsTraced, {Variables: {PYTHONPATH: /var/task}}, !Ref AWS::NoValue]", [{"PYTHONPATH": "/var/task"}, {}]),
        ("{Variables: !If [IsTraced, {A: b}, !Ref AWS::NoValue]}", [{"A": "b"}, {}]),
        ("{Variables: {A: !If [IsTraced, b, !Ref AWS::NoValue]}}", [{"A": "b"}, {}]),
        ("{Variables: {'Fn::Transform': {Name: AWS::Include}}}", [None]),
        ("{'Fn::Transform': {Name: AWS::Include}}", [None]),
    ],
)
def test_environments_are_evaluated(
    tmp_path: Path, environment: str, expected: list[dict[str, str | None] | None]
) -> None:
    """Whole environments may depend on a condition too, and are unknown if a macro writes them."""
    app = _app(tmp_path, f"Runtime: python3.13, Environment: {environment}")

    assert [function.environment for function in app.functions] == expected


@pytest.mark.parametrize(
    "properties",
    [
        "Environment: !If [IsTraced, {Variables: {PYTHONPATH: /var/task}}, !Ref AWS::NoValue], Architectures: [arm64]",
        "Environment: {Variables: {PYTHONPATH: /var/task}}, Architectures: [!If [IsTraced, arm64, x86_64]]",
        "Environment: {Variables: {PYTHONPATH: /var/task}}, MemorySize: !If [IsTraced, 256, 128]",
    ],
)
def test_a_finding_names_the_conditions_of_every_property(tmp_path: Path, properties: str) -> None:
    """No property is evaluated after the scenario got its name."""
    app = _app(tmp_path, f"Runtime: python3.11, Layers: ['{_TRACING}'], {properties}")
    assert [function.scenario for function in app.functions] == ["IsTraced=true", "IsTraced=false"]
    findings = [finding for finding in judge(app, Settings()) if finding.rule == "pythonpath-hides-layers"]
    assert findings
    assert not any("This is so when ." in finding.message for finding in findings)


@pytest.mark.parametrize(
    ("layer", "arn"),
    [("!Ref Tracing", None), ("!If [IsTraced, !Ref Tracing, !Ref Tracing]", None), ("''", ""),
     ("!If [IsTraced, '', '']", "")],
)  # fmt: skip
def test_an_empty_default_is_to_be_replaced(tmp_path: Path, layer: str, arn: str | None) -> None:
    """The default of a parameter that is empty stands for a value that the deploy has to give; a literal does not."""
    app = read_text(
        tmp_path,
        f"""
Parameters: {{Traced: {{Type: String}}, Tracing: {{Type: String, Default: ''}}}}
Conditions: {{IsTraced: !Equals [!Ref Traced, 'yes']}}
Resources:
  Report: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13, Layers: [{layer}]}}}}
""",
    )

    assert {layer.raw_arn for function in app.functions for layer in function.used_layers} == {arn}
    is_malformed = any(finding.rule == "malformed-layer-arn" for finding in judge(app, Settings()))
    assert is_malformed == (arn is not None)


@pytest.mark.parametrize(
    ("layers", "unknown"),
    [("!Ref More", {"${More}"}), ("!Split [',', !Join [',', !Ref More]]", {"${?}"}),
     ("!If [IsTraced, !Ref More, !Ref AWS::NoValue]", {"${?}"}), ("['']", set())],
)  # fmt: skip
def test_an_empty_list_by_default_is_to_be_replaced(tmp_path: Path, layers: str, unknown: set[str]) -> None:
    """The one empty item of a list parameter without a usable default is not an ARN."""
    app = read_text(
        tmp_path,
        f"""
Parameters: {{Traced: {{Type: String}}, More: {{Type: CommaDelimitedList, Default: ''}}}}
Conditions: {{IsTraced: !Equals [!Ref Traced, 'yes']}}
Resources:
  Report: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13, Layers: {layers}}}}}
""",
    )

    assert {layer.name for function in app.functions for layer in function.used_layers if layer.name} == unknown
    is_malformed = any(finding.rule == "malformed-layer-arn" for finding in judge(app, Settings()))
    assert is_malformed == (not unknown)


@pytest.mark.parametrize(
    ("principal", "is_malformed"),
    [("!Ref Account", False), ("!Select [0, !Split [',', !Ref Account]]", False), ("''", True)],
)
def test_a_grant_to_an_empty_default_is_to_be_replaced(tmp_path: Path, principal: str, is_malformed: bool) -> None:
    """The account of a permission may be a parameter without a usable default, too."""
    app = read_text(tmp_path, f"""
Parameters: {{Account: {{Type: String, Default: ''}}}}
Resources:
  G: {{Type: AWS::Lambda::LayerVersionPermission, Properties: {{LayerVersionArn: {_TRACING}, Principal: {principal}}}}}
""")  # fmt: skip

    assert any(finding.rule == "malformed-principal" for finding in judge(app, Settings())) == is_malformed


@pytest.mark.parametrize(
    ("properties", "rule"),
    [
        ("Principal: '*', OrganizationId: !If [IsTraced, o-a1b2c3d4e5, !Ref AWS::NoValue]", "public-grant"),
        ("Principal: !If [IsTraced, '222222222222', '2222']", "malformed-principal"),
    ],
)
def test_a_finding_about_a_grant_names_its_conditions(tmp_path: Path, properties: str, rule: str) -> None:
    """A grant is public only where the condition removes its organization, for example."""
    app = read_text(tmp_path, f"""{_CONDITIONS}
Resources:
  G: {{Type: AWS::Lambda::LayerVersionPermission, Properties: {{LayerVersionArn: {_TRACING}, {properties}}}}}
""")  # fmt: skip
    (finding,) = (finding for finding in judge(app, Settings()) if finding.rule == rule)

    assert finding.message.endswith("This is so when IsTraced=false.")
