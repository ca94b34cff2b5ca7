"""Aspects of users that change functions after they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
import pytest
from aws_cdk import Aspects, IAspect, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import CfnFunction, Function

from tests.cdk.apps import HUB, STABILIZING, hub, inline, new_app, resources

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk.aws_lambda import ILayerVersion
    from constructs import IConstruct


@jsii.implements(IAspect)
class _AddsLayer:
    """Gives every function one more layer."""

    def __init__(self, layer: ILayerVersion) -> None:
        self._layer, self._is_done = layer, False

    def visit(self, node: IConstruct) -> None:
        """Add the layer."""
        if isinstance(node, CfnFunction):
            function = node.node.scope
            assert isinstance(function, Function)
            if not self._is_done:
                self._is_done = True
                function.add_layers(self._layer)


@pytest.mark.parametrize("stabilizing", [True, False])
def test_a_layer_that_an_aspect_adds_is_followed(tmp_path: Path, stabilizing: bool) -> None:
    """With the CDK's own default priority for aspects: what follows layers looks after them."""
    app = new_app(tmp_path / "out", {STABILIZING: stabilizing})
    shared = hub(app, tmp_path, "base")
    stack = Stack(app, "Spoke", env=HUB)
    Function(stack, "Report", **inline())
    Aspects.of(stack).add(_AddsLayer(shared["base"]))
    (found,) = resources(Template.from_stack(stack).to_json(), "AWS::Lambda::Function").values()

    assert len(found["Properties"]["Layers"]) == 1
    assert "Hub/base=" in found["Metadata"]["cdk-layers:layer-digests"]
