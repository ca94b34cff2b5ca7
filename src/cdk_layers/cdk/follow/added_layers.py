"""Layers of a function that the user did not pass: those of property injectors, and the CDK's own extensions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import Stack, Token, Tokenization
from aws_cdk.aws_lambda import CfnLayerVersion, LayerVersion

from cdk_layers.cdk.model.layers import arn_of
from cdk_layers.cdk.model.tokens import MARK, References
from cdk_layers.cdk.node.contract import identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Reference
    from aws_cdk.aws_lambda import CfnFunction, Function, ILayerVersion


@dataclass(frozen=True)
class _Entry:
    """An ARN in a function's list of layers."""

    expression: Any
    reference: Reference | None
    """The reference to a construct; None for a literal and for other expressions."""

    @property
    def key(self) -> str:
        """What is equal for equal layers."""
        if self.reference is None:
            return json.dumps(self.expression, sort_keys=True)
        return f"{identity(self.reference.target)} {self.reference.display_name}"

    def layer(self, function: Function, id: str) -> ILayerVersion:
        """Return the layer of the app, or an import below the function."""
        target = None if self.reference is None else self.reference.target
        scope = target.node.scope if isinstance(target, CfnLayerVersion) else None
        if isinstance(scope, LayerVersion):
            return scope
        return LayerVersion.from_layer_version_arn(function, id, Token.as_string(self.reference or self.expression))


def added_layers(
    function: Function, passed: Sequence[ILayerVersion]
) -> tuple[tuple[ILayerVersion, ...], tuple[ILayerVersion, ...]]:
    """Return the layers of a function that the CDK did not get as its argument, before and after those that it got.

    Args:
        function: The function.
        passed: The layers that the CDK got as an argument.
    """
    own = {entry.key for entry in _entries(function, [arn_of(layer) for layer in passed])}
    entries = _entries(function, cast("CfnFunction", function.node.default_child).layers)
    first = next((number for number, entry in enumerate(entries) if entry.key in own), len(entries))
    layers = {
        number: entry.layer(function, f"Extension{number}")
        for number, entry in enumerate(entries)
        if entry.key not in own
    }
    before = tuple(layer for number, layer in layers.items() if number < first)
    return before, tuple(layer for number, layer in layers.items() if number > first)


def _entries(function: Function, layers: object) -> list[_Entry]:
    found = References()
    marked = Tokenization.resolve(layers, scope=function, resolver=found, preparing=False) or []
    marks = [MARK.fullmatch(text) if isinstance(text, str) else None for text in marked]
    references = [None if mark is None else found.found[int(mark[1])] for mark in marks]
    return list(map(_Entry, Stack.of(function).resolve(layers) or [], references))
