"""Policies of layer versions, at the limit."""

from __future__ import annotations

import pytest

from cdk_layers.app.model import App, Grant, Layer
from cdk_layers.findings import Where
from cdk_layers.lambda_service import limits
from cdk_layers.rules.families.policies import policy_bytes
from tests.rules.subjects import a_layer, findings, severities

HUB = "111111111111"


def hub_layer(name: str | None = "base") -> Layer:
    """Return a layer whose ARN is known but for its version."""
    return a_layer(name=name, account=HUB, region="eu-west-1", partition="aws")


def grants(layer: Layer, number: int) -> tuple[Grant, ...]:
    """Return permissions for that many accounts."""
    return tuple(Grant(Where(f"Hub/base/Grant{index}"), layer, f"{222_222_222_000 + index}") for index in range(number))


@pytest.mark.parametrize(("spare", "expected"), [(1, []), (0, []), (-1, ["warning"])])
def test_a_policy_is_compared_with_the_limit(monkeypatch: pytest.MonkeyPatch, spare: int, expected: list[str]) -> None:
    """A byte below the limit and at it nothing is said, a byte above it a warning, since the limit is inferred."""
    layer = hub_layer()
    granted = grants(layer, 30)
    monkeypatch.setattr(limits, "MAX_POLICY_BYTES", policy_bytes(layer, granted) + spare)

    assert severities("policy-too-large", App(layers=(layer,), grants=granted)) == expected


def test_about_ninety_accounts_fit() -> None:
    """With the real limit, 80 permissions for accounts pass and 100 do not; the message says what is inferred."""
    layer = hub_layer()

    assert not findings("policy-too-large", App(layers=(layer,), grants=grants(layer, 80)))
    (found,) = findings("policy-too-large", App(layers=(layer,), grants=grants(layer, 100)))
    assert found.where == layer.where
    assert "100 permissions" in found.message
    assert "20,480 bytes that is documented for functions and inferred for layers" in found.message
    assert "LayerGrant.organization" in found.remedy


def test_each_layer_has_a_policy_of_its_own() -> None:
    """Permissions on two layers are not added up."""
    one, other = hub_layer(), hub_layer("other")

    assert not findings("policy-too-large", App(layers=(one, other), grants=(*grants(one, 60), *grants(other, 60))))


def test_a_permission_in_two_branches_counts_once() -> None:
    """The deploy makes one of them."""
    layer = hub_layer()

    assert not findings("policy-too-large", App(layers=(layer,), grants=(*grants(layer, 60), *grants(layer, 60))))


def test_a_name_that_is_not_known_counts_as_little_as_may_be() -> None:
    """Nothing is said that a longer name alone would make true."""
    assert policy_bytes(hub_layer(None), grants(hub_layer(), 3)) < policy_bytes(hub_layer(), grants(hub_layer(), 3))


def test_an_organization_weighs_little() -> None:
    """One statement in place of hundreds."""
    layer = hub_layer()
    grant = Grant(Where("Hub/base/Grant"), layer, "*", "o-a1b2c3d4e5")

    assert policy_bytes(layer, (grant,)) < 400


def test_a_grant_on_an_unknown_layer_counts_nowhere() -> None:
    """Which version it is for is not known."""
    assert not findings("policy-too-large", App(grants=tuple(
        Grant(Where(f"Hub/{index}"), None, f"{index:012}") for index in range(300)
    )))  # fmt: skip
