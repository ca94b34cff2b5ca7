"""Layers that are imported by a token, and that the app itself defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import CfnOutput, CfnParameter, Fn, NestedStack, ReferenceStrength, Stack, Token
from aws_cdk import CrossStackReferences as References
from aws_cdk.aws_cloudfront.experimental import EdgeFunction
from aws_cdk.aws_lambda import Code, LambdaInsightsVersion, LayerVersion, Runtime
from aws_cdk.aws_ssm import StringListParameter, StringParameter

from cdk_layers.app.model import Settings
from cdk_layers.assembly.reader import read
from cdk_layers.rules.engine import judge
from tests.cdk.apps import HUB, SORTING, function, hub, new_app

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from cdk_layers.app.model import App, Function
    from cdk_layers.findings import Finding

ARN = "arn:aws:lambda:eu-west-1:333333333333:layer:agent:7"
ROADS = (
    "Value", "Named", "Typed", "Dynamic", "Version", "Export", "Output", "Attribute", "Handed", "Elsewhere", "Object",
    "Account", "List",
)  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """Return an app in which each function gets the layer "Hub/zed" by another road, between an ARN and "Hub/abe"."""
    folder = tmp_path_factory.mktemp("imports")
    app = new_app(folder / "out", {SORTING: True})
    stack = hub(app, folder, "zed", "abe", parameter_prefix="/layers")
    (folder / "plain" / "python").mkdir(parents=True)
    (folder / "plain" / "python" / "shared.py").write_text("NAME = 1\n")
    CfnOutput(stack, "Out", value=stack["zed"].layer_version_arn, export_name="zed-arn")
    parameter = StringParameter(stack, "Unnamed", string_value=stack["zed"].layer_version_arn)
    StringListParameter(stack, "All", parameter_name="/all", string_list_value=[stack["zed"].layer_version_arn])
    References.of(parameter).produce(ReferenceStrength.WEAK)
    spoke = Stack(app, "Spoke", env=HUB)
    for road, arn in _arns(spoke, stack, parameter).items():
        imported = LayerVersion.from_layer_version_arn(spoke, road, arn)
        function(spoke, f"{road}Fn", layers=[ARN, imported, stack["abe"]])
        function(spoke, f"{road}Text", layers=[ARN, arn, stack["abe"]])
    _nest(spoke, stack)
    anywhere = Stack(app, "Anywhere")
    own = LayerVersion(anywhere, "Own", code=Code.from_asset(str(folder / "plain")))
    function(anywhere, "Insights", layers=[own], insights_version=LambdaInsightsVersion.VERSION_1_0_229_0)
    wrong = function(spoke, "Wrong", layers=[ARN, _read(spoke, "WrongImport"), stack["abe"]])
    resource: Any = wrong.node.default_child
    resource.add_property_override(
        "Layers",
        [ARN, stack["abe"].layer_version_arn, StringParameter.value_for_string_parameter(spoke, "/layers/zed")],
    )
    gone = function(spoke, "Gone", layers=[_read(spoke, "GoneImport"), stack["abe"]])
    other: Any = gone.node.default_child
    other.add_property_override("Layers", [stack["abe"].layer_version_arn])
    function(spoke, "Twice", layers=[stack["zed"], _read(spoke, "TwiceImport")])
    with pytest.raises(RuntimeError, match="layer-order-changed"):
        app.synth()
    return read(folder / "out")


def _read(scope: Construct, name: str) -> LayerVersion:
    arn = StringParameter.value_for_string_parameter(scope, "/layers/zed")
    return LayerVersion.from_layer_version_arn(scope, name, arn)  # type: ignore[return-value]


def _arns(spoke: Stack, stack: Any, parameter: StringParameter) -> dict[str, str]:
    """Return the ARN of "Hub/zed" by each road."""
    typed = CfnParameter(spoke, "TypedArn", type="AWS::SSM::Parameter::Value<String>", default="/layers/zed")
    listed = CfnParameter(spoke, "Arns", type="AWS::SSM::Parameter::Value<List<String>>", default="/all")
    return {
        "Value": StringParameter.value_for_string_parameter(spoke, "/layers/zed"),
        "Named": StringParameter.from_string_parameter_name(spoke, "ByName", "/layers/zed").string_value,
        "Typed": typed.value_as_string,
        "Dynamic": Fn.join("", ["{{resolve:ssm:", "/layers/zed", "}}"]),
        "Version": Token.as_string("{{resolve:ssm:/layers/zed:3}}"),
        "Export": Fn.import_value("zed-arn"),
        "Output": parameter.string_value,
        "Attribute": stack["zed"].layer_version_arn,
        "Handed": Fn.select(0, Fn.split("|", Fn.join("|", [stack["zed"].layer_version_arn, "x"]))),
        "Elsewhere": Fn.sub("${Zed}", {"Zed": Fn.import_value("zed-arn")}),
        "Object": StringParameter(spoke, "Copy", string_value=Fn.import_value("zed-arn")).string_value,
        "Account": Token.as_string("{{resolve:ssm:arn:aws:ssm:eu-west-1:111111111111:parameter/layers/zed}}"),
        "List": Fn.select(0, listed.value_as_list),
    }


def _nest(spoke: Stack, stack: Any) -> None:
    nested = NestedStack(spoke, "Nested", parameters={"ZedArn": stack["zed"].layer_version_arn})
    given = CfnParameter(nested, "ZedArn")
    handed = LayerVersion.from_layer_version_arn(nested, "Given", given.value_as_string)
    function(nested, "Inside", layers=[handed, stack["abe"]])


def _named(app: App, path: str) -> Function:
    (found,) = (one for one in app.functions if one.where.path == path)
    return found


def _findings(app: App, path: str, rule: str) -> list[Finding]:
    return [one for one in judge(app, Settings()) if one.rule == rule and one.where.path == path]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kind", ["Fn", "Text"])
def test_an_import_is_the_layer_that_it_leads_to(app: App, road: str, kind: str) -> None:
    """Whatever road an ARN takes through the app, the layer behind it is the declared one."""
    found = _named(app, f"Spoke/{road}{kind}")

    assert [layer.label for layer in found.used_layers] == [ARN, "Hub/zed", "Hub/abe"]
    assert found.declared_layers == (ARN, "Hub/zed", "Hub/abe")
    assert not _findings(app, found.where.path, "layer-order-changed")


def test_an_arn_that_a_nested_stack_is_given_is_the_layer(app: App) -> None:
    """A nested stack's parameter leads to the layer of another stack."""
    found = _named(app, "Spoke/Nested/Inside")

    assert found.declared_layers == ("Hub/zed", "Hub/abe")
    assert [layer.label for layer in found.used_layers] == ["Hub/zed", "Hub/abe"]


def test_an_extension_whose_arn_is_a_mapping_is_in_its_place(app: App) -> None:
    """Without a Region, the CDK's Insights layer is an expression, which is the same on both sides."""
    assert not _findings(app, "Anywhere/Insights", "layer-order-changed")


def test_another_order_of_imports_is_found(app: App) -> None:
    """An override that swaps an imported layer with another is an error, named by the layers themselves."""
    (finding,) = _findings(app, "Spoke/Wrong", "layer-order-changed")

    assert "'Hub/zed' and 'Hub/abe', and the template lists" in finding.message


def test_an_import_that_was_left_out_is_found(app: App) -> None:
    """An override that drops an imported layer is an error."""
    (finding,) = _findings(app, "Spoke/Gone", "layer-order-changed")

    assert "leaves out 'Hub/zed'" in finding.message


def test_a_layer_and_its_import_are_one_layer_twice(app: App) -> None:
    """Lambda rejects a function that names a layer directly and by its ARN from SSM."""
    assert [one.severity for one in _findings(app, "Spoke/Twice", "duplicate-layer")] == ["error"]


def test_a_layer_at_the_edge_is_told_as_what_it_is(tmp_path: Path) -> None:
    """An `EdgeFunction` with a layer of its own stack: moving the layer elsewhere would not help."""
    app = new_app(tmp_path / "out")
    stack = hub(app, tmp_path, "zed")
    code = Code.from_inline("def handler(event, context): pass")
    EdgeFunction(stack, "Edge", code=code, handler="index.handler", runtime=Runtime.PYTHON_3_13, layers=[stack["zed"]])
    with pytest.raises(RuntimeError, match="Lambda@Edge functions cannot have layers") as caught:
        app.synth()
    assert "another stack" not in str(caught.value)
