"""Who else may use a layer version, and that the permission lives as long as the version does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from aws_cdk import App, Aws, CfnParameter, RemovalPolicy, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Runtime

from cdk_layers import LayerGrant, SharedPythonLayer
from cdk_layers.app.model import Settings
from cdk_layers.assembly.reader import read
from cdk_layers.errors import SharingError
from cdk_layers.rules.engine import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNT: Final = "222222222222"
ORGANIZATION: Final = "o-a1b2c3d4e5"
PERMISSION: Final = "AWS::Lambda::LayerVersionPermission"


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """An entry folder of code alone, which takes no time to build."""
    (tmp_path / "entry").mkdir()
    (tmp_path / "entry" / "company.py").write_text("NAME = 'company'\n", encoding="utf-8")
    return tmp_path / "entry"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of an app that is synthesized into a temporary folder."""
    return Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub")


def _layer(stack: Stack, entry: Path, *, grants: Sequence[LayerGrant] = (), **more: Any) -> SharedPythonLayer:
    return SharedPythonLayer(
        stack, "Base", entry=entry, compatible_runtimes=[Runtime.PYTHON_3_13], grants=grants, **more
    )


def _permissions(stack: Stack) -> dict[str, dict[str, Any]]:
    return cast("dict[str, dict[str, Any]]", Template.from_stack(stack).find_resources(PERMISSION))


def _grantees(stack: Stack) -> list[tuple[object, object]]:
    properties = [body["Properties"] for body in _permissions(stack).values()]
    return [(one["Principal"], one.get("OrganizationId")) for one in properties]


def test_each_kind_of_grant_is_a_permission(stack: Stack, entry: Path) -> None:
    """An account, an organization and everyone are what the service's API calls them."""
    _layer(
        stack, entry, grants=[LayerGrant.account(ACCOUNT), LayerGrant.organization(ORGANIZATION), LayerGrant.public()]
    )
    assert set(_grantees(stack)) == {(ACCOUNT, None), ("*", ORGANIZATION), ("*", None)}


def test_the_same_grant_twice_is_one_permission(stack: Stack, entry: Path) -> None:
    """Equal grants are deduplicated, whether they come together or one by one."""
    layer = _layer(stack, entry, grants=[LayerGrant.account(ACCOUNT), LayerGrant.account(ACCOUNT)])
    first, again = layer.grant(LayerGrant.account(ACCOUNT)), layer.grant(LayerGrant.account(ACCOUNT))
    assert first is again
    assert _grantees(stack) == [(ACCOUNT, None)]


def test_the_order_of_grants_does_not_matter(entry: Path, tmp_path: Path) -> None:
    """The logical ids of permissions depend on who is granted, not on the place in the list."""
    grants = [LayerGrant.public(), LayerGrant.account(ACCOUNT), LayerGrant.organization(ORGANIZATION)]
    stacks = [Stack(App(outdir=str(tmp_path / name)), "Hub") for name in ("forth", "back")]
    _layer(stacks[0], entry, grants=grants)
    _layer(stacks[1], entry, grants=grants[::-1])
    assert _permissions(stacks[0]) == _permissions(stacks[1])


@pytest.mark.parametrize(
    ("policy", "rendered"),
    [
        (None, "Retain"),
        (RemovalPolicy.RETAIN, "Retain"),
        (RemovalPolicy.DESTROY, "Delete"),
        (RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, "Retain"),
    ],
)
def test_a_grant_lives_as_long_as_its_layer_version(
    stack: Stack, entry: Path, policy: RemovalPolicy | None, rendered: str
) -> None:
    """Every permission, however it was added, has its version's policies, which retain it by default."""
    layer = _layer(stack, entry, grants=[LayerGrant.account(ACCOUNT)], removal_policy=policy)
    layer.add_permission("ByHand", account_id="333333333333")
    layer.grant(LayerGrant.organization(ORGANIZATION))
    template = Template.from_stack(stack)
    [version] = template.find_resources("AWS::Lambda::LayerVersion").values()
    policies = (version["DeletionPolicy"], version["UpdateReplacePolicy"])
    assert policies[1] == rendered
    permissions = template.find_resources(PERMISSION).values()
    assert [(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in permissions] == [policies] * 3


def test_a_later_removal_policy_reaches_the_grants(stack: Stack, entry: Path) -> None:
    """`apply_removal_policy` on the layer decides about the permissions that are there already too."""
    layer = _layer(stack, entry, grants=[LayerGrant.account(ACCOUNT)])
    layer.apply_removal_policy(RemovalPolicy.DESTROY)
    layer.grant(LayerGrant.organization(ORGANIZATION))
    policies = {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in _permissions(stack).values()}
    assert policies == {("Delete", "Delete")}


@pytest.mark.parametrize(
    "account", ["abc", "22222222222", "2222222222222", "", " 222222222222", "arn:aws:iam::222222222222:user/x"]
)
def test_a_malformed_account_is_refused(account: str) -> None:
    """Eleven digits, thirteen, or anything else is no account."""
    with pytest.raises(SharingError, match="12 digits"):
        LayerGrant.account(account)


def test_an_account_as_a_number_is_refused() -> None:
    """A number would lose its leading zeros, so it is not taken for an account."""
    with pytest.raises(SharingError, match="int 222222222222"):
        LayerGrant.account(cast("str", 222222222222))


def test_everyone_is_not_an_account() -> None:
    """Public takes the explicit call, which the error names."""
    with pytest.raises(SharingError, match=r"LayerGrant\.public\(\)"):
        LayerGrant.account("*")


@pytest.mark.parametrize("organization", ["o-123456789", "o-" + "a" * 33, "r-a1b2c3d4e5", "o-A1B2C3D4E5", ""])
def test_a_malformed_organization_is_refused(organization: str) -> None:
    """Nine characters after "o-", thirty-three, capitals or another prefix make no organization."""
    with pytest.raises(SharingError, match="organization"):
        LayerGrant.organization(organization)


@pytest.mark.parametrize("organization", ["o-" + "a" * 10, "o-" + "9" * 32])
def test_organizations_of_every_length_are_taken(organization: str) -> None:
    """Ten and thirty-two characters are the service's own bounds."""
    assert LayerGrant.organization(organization).organization_id == organization


def test_tokens_are_granted_with_stable_ids(stack: Stack, entry: Path, tmp_path: Path) -> None:
    """An account or an organization that only the deploy knows is taken, and its permission keeps its logical id."""
    other = Stack(App(outdir=str(tmp_path / "other")), "Hub")
    for one in (stack, other):
        parameter = CfnParameter(one, "Organization").value_as_string
        grants = [LayerGrant.account(Aws.ACCOUNT_ID), LayerGrant.organization(parameter)]
        _layer(one, entry, grants=grants if one is stack else grants[::-1])
    assert _permissions(stack) == _permissions(other)
    assert ({"Ref": "AWS::AccountId"}, None) in _grantees(stack)
    assert ("*", {"Ref": "Organization"}) in _grantees(stack)


def test_each_token_is_granted(stack: Stack, entry: Path) -> None:
    """Accounts, or organizations, that only the deploy knows are as many permissions as there are tokens."""
    tokens = [CfnParameter(stack, name).value_as_string for name in ("A", "B", "C", "D")]
    grants = [*map(LayerGrant.account, tokens[:2]), *map(LayerGrant.organization, tokens[2:])]
    layer = _layer(stack, entry, grants=grants)
    layer.grant(LayerGrant.account(tokens[0]))
    expected = [({"Ref": "A"}, None), ({"Ref": "B"}, None), ("*", {"Ref": "C"}), ("*", {"Ref": "D"})]
    assert sorted(_grantees(stack), key=str) == sorted(expected, key=str)


def test_add_permission_checks_what_it_is_given(stack: Stack, entry: Path) -> None:
    """What is malformed is refused with the place of the permission, and an organization with an account too."""
    layer = _layer(stack, entry)
    with pytest.raises(SharingError, match=r"'Hub/Base/Spoke'.*'22'"):
        layer.add_permission("Spoke", account_id="22")
    with pytest.raises(SharingError, match="organization"):
        layer.add_permission("Both", account_id=ACCOUNT, organization_id=ORGANIZATION)
    with pytest.raises(SharingError, match="organization"):
        layer.add_permission("Token", account_id=ACCOUNT, organization_id=CfnParameter(stack, "Any").value_as_string)
    assert _permissions(stack) == {}


def test_only_the_explicit_call_is_public_on_purpose(stack: Stack, entry: Path) -> None:
    """`LayerGrant.public()` leaves its mark, which the rule about public grants looks for; a bare "*" does not."""
    layer = _layer(stack, entry)
    layer.add_permission("Bare", account_id="*")
    on_purpose = layer.grant(LayerGrant.public())
    marks = [entry.type for entry in on_purpose.node.metadata]
    assert "cdk-layers:public" in marks
    assert "cdk-layers:public" not in [entry.type for entry in layer.node.find_child("Bare").node.metadata]


def test_the_rules_know_what_is_public_on_purpose(stack: Stack, entry: Path) -> None:
    """In the synthesized app, the bare "*" is warned of, and nothing else about these grants is found."""
    grants = [LayerGrant.public(), LayerGrant.account(ACCOUNT), LayerGrant.organization(ORGANIZATION)]
    _layer(stack, entry, grants=grants).add_permission("Bare", account_id="*")
    assembly = cast("App", stack.node.root).synth()
    found = judge(read(Path(assembly.directory)), Settings())
    assert [(one.rule, one.where.path) for one in found] == [("public-grant", "Hub/Base/Bare")]


def test_grants_compare_by_what_they_say() -> None:
    """Grants are values: equal ones are equal, and can be members of a set."""
    assert {LayerGrant.account(ACCOUNT), LayerGrant.account(ACCOUNT), LayerGrant.public()} == {
        LayerGrant(ACCOUNT),
        LayerGrant("*"),
    }
