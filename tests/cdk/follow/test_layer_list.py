"""Lists of layers that functions have in common."""

from __future__ import annotations

from aws_cdk import App, Stack
from aws_cdk.aws_lambda import LayerVersion

from cdk_layers.cdk.follow.layer_list import layer_list

_ARN = "arn:aws:lambda:eu-west-1:333333333333:layer:{}:1"


def test_equal_lists_are_read_once() -> None:
    """Functions with the same layers in the same order share the facts; another order has its own."""
    stack = Stack(App(), "Spoke")
    first, second = (LayerVersion.from_layer_version_arn(stack, name, _ARN.format(name)) for name in ("A", "B"))
    declared = layer_list((first, second), stack)
    assert layer_list((first, second), stack) is declared
    assert declared.labels == [_ARN.format("A"), _ARN.format("B")] == declared.arns
    assert declared.is_sorted
    assert not declared.shared
    turned = layer_list((second, first), stack)
    assert [use.layer for use in turned.uses] == [use.layer for use in reversed(declared.uses)]
    assert not turned.is_sorted
