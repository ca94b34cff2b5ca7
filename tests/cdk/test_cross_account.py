"""Functions of another account use the layers of the app without a word about grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Aws, Environment, Stack
from aws_cdk.aws_lambda import Code, LayerVersion

from cdk_layers import LayerGrant
from cdk_layers.errors import IdentityError
from tests.cdk.apps import HUB, SPOKE, entry, function, functions, hub, new_app, resources
from tests.cdk.follow.test_references import synthesize

if TYPE_CHECKING:
    from pathlib import Path

PERMISSION = "AWS::Lambda::LayerVersionPermission"


def principals(template: dict[str, Any]) -> list[str]:
    """Return whom a template's permissions are for."""
    return sorted(one["Properties"]["Principal"] for one in resources(template, PERMISSION).values())


def test_the_grant_is_there_once_and_deployed_first(tmp_path: Path) -> None:
    """Many functions of one account need one permission a layer, and their stacks wait for it."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base", "data", grants=[LayerGrant.account("222222222222")])
    stacks = [Stack(app, name, env=SPOKE) for name in ("Spoke", "Other")]
    for stack in stacks:
        function(stack, "One", layers=layers.pick("base"))
        function(stack, "Two").add_layers(*layers.pick("base", "data"))
    templates = synthesize(app, tmp_path / "out")
    assert principals(templates["Hub"]) == ["222222222222"] * 2
    assert all(stack.dependencies == [layers] for stack in stacks)


def test_only_used_layers_are_granted_and_grants_are_retained(tmp_path: Path) -> None:
    """A layer that no function of the other account uses stays closed to it; a grant lives as long as its version."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base", "data")
    function(Stack(app, "Spoke", env=SPOKE), "One", layers=layers.pick("base"))
    template = synthesize(app, tmp_path / "out")["Hub"]
    (permission,) = resources(template, PERMISSION).values()
    assert permission["Properties"]["LayerVersionArn"]["Ref"].startswith("base")
    assert (permission["DeletionPolicy"], permission["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("region", ["eu-west-1", Aws.REGION], ids=["known Region", "unknown Region"])
def test_the_own_account_and_unknown_ones_get_no_grant(tmp_path: Path, region: str) -> None:
    """Nothing is granted to the layer's own account, nor to an account that is not known yet."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    function(Stack(app, "Own", env=HUB), "One", layers=layers.pick("base"))
    unknown = hub(app, tmp_path, "base", stack="Unknown", env=Environment(region=region))
    function(Stack(app, "Anywhere", env=Environment(region=region)), "One", layers=unknown.pick("base"))
    templates = synthesize(app, tmp_path / "out")
    assert principals(templates["Hub"]) == principals(templates["Unknown"]) == []


def test_a_layer_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """A plain layer version of another account gets no grant behind its owner's back."""
    app = new_app(tmp_path / "out")
    owner = Stack(app, "Owner", env=HUB)
    plain = LayerVersion(owner, "Plain", code=Code.from_asset(str(entry(tmp_path, "plain"))))
    function(Stack(app, "Spoke", env=SPOKE), "One", layers=[plain])
    with pytest.raises(RuntimeError, match="missing-grant"):
        synthesize(app, tmp_path / "out")


def test_functions_of_another_account_follow_too(tmp_path: Path) -> None:
    """The reference across accounts goes by a role of the layer's stack, and the digest is there."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    function(Stack(app, "Spoke", env=SPOKE), "One", layers=layers.pick("base"))
    templates = synthesize(app, tmp_path / "out")
    one = functions(templates["Spoke"])["One"]
    assert one["Metadata"]["cdk-layers:layer-digests"] == f"Hub/base={layers['base'].digest}"
    assert "RoleArn" in one["Properties"]["Layers"][0]["Fn::GetStackOutput"]
    (role,) = resources(templates["Hub"], "AWS::IAM::Role").values()
    assert "222222222222" in str(role["Properties"]["AssumeRolePolicyDocument"])


def test_another_region_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """A layer of another Region is an error where it is used, in the language of the error's kind."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    spoke = Stack(app, "Spoke", env=Environment(account="222222222222", region="us-east-1"))
    with pytest.raises(IdentityError, match=r"(?s)Spoke/One.*Hub/base.*eu-west-1.*MultiLayerStack.*wrong-region"):
        function(spoke, "One", layers=layers.pick("base"))
    assert not resources(synthesize(app, tmp_path / "out")["Hub"], PERMISSION)


def test_another_region_by_arn_is_refused_too(tmp_path: Path) -> None:
    """A literal ARN says its Region itself."""
    stack = Stack(new_app(tmp_path / "out"), "Spoke", env=SPOKE)
    made = function(stack, "One")
    with pytest.raises(IdentityError, match="wrong-region"):
        made.add_layers("arn:aws:lambda:us-east-1:333333333333:layer:agent:7")
    assert made.declared_layers == ()
