"""References to layers across nested stacks, stages, accounts and Regions: wired, or refused with the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    Acknowledgment,
    CfnOutput,
    CfnParameter,
    Environment,
    NestedStack,
    ReferenceStrength,
    Stack,
    Stage,
    Validations,
)
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_lambda import Function, Runtime
from aws_cdk.aws_servicecatalog import ProductStack
from aws_cdk.aws_ssm import CfnParameter as SsmParameter

from cdk_layers import SharedPythonLayer
from cdk_layers.cdk.follow.crossing import needs_parameter
from cdk_layers.cdk.follow.references import shared_layer
from cdk_layers.errors import UsageError
from tests.cdk.apps import HUB, SPOKE, entry, function, functions, hub, inline, new_app
from tests.cdk.follow.test_references import digests, synthesize

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import App
    from constructs import Construct


def _layer(scope: Construct, folder: Path, **options: Any) -> SharedPythonLayer:
    return SharedPythonLayer(
        scope, "Base", entry=entry(folder, "base"), compatible_runtimes=[Runtime.PYTHON_3_13], **options
    )


def _nested(app: App, folder: Path, depth: int, **options: Any) -> tuple[Stack, SharedPythonLayer]:
    stack = Stack(app, "Hub", env=HUB)
    inner: Stack = stack
    for number in range(depth):
        inner = NestedStack(inner, f"Inner{number}")
    return inner, _layer(inner, folder, **options)


def _layers_of(templates: dict[str, Any], stack: str, name: str) -> list[Any]:
    found: list[Any] = functions(templates[stack])[name]["Properties"]["Layers"]
    return found


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("env", [HUB, SPOKE], ids=["own account", "other account"])
def test_a_layer_of_a_nested_stack_is_referred_to_without_importing(
    tmp_path: Path, depth: int, env: Environment
) -> None:
    """The reference goes through the parent, is weak at any depth, and the functions follow."""
    app = new_app(tmp_path / "out")
    _, base = _nested(app, tmp_path, depth)
    spoke = Stack(app, "Spoke", env=env)
    function(spoke, "Layered", layers=[base])
    if env is HUB:
        Function(spoke, "Plain", layers=[base], **inline())
    templates = synthesize(app, tmp_path / "out")
    for name, made in functions(templates["Spoke"]).items():
        assert [list(layer) for layer in _layers_of(templates, "Spoke", name)] == [["Fn::GetStackOutput"]]
        assert list(digests(made)) == [base.node.path]


def test_other_references_to_the_nested_stack_keep_their_exports(tmp_path: Path) -> None:
    """A stack that is deployed already may import them, so a layer beside them must not take them away."""
    app = new_app(tmp_path / "out")
    inner, _ = _nested(app, tmp_path, 1)
    parameter = SsmParameter(inner, "Table", type="String", value="orders")
    CfnOutput(Stack(app, "Spoke", env=HUB), "Used", value=parameter.ref)
    templates = synthesize(app, tmp_path / "out")
    assert [one for one in templates["Hub"]["Outputs"].values() if "Export" in one]


def test_the_users_strength_counts_for_a_nested_stack_too(tmp_path: Path) -> None:
    """Who asks for an export gets one."""
    app = new_app(tmp_path / "out")
    _, base = _nested(app, tmp_path, 1, reference_strength=ReferenceStrength.STRONG)
    spoke = Stack(app, "Spoke", env=HUB)
    function(spoke, "Layered", layers=[base])
    Validations.of(spoke).acknowledge(Acknowledgment(id="cdk-layers::locked-export", reason="It is wanted."))
    templates = synthesize(app, tmp_path / "out")
    assert [list(layer) for layer in _layers_of(templates, "Spoke", "Layered")] == [["Fn::ImportValue"]]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_nested_function_of_another_account_gets_the_layer_by_a_parameter(tmp_path: Path, depth: int) -> None:
    """The CDK refuses a reference of its own there, since a nested stack has no execution role."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    # CloudFormation's names of parameters have no dashes.
    similar = SharedPythonLayer(
        layers, "ba-se", entry=entry(tmp_path, "other"), compatible_runtimes=[Runtime.PYTHON_3_13]
    )
    spoke = Stack(app, "Spoke", env=SPOKE)
    inner: Stack = spoke
    for _ in range(depth):
        inner = NestedStack(inner, "Inner")
    function(inner, "One", layers=[layers["base"], similar]).current_version  # noqa: B018
    function(inner, "Two").add_layers(layers["base"])
    templates = synthesize(app, tmp_path / "out")
    nested = next(one for one in templates.values() if "One" in functions(one))
    used = nested["Parameters"]
    given = {layer["Ref"] for layer in functions(nested)["One"]["Properties"]["Layers"]}
    assert (len(given), given <= used.keys()) == (2, True)
    assert functions(nested)["Two"]["Properties"]["Layers"] == functions(nested)["One"]["Properties"]["Layers"][:1]
    assert sorted(digests(functions(nested)["One"])) == ["Hub/ba-se", "Hub/base"]
    (stack,) = (one for one in templates["Spoke"]["Resources"].values() if one["Type"] == "AWS::CloudFormation::Stack")
    assert all("RoleArn" in value["Fn::GetStackOutput"] for value in stack["Properties"]["Parameters"].values())


def test_a_plain_nested_function_of_another_account_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """It names the function, the layer and the way out, before the CDK speaks of execution roles."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    Function(NestedStack(Stack(app, "Spoke", env=SPOKE), "Inner"), "Plain", layers=[layers["base"]], **inline())
    with pytest.raises(RuntimeError, match=r"'Spoke/Inner/Plain'.*'Hub/base'.*Use a LayeredFunction"):
        app.synth()


@pytest.mark.parametrize("env", [HUB, SPOKE], ids=["own account", "other account"])
@pytest.mark.parametrize("consumer", ["another stage", "the app"])
def test_a_layer_of_a_stage_is_refused_outside_of_it(tmp_path: Path, consumer: str, env: Environment) -> None:
    """The CDK has synthesized that stage before it sees the function, and would name an output that is not there."""
    app = new_app(tmp_path / "out")
    base = hub(Stage(app, "One"), tmp_path, "base")["base"]
    spoke = Stack(Stage(app, "Two") if consumer == "another stage" else app, "Spoke", env=env)
    with pytest.raises(UsageError, match=r"Spoke/F'.*'One/Hub/base'.*function's stage, too.*parameter_prefix"):
        function(spoke, "F", layers=[base])


@pytest.mark.parametrize("env", [HUB, None], ids=["own account", "unknown account"])
def test_a_layer_of_the_app_is_refused_in_a_stage_of_the_same_account(tmp_path: Path, env: Environment | None) -> None:
    """There the CDK needs a dependency, and knows none across stages; its own message names no way out."""
    app = new_app(tmp_path / "out")
    base = hub(app, tmp_path, "base")["base"]
    with pytest.raises(UsageError, match=r"'Dev/Spoke/F'.*\('Dev' and the app\)"):
        function(Stack(Stage(app, "Dev"), "Spoke", env=env), "F", layers=[base])


def test_only_a_nested_stack_of_another_account_needs_a_parameter(tmp_path: Path) -> None:
    """An account that only the deploy knows is not another one."""
    app = new_app(tmp_path / "out")
    shared = shared_layer(hub(app, tmp_path, "base")["base"])
    assert shared is not None
    for name, env, expected in (("Own", HUB, False), ("Other", SPOKE, True), ("Unknown", None, False)):
        outer = Stack(app, name, env=env)
        assert not needs_parameter(outer, shared)
        assert needs_parameter(NestedStack(outer, "Inner"), shared) == expected


def test_a_layer_of_the_app_is_followed_by_a_stage_of_another_account(tmp_path: Path) -> None:
    """The output is there, so the function follows, and a warning says what to deploy first."""
    app = new_app(tmp_path / "out")
    base = hub(app, tmp_path, "base")["base"]
    spoke = Stack(Stage(app, "Dev"), "Spoke", env=SPOKE)
    function(spoke, "F", layers=[base])
    templates = synthesize(app, tmp_path / "out")
    made = next(functions(one)["F"] for one in templates.values() if "F" in functions(one))
    (layer,) = made["Properties"]["Layers"]
    assert layer["Fn::GetStackOutput"]["OutputName"] in templates["Hub"]["Outputs"]
    assert list(digests(made)) == ["Hub/base"]
    assert any("deploy 'Hub' first" in one for one in _warnings(spoke))


def _warnings(stack: Stack) -> list[str]:
    return [str(one.entry.data) for one in Annotations.from_stack(stack).find_warning("*", Match.any_value())]


def test_stacks_of_one_name_in_two_regions_are_refused_for_other_accounts(tmp_path: Path) -> None:
    """Both would define an IAM role of the same name, and only the first could be deployed."""
    app = new_app(tmp_path / "out")
    for region in ("eu-west-1", "us-east-1"):
        own, other = (Environment(account=one.account, region=region) for one in (HUB, SPOKE))
        layers = hub(app, tmp_path, "base", stack=f"Hub-{region}", stack_name="layers", env=own)
        function(Stack(app, f"Own-{region}", env=own), "F", layers=[layers["base"]])
        spoke = Stack(app, f"Spoke-{region}", env=other)
        if region == "eu-west-1":
            function(spoke, "F", layers=[layers["base"]])
        else:
            with pytest.raises(UsageError, match=r"'Hub-eu-west-1' and 'Hub-us-east-1'.*'layers-us-east-1'"):
                function(spoke, "F", layers=[layers["base"]])


def test_stacks_of_two_names_in_two_regions_are_not(tmp_path: Path) -> None:
    """The way out that the error names."""
    app = new_app(tmp_path / "out")
    for region in ("eu-west-1", "us-east-1"):
        own, other = (Environment(account=one.account, region=region) for one in (HUB, SPOKE))
        layers = hub(app, tmp_path, "base", stack=f"Hub-{region}", stack_name=f"layers-{region}", env=own)
        function(Stack(app, f"Spoke-{region}", env=other), "F", layers=[layers["base"]])
    templates = synthesize(app, tmp_path / "out")
    roles = [
        one["Properties"]["RoleName"]
        for template in templates.values()
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::Role" and "RoleName" in one["Properties"]
    ]
    assert len(set(roles)) == 2


_REGION = Environment(region="eu-west-1")
_ACCOUNT = Environment(account="111111111111")


@pytest.mark.parametrize(
    ("layers", "functions_of"),
    [(HUB, None), (None, HUB), (_REGION, HUB), (_ACCOUNT, HUB), (HUB, _ACCOUNT), (_REGION, None)],
)
def test_environments_that_the_cdk_cannot_compare_are_refused(
    tmp_path: Path, layers: Environment | None, functions_of: Environment | None
) -> None:
    """The sentence names both stacks and what to pass. The CDK's names an output, or a role of unknown-account."""
    app = new_app(tmp_path / "out")
    base = _layer(Stack(app, "Hub", env=layers), tmp_path)
    with pytest.raises(UsageError, match=r"'Spoke' \(account .*'Hub/Base' \(account .*env=.* both 'Spoke' and 'Hub'"):
        function(Stack(app, "Spoke", env=functions_of), "F", layers=[base])


def test_a_plain_function_is_refused_for_its_environment_too(tmp_path: Path) -> None:
    """It is seen at synthesis, before the CDK resolves references."""
    app = new_app(tmp_path / "out")
    base = _layer(Stack(app, "Hub", env=HUB), tmp_path)
    Function(Stack(app, "Spoke"), "F", layers=[base], **inline())
    with pytest.raises(RuntimeError, match=r"'Spoke' \(account unknown, Region unknown\).* both 'Spoke' and 'Hub'"):
        app.synth()


def test_another_region_of_an_unknown_account_can_be_compared(tmp_path: Path) -> None:
    """Both Regions are known, so the finding is that Lambda accepts no layer of another Region."""
    app = new_app(tmp_path / "out")
    base = _layer(Stack(app, "Hub", env=_REGION), tmp_path)
    Function(Stack(app, "Spoke", env=Environment(region="us-east-1")), "F", layers=[base], **inline())
    with pytest.raises(RuntimeError, match="wrong-region"):
        app.synth()


@pytest.mark.parametrize("env", [None, _REGION, _ACCOUNT], ids=["none", "Region", "account"])
def test_equal_environments_suffice(tmp_path: Path, env: Environment | None) -> None:
    """What the CDK knows of neither stack is not compared."""
    app = new_app(tmp_path / "out")
    base = _layer(Stack(app, "Hub", env=env), tmp_path)
    function(Stack(app, "Spoke", env=env), "F", layers=[base])
    templates = synthesize(app, tmp_path / "out")
    assert [list(layer) for layer in _layers_of(templates, "Spoke", "F")] == [["Fn::GetStackOutput"]]


def test_a_product_gets_the_arn_of_another_account_by_a_parameter(tmp_path: Path) -> None:
    """It can have no other synthesizer, which the CDK proposes."""
    app = new_app(tmp_path / "out")
    base = _layer(Stack(app, "Hub", env=HUB), tmp_path)
    product = ProductStack(Stack(app, "Catalog", env=HUB), "Offer")
    with pytest.raises(UsageError, match=r"'Catalog/Offer'.*Add a CfnParameter.*outputs of 'Hub'"):
        function(product, "F", layers=[base])
    function(product, "G", layers=[CfnParameter(product, "Base").value_as_string])


def test_the_cdk_does_not_recommend_a_strength_for_what_has_one(tmp_path: Path) -> None:
    """Its warning names a feature flag that changes nothing for references to shared layers."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    spoke = Stack(app, "Spoke", env=HUB)
    function(spoke, "Layered", layers=[layers["base"]])
    plain = Stack(app, "Plain", env=HUB)
    Function(NestedStack(plain, "Inner"), "Plain", layers=[layers["base"]], **inline())
    app.synth()
    assert _warnings(spoke) == _warnings(plain) == []
