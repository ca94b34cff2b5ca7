"""Merge order and the environment variables that hide layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_layers.app.model import LayerUse
from cdk_layers.contents.model import Contents, File
from tests.rules.subjects import a_function, a_layer, an_arn, findings, severities

ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7"


def test_a_sorted_list_is_not_the_declared_one() -> None:
    """What the CDK's feature flag does to `[Zed, Abe]` is reported, with who wins now."""
    zed, abe = a_layer("Hub/Zed"), a_layer("Hub/Abe")
    (finding,) = findings("layer-order-changed", a_function(abe, zed, declared_layers=("Hub/Zed", "Hub/Abe")))

    assert finding.severity == "error"
    assert "declares its layers as 'Hub/Zed' and 'Hub/Abe', and the template lists them as" in finding.message
    assert "'Hub/Zed' wins there" in finding.message


@given(st.permutations(["Hub/a", "Hub/b", "Hub/c", "Hub/d"]))
def test_every_other_order_is_told(order: list[str]) -> None:
    """An order is quiet if and only if it is the declared one."""
    function = a_function(*map(a_layer, order), declared_layers=("Hub/a", "Hub/b", "Hub/c", "Hub/d"))

    assert severities("layer-order-changed", function) == ([] if order == sorted(order) else ["error"])


def test_a_layer_that_was_added_changes_no_order() -> None:
    """An aspect that adds an extension layer leaves the declared ones in their order."""
    function = a_function(an_arn(ARN), a_layer("Hub/a"), a_layer("Hub/b"), declared_layers=("Hub/a", "Hub/b"))

    assert not findings("layer-order-changed", function)


def test_a_layer_that_was_left_out_is_told() -> None:
    """An override that drops a declared layer hides what the user wrote."""
    (finding,) = findings("layer-order-changed", a_function(a_layer("Hub/a"), declared_layers=("Hub/a", "Hub/b")))

    assert "leaves out 'Hub/b'" in finding.message


def test_what_cannot_be_resolved_is_not_called_missing() -> None:
    """A rendered layer that nothing is known of may be the declared one."""
    function = a_function(declared_layers=("Hub/a", "Hub/b"), layers=(
        LayerUse(a_layer("Hub/a"), "same-stack"), LayerUse(a_layer("?", is_resource=False), "unknown"),
    ))  # fmt: skip

    assert not findings("layer-order-changed", function)


def test_a_declared_layer_whose_condition_does_not_hold_has_no_order() -> None:
    """`Fn::If` with `AWS::NoValue` leaves a function without the only layer that it declares."""
    assert not findings("layer-order-changed", a_function(declared_layers=()))
    assert not findings("layer-order-changed", a_function(an_arn(ARN), declared_layers=()))


def test_an_undeclared_order_is_let_be() -> None:
    """Functions of other tools declare nothing, and an unknown list changes nothing."""
    assert not findings("layer-order-changed", a_function(a_layer("Hub/b"), a_layer("Hub/a")))
    assert not findings("layer-order-changed", a_function(layers=None, declared_layers=("Hub/a",)))


@pytest.mark.parametrize(("other", "expected"), [
    ({"python/b.py": File(1, 2, 0o644)}, "warning"), ({"python/a.py": File(1, 1, 0o755)}, "warning"),
    ({"python/a.py": File(1, 2, 0o644)}, "error"), (None, "error"),
])  # fmt: skip
def test_another_order_of_layers_that_share_nothing_is_a_warning(other: dict[str, File] | None, expected: str) -> None:
    """The merged files are the same in any order, as far as they are known."""
    first = a_layer("Hub/a", contents=Contents(1, {"python/a.py": File(1, 1, 0o644)}))
    second = a_layer("Hub/b", contents=None if other is None else Contents(1, other))
    function = a_function(second, first, declared_layers=("Hub/a", "Hub/b"))
    assert severities("layer-order-changed", function) == [expected]
