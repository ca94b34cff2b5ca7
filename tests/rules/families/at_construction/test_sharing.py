"""Grants between accounts."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_layers.app.model import App, Grant, Layer
from tests.rules.subjects import a_function, a_grant, a_layer, an_arn, findings, severities

HUB, SPOKE = "111111111111", "222222222222"
ARN = f"arn:aws:lambda:eu-west-1:{HUB}:layer:tracing:7"


@pytest.mark.parametrize(("layer", "grant", "expected"), [
    (True, False, ["warning"]), (True, True, []), (False, False, []), (False, True, []),
    (None, False, []), (True, None, []),
])  # fmt: skip
def test_a_grant_lives_as_long_as_its_layer(layer: bool | None, grant: bool | None, expected: list[str]) -> None:
    """A retained layer with a permission that is not retained is the one bad pair."""
    subject = a_grant(a_layer(retained=layer), retained=grant)

    assert severities("grant-not-retained", subject) == expected


def test_a_grant_of_an_unknown_layer_is_let_be() -> None:
    """Where the layer is not known, nothing is compared."""
    assert not findings("grant-not-retained", a_grant(None, retained=False))


@pytest.mark.parametrize(("retained", "expected"), [(False, ["warning"]), (True, []), (None, [])])
def test_a_granted_layer_is_retained(retained: bool | None, expected: list[str]) -> None:
    """What others use must not be deleted by the next deploy."""
    layer = a_layer(retained=retained)

    assert severities("shared-layer-not-retained", App(layers=(layer,), grants=(a_grant(layer),))) == expected


@pytest.mark.parametrize(("reference", "expected"), [
    ("same-stack", []), ("stack-output", ["warning"]), ("import-value", ["warning"]), ("parameter", ["warning"]),
    ("ssm-reference", ["warning"]),
    ("unknown", []),
])  # fmt: skip
def test_a_layer_that_other_stacks_use_is_retained(reference: str, expected: list[str]) -> None:
    """A layer of one stack alone may be deleted with its next version; it is reported once, at the layer."""
    layer = a_layer(retained=False)
    users = (a_function(layer, reference=reference), a_function(layer, reference=reference))
    found = findings("shared-layer-not-retained", App(users, (layer,)))

    assert [finding.severity for finding in found] == expected
    assert all(finding.where == layer.where for finding in found)


def cross_account(*grants: dict[str, Any]) -> list[str]:
    """Return what is found about a function in the spoke account and a layer in the hub account with those grants."""
    layer = a_layer(account=HUB)
    app = App((a_function(layer, account=SPOKE),), (layer,), tuple(a_grant(layer, **grant) for grant in grants))
    return severities("missing-grant", app)


@pytest.mark.parametrize("grants", [
    [], [{"principal": "333333333333"}], [{"principal": f"arn:aws:iam::{HUB}:root"}],
])  # fmt: skip
def test_another_account_needs_a_grant(grants: list[dict[str, Any]]) -> None:
    """Without a permission that covers it, the deploy of the function would fail."""
    assert cross_account(*grants) == ["error"]


@pytest.mark.parametrize("principal", [SPOKE, f"arn:aws:iam::{SPOKE}:root", f"arn:aws-cn:iam::{SPOKE}:root", "*"])
def test_a_grant_covers_its_account(principal: str) -> None:
    """An account by its number or its root, and everyone, cover the function."""
    assert cross_account({"principal": "333333333333"}, {"principal": principal}) == []


@pytest.mark.parametrize("grant", [
    {"principal": "*", "organization": "o-a1b2c3d4e5"}, {"principal": "*", "organization": ""}, {"principal": None},
])  # fmt: skip
def test_a_grant_that_may_cover_is_a_warning(grant: dict[str, Any]) -> None:
    """Who is in an organization, or behind a token, is not known here."""
    assert cross_account(grant) == ["warning"]
    assert cross_account(grant, {"principal": SPOKE}) == []


def test_a_grant_of_another_layer_covers_nothing() -> None:
    """A permission is for one layer."""
    layer, other = a_layer("Hub/a", account=HUB), a_layer("Hub/b", account=HUB)
    app = App((a_function(layer, account=SPOKE),), (layer, other), (a_grant(other, SPOKE),))
    (finding,) = findings("missing-grant", app)

    assert finding.where.path == "Spoke/Report"
    assert "'Hub/a' in 111111111111 has no permission for it" in finding.message


@pytest.mark.parametrize(("account", "layer"), [
    (HUB, a_layer(account=HUB)), (None, a_layer(account=HUB)), (SPOKE, a_layer(account=None)), (SPOKE, an_arn(ARN)),
])  # fmt: skip
def test_one_account_or_an_unknown_one_needs_no_grant(account: str | None, layer: Layer) -> None:
    """Nothing is guessed about accounts that are tokens, or about layers of other apps."""
    assert not findings("missing-grant", App((a_function(layer, account=account),)))


@pytest.mark.parametrize(("facts", "expected"), [
    ({"principal": "*"}, ["warning"]), ({"principal": "*", "public_on_purpose": True}, []),
    ({"principal": "*", "organization": "o-a1b2c3d4e5"}, []), ({"principal": "*", "organization": ""}, []),
    ({"principal": SPOKE}, []), ({"principal": None}, []),
])  # fmt: skip
def test_everyone_is_granted_on_purpose_only(facts: dict[str, Any], expected: list[str]) -> None:
    """The principal `*` without an organization takes the user's own word."""
    assert severities("public-grant", a_grant(a_layer(), **facts)) == expected


@pytest.mark.parametrize("principal", ["", "22222222222", "2222222222222", "abc", "arn:aws:iam::222222222222:user/me",
                                       "arn:aws:iam::abc:root", "\u0662" * 12])  # fmt: skip
def test_a_principal_of_another_form_is_refused(principal: str) -> None:
    """Only 12 digits, `*` and the ARN of an account's root are principals."""
    assert severities("malformed-principal", a_grant(principal=principal)) == ["error"]


@pytest.mark.parametrize("principal", [SPOKE, "*", f"arn:aws:iam::{SPOKE}:root", f"arn:aws-us-gov:iam::{SPOKE}:root",
                                       "${Token[AWS.AccountId.4]}", None])  # fmt: skip
def test_principals_of_the_services_form_and_tokens_are_let_be(principal: str | None) -> None:
    """Roots of every partition pass, and so does what is not a literal."""
    assert not findings("malformed-principal", a_grant(principal=principal))


@pytest.mark.parametrize(("organization", "expected"), [
    (f"o-{'a' * 9}", 1), (f"o-{'a' * 10}", 0), (f"o-{'a' * 32}", 0), (f"o-{'a' * 33}", 1), ("a1b2c3d4e5", 1),
    ("o-A1B2C3D4E5", 1), ("", 0), ("${Token[1]}", 0), (None, 0),
])  # fmt: skip
def test_an_organization_has_its_form(organization: str | None, expected: int) -> None:
    """`o-` and 10 to 32 lower case letters and digits; tokens are not reported."""
    grant = a_grant(principal="*", organization=organization)

    assert len(findings("malformed-principal", grant)) == expected


def test_an_organization_goes_with_everyone_only() -> None:
    """The service takes an organization beside the principal `*` alone."""
    assert severities("malformed-principal", a_grant(principal=SPOKE, organization="o-a1b2c3d4e5")) == ["error"]
    assert not findings("malformed-principal", a_grant(principal=None, organization="o-a1b2c3d4e5"))


def test_grants_are_judged_as_part_of_an_app() -> None:
    """Each grant of an app is reported at its own place."""
    grant: Grant = a_grant(a_layer(), "*")

    assert [finding.where for finding in findings("public-grant", App(grants=(grant,)))] == [grant.where]
