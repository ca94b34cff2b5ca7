"""Layers stay in the order that they were declared in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import Acknowledgment, Aspects, IAspect, Validations
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Function, LambdaInsightsVersion, LayerVersion

from cdk_layers import LayeredFunction
from cdk_layers.errors import LimitError
from tests.cdk.apps import SORTING, entry, function, functions, hub, inline, new_app

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import Stack
    from constructs import IConstruct

ARN = "arn:aws:lambda:eu-west-1:333333333333:layer:agent:7"


def rendered(stack: Stack, name: str = "Fn") -> list[str]:
    """Return the names of a function's layers in the rendered order."""
    layers = functions(Template.from_stack(stack).to_json())[name]["Properties"]["Layers"]
    return [layer if isinstance(layer, str) else layer["Ref"][:3] for layer in layers]


@pytest.mark.parametrize("sorting", [True, False])
def test_the_declared_order_is_rendered_whatever_the_flag_says(tmp_path: Path, sorting: bool) -> None:
    """Layers are listed as declared, with the feature flag that sorts them and without."""
    stack = hub(new_app(tmp_path / "out", {SORTING: sorting}), tmp_path, "zed", "abe", "mid")
    made = function(stack, "Fn", layers=[stack["zed"], stack["abe"]])
    made.add_layers(stack["mid"])
    made.add_layers(ARN)
    assert rendered(stack) == ["zed", "abe", "mid", ARN]
    assert [one.node.id for one in made.declared_layers] == ["zed", "abe", "mid", "Layer3"]


def test_a_plain_function_is_sorted_by_that_flag(tmp_path: Path) -> None:
    """The trap is real: the CDK itself lists the same layers by their paths."""
    stack = hub(new_app(tmp_path / "out", {SORTING: True}), tmp_path, "zed", "abe")
    Function(stack, "Fn", layers=[stack["zed"], stack["abe"]], **inline())
    assert rendered(stack) == ["abe", "zed"]


def test_sorted_layers_that_are_added_to_stay_in_order(tmp_path: Path) -> None:
    """A function whose first layers happen to be sorted keeps those that come later where they belong."""
    stack = hub(new_app(tmp_path / "out", {SORTING: True}), tmp_path, "abe", "zed", "mid")
    function(stack, "Fn", layers=stack.pick("abe", "zed")).add_layers(stack["mid"])
    assert rendered(stack) == ["abe", "zed", "mid"]


@pytest.mark.parametrize("sorting", [True, False])
@pytest.mark.parametrize("named_by_arn", [True, False])
def test_layers_that_the_cdk_adds_by_itself_come_last(tmp_path: Path, sorting: bool, named_by_arn: bool) -> None:
    """An extension's layer comes after the declared ones, as in `Function`, and later ones after it."""
    stack = hub(new_app(tmp_path / "out", {SORTING: sorting}), tmp_path, "zed", "abe")
    first: Any = ARN if named_by_arn else stack["zed"]
    function(stack, "Fn", layers=[first], insights_version=LambdaInsightsVersion.VERSION_1_0_229_0).add_layers(
        stack["abe"]
    )
    first_name, insights, last = rendered(stack)
    assert (first_name, last) == (ARN if named_by_arn else "zed", "abe")
    assert ":layer:LambdaInsightsExtension:" in insights


@pytest.mark.parametrize("is_built", [True, False])
def test_layers_that_the_cdk_adds_by_itself_count(tmp_path: Path, is_built: bool) -> None:
    """Five layers and an extension are six, of code that is built here and of any other."""
    stack = hub(new_app(tmp_path / "out"), tmp_path, *"abcde")
    code = {"entry": entry(tmp_path, "code"), "handler": "code_code.NAME"} if is_built else inline()
    given: dict[str, Any] = {"runtime": "python3.13", **code}
    with pytest.raises(LimitError, match="6 layers"):
        LayeredFunction(
            stack, "Fn", layers=stack.pick(*"abcde"), insights_version=LambdaInsightsVersion.VERSION_1_0_229_0, **given
        )


@pytest.mark.parametrize("by_property", [True, False])
def test_a_later_override_has_the_last_word(tmp_path: Path, by_property: bool) -> None:
    """An escape hatch after the construct wins, once the rule that tells of it is acknowledged."""
    stack = hub(new_app(tmp_path / "out", {SORTING: True}), tmp_path, "zed", "abe")
    made = function(stack, "Fn", layers=[stack["zed"], stack["abe"]])
    resource: Any = made.node.default_child
    if by_property:
        resource.layers = [ARN]
    else:
        resource.add_property_override("Layers", [ARN])
    with pytest.raises(RuntimeError, match="layer-order-changed"):
        rendered(stack)
    Validations.of(made).acknowledge(Acknowledgment(id="cdk-layers::layer-order-changed", reason="only the agent"))
    assert rendered(stack) == [ARN]


def test_an_aspect_can_add_a_layer(tmp_path: Path) -> None:
    """A layer that an aspect adds is checked and comes last."""

    @jsii.implements(IAspect)
    class AddsAgent:
        def visit(self, node: IConstruct) -> None:
            if isinstance(node, Function):
                node.add_layers(LayerVersion.from_layer_version_arn(node, "Agent", ARN))

    stack = hub(new_app(tmp_path / "out", {SORTING: True}), tmp_path, "zed", "abe")
    function(stack, "Fn", layers=[stack["zed"], stack["abe"]])
    Aspects.of(stack).add(AddsAgent())
    assert rendered(stack) == ["zed", "abe", ARN]


def test_the_declared_order_is_on_record(tmp_path: Path) -> None:
    """The assembly says what was declared, beside the template and not in it, so that a rule can compare."""
    app = new_app(tmp_path / "out")
    stack = hub(app, tmp_path, "zed", "abe")
    function(stack, "Fn", layers=[stack["zed"], ARN]).add_layers(stack["abe"])
    app.synth()
    found = json.loads((tmp_path / "out" / "Hub.metadata.json").read_text())
    (declared,) = [one["data"] for one in found["/Hub"] if one["type"] == "cdk-layers:functions"]
    assert json.loads(declared)["Hub/Fn"]["layers"] == ["Hub/zed", ARN, "Hub/abe"]


@pytest.mark.parametrize("sorting", [True, False])
def test_the_function_version_follows_its_layers(tmp_path: Path, sorting: bool) -> None:
    """`current_version` is another one when a layer's content is, and the same when it is not."""

    def version(text: str, out: str) -> str:
        (tmp_path / "zed").mkdir(exist_ok=True)
        app = new_app(tmp_path / out, {SORTING: sorting})
        stack = hub(app, tmp_path / text, "zed", "abe")
        stack.add_layer("own", entry=_written(tmp_path / text, text))
        made = function(stack, "Fn", layers=[stack["zed"], stack["own"]])
        resource: Any = made.current_version.node.default_child
        app.synth()
        return str(stack.resolve(resource.logical_id))

    assert version("one", "a") == version("one", "b") != version("two", "c")


def _written(folder: Path, text: str) -> Path:
    made = folder / "own"
    made.mkdir(parents=True, exist_ok=True)
    (made / "own_code.py").write_text(f"TEXT = {text!r}\n")
    return made
