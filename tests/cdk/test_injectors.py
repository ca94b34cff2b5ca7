"""Property injectors that add layers to functions: the layers are kept, followed, and checked like declared ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import IPropertyInjector, PropertyInjectors, Stack
from aws_cdk.aws_lambda import Function, LambdaInsightsVersion, LayerVersion
from constructs import Construct

from cdk_layers.app.metadata import LAYER_DIGESTS
from cdk_layers.errors import IdentityError
from tests.cdk.apps import HUB, SORTING, SPOKE, function, functions, hub, new_app, resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aws_cdk import App
    from aws_cdk.aws_lambda import ILayerVersion

ARN = "arn:aws:lambda:eu-west-1:333333333333:layer:agent:7"


def _inject(scope: Construct, change: Callable[[list[Any]], list[Any]]) -> None:
    """Let an injector of a scope change the layers of the functions in it."""

    @jsii.implements(IPropertyInjector)
    class Injector:
        @property
        def construct_unique_id(self) -> str:
            return Function.PROPERTY_INJECTION_ID

        def inject(self, original_props: Any, *, scope: Construct, id: str) -> Any:  # noqa: A002, ARG002
            properties = dict(original_props)
            return {**properties, "layers": change([*(properties.get("layers") or [])])}

    PropertyInjectors.of(scope).add(Injector())


def _layers(template: dict[str, Any]) -> list[str]:
    """Return the layers of a template's function by the first letters of what they refer to."""
    [made] = functions(template).values()
    layers = made["Properties"]["Layers"]
    names = [
        one if isinstance(one, str) else one.get("Ref") or one["Fn::GetStackOutput"]["OutputName"] for one in layers
    ]
    return [name.removeprefix("PublishOutputRef")[:3] for name in names]


def _template(app: App, stack: Stack) -> dict[str, Any]:
    template: dict[str, Any] = app.synth().get_stack_by_name(stack.stack_name).template
    return template


@pytest.mark.parametrize("sorting", [True, False])
@pytest.mark.parametrize(
    ("given", "change", "rendered"),
    [
        ("zed mid", lambda company, layers: [company, *layers], "abe zed mid"),
        ("mid zed", lambda company, layers: [company, *layers], "abe mid zed"),
        ("", lambda company, layers: [company, *layers], "abe"),
        (ARN, lambda company, layers: [*layers, company], "abe arn"),
        (f"zed {ARN}", lambda company, layers: [company, *layers], "abe zed arn"),
    ],
)
def test_injected_layers_stay_and_are_followed(
    tmp_path: Path, sorting: bool, given: str, change: Callable[[Any, list[Any]], list[Any]], rendered: str
) -> None:
    """A layer that an injector adds is neither dropped nor reordered, and the function gets its new versions."""
    app = new_app(tmp_path / "out", {SORTING: sorting})
    layers = hub(app, tmp_path, "abe", "mid", "zed")
    spoke = Stack(app, "Spoke", env=HUB)
    _inject(spoke, lambda passed: change(layers["abe"], passed))
    made = function(spoke, "Fn", layers=[ARN if name == ARN else layers[name] for name in given.split()])
    assert made.declared_layers[0] is layers["abe"]
    template = _template(app, spoke)
    assert _layers(template) == rendered.split()
    [resource] = functions(template).values()
    assert "Hub/abe=" in resource["Metadata"][LAYER_DIGESTS]


def test_layers_after_the_functions_own_stay_there(tmp_path: Path) -> None:
    """Where the CDK keeps the order, an injector decides whether its layers override those of the function."""
    app = new_app(tmp_path / "out", {SORTING: False})
    stack = hub(app, tmp_path, "abe", "mid", "zed")
    _inject(app, lambda passed: [*passed, stack["abe"]])
    function(stack, "Fn", layers=[stack["mid"]]).add_layers(stack["zed"])
    assert _layers(_template(app, stack)) == ["mid", "abe", "zed"]


@pytest.mark.parametrize("imported", [True, False])
def test_injected_layers_next_to_an_extension(tmp_path: Path, imported: bool) -> None:
    """The layer of another stack is referred to by that stack's output, and not by a logical id of that stack."""
    app = new_app(tmp_path / "out", {SORTING: True})
    layers = hub(app, tmp_path, "abe", "zed")
    spoke = Stack(app, "Spoke", env=HUB)
    company: ILayerVersion = layers["abe"]
    if imported:
        company = LayerVersion.from_layer_version_arn(spoke, "Agent", ARN)
    _inject(Construct(spoke, "Other"), lambda _: [])
    service = Construct(spoke, "Service")
    _inject(service, lambda passed: [company, *passed])
    function(service, "Fn", layers=[layers["zed"]], insights_version=LambdaInsightsVersion.VERSION_1_0_229_0)
    first, *others = _layers(_template(app, spoke))
    assert first == "zed"
    assert sorted(others) == sorted(["arn" if imported else "abe", "arn"])


def test_the_account_of_a_function_may_use_injected_layers(tmp_path: Path) -> None:
    """They are granted as declared layers are, and the function's stack is deployed after theirs."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "abe")
    spoke = Stack(app, "Spoke", env=SPOKE)
    _inject(app, lambda passed: [layers["abe"], *passed])
    function(spoke, "Fn")
    [grant] = resources(_template(app, layers), "AWS::Lambda::LayerVersionPermission").values()
    assert grant["Properties"]["Principal"] == "222222222222"
    assert layers in spoke.dependencies


@pytest.mark.parametrize("given", [(), ("abe",)])
def test_injected_layers_are_checked(tmp_path: Path, given: tuple[str, ...]) -> None:
    """A layer of another Region is an error at construction, whether the user or an injector adds it."""
    app = new_app(tmp_path / "out")
    stack = hub(app, tmp_path, "abe")
    other = LayerVersion.from_layer_version_arn(stack, "Other", ARN.replace("eu-west-1", "us-east-1"))
    _inject(stack, lambda passed: [other, *passed])
    with pytest.raises(IdentityError, match="wrong-region"):
        function(stack, "Fn", layers=stack.pick(*given))
