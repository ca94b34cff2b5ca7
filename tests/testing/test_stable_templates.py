"""Templates that are equal when the infrastructure is."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from cdk_layers.errors import UsageError
from cdk_layers.testing import stable_template

if TYPE_CHECKING:
    from collections.abc import Callable

_VERSION_ONE: Final = "FnCurrentVersion17A89ABB" + hashlib.md5(b"one", usedforsecurity=False).hexdigest()
_VERSION_TWO: Final = "FnCurrentVersion17A89ABB" + hashlib.md5(b"two", usedforsecurity=False).hexdigest()


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _template(*, base: str = "base", data: str = "data", version: str = _VERSION_ONE) -> dict[str, Any]:
    return {
        "Resources": {
            "Base2D47A8D8": {
                "Type": "AWS::Lambda::LayerVersion",
                "Properties": {"Content": {"S3Bucket": "assets", "S3Key": f"{_digest(base)}.zip"}},
                "Metadata": {"aws:asset:path": f"asset.{_digest(base)}.zip", "aws:asset:property": "Content"},
            },
            "Data5F1C": {
                "Type": "AWS::Lambda::LayerVersion",
                "Properties": {"Content": {"S3Key": f"{_digest(data)}.zip"}},
            },
            "Fn": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Layers": [{"Ref": "Base2D47A8D8"}]},
                "Metadata": {"cdk-layers:layer-digests": f"Hub/base={_digest(f'content of {base}')}"},
            },
            version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Fn"}}},
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "DependsOn": [version],
                "Properties": {"FunctionVersion": {"Fn::GetAtt": [version, "Version"]}},
            },
        },
        "Outputs": {"Arn": {"Value": {"Ref": version}}, "Key": {"Value": f"s3://assets/{_digest(base)}.zip"}},
    }


def test_new_content_leaves_the_template_as_it_was() -> None:
    """Other assets, digests and version ids of the same infrastructure give the same template."""
    before, after = _template(), _template(base="new base", data="new data", version=_VERSION_TWO)
    assert before != after
    assert stable_template(before) == stable_template(after)


def test_an_asset_is_named_after_what_refers_to_it() -> None:
    """Every mention of an asset gets the name of its resource or its output."""
    stable = stable_template(_template())
    base = stable["Resources"]["Base2D47A8D8"]
    assert base["Properties"]["Content"] == {"S3Bucket": "assets", "S3Key": "asset-of-Base2D47A8D8.zip"}
    assert base["Metadata"]["aws:asset:path"] == "asset.asset-of-Base2D47A8D8.zip"
    assert stable["Outputs"]["Key"]["Value"] == "s3://assets/asset-of-Key.zip"


def test_two_assets_of_one_resource_have_two_names() -> None:
    """A second hash in one resource is distinguished from the first."""
    template = {"Resources": {"Site": {"Properties": {"Keys": [_digest("a"), _digest("b"), _digest("a")]}}}}
    keys = stable_template(template)["Resources"]["Site"]["Properties"]["Keys"]
    assert keys == ["asset-of-Site", "asset-of-Site-2", "asset-of-Site"]


def test_layers_of_one_content_give_the_template_of_two_contents() -> None:
    """A layer for x86_64 and one for arm64 have one asset until a distribution has native code."""
    assert stable_template(_template(data="base")) == stable_template(_template())


def test_a_function_without_digests_gives_the_template_of_one_with_them() -> None:
    """A synthesis that builds nothing knows the digests only of layers that the build cache has."""
    unbuilt = _template()
    del unbuilt["Resources"]["Fn"]["Metadata"]
    assert stable_template(unbuilt) == stable_template(_template())


def test_version_ids_are_renamed_wherever_they_are_mentioned() -> None:
    """A Ref, a GetAtt and a DependsOn still point to the function version."""
    stable = stable_template(_template())
    version = "FnCurrentVersion17A89ABBHash"
    assert stable["Resources"][version]["Type"] == "AWS::Lambda::Version"
    assert stable["Resources"]["Alias"]["DependsOn"] == [version]
    assert stable["Resources"]["Alias"]["Properties"] == {"FunctionVersion": {"Fn::GetAtt": [version, "Version"]}}
    assert stable["Outputs"]["Arn"]["Value"] == {"Ref": version}


def test_what_the_infrastructure_says_is_kept() -> None:
    """A changed property, another order of layers, a longer hexadecimal text: each is a difference."""
    template = _template()
    changes: tuple[Callable[[dict[str, Any]], object], ...] = (
        lambda resources: resources["Base2D47A8D8"]["Properties"].update(Description="six 1.17.0"),
        lambda resources: resources["Fn"]["Properties"]["Layers"].insert(0, {"Ref": "Data5F1C"}),
        lambda resources: resources["Alias"].pop("DependsOn"),
        lambda resources: resources["Fn"]["Properties"].update(Key="0" * 63 + "1" * 2),
    )
    for change in changes:
        changed = copy.deepcopy(template)
        change(changed["Resources"])
        assert stable_template(changed) != stable_template(template)
    long = {"Resources": {"R": {"Properties": {"Key": "ab" * 33}}}}
    assert stable_template(long) == long


def test_what_the_cdk_says_of_itself_is_left_out() -> None:
    """A newer CDK or bootstrap stack is no difference; the user's own parameters and conditions stay."""
    own = {"Parameters": {"Stage": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    with_the_cdk: dict[str, Any] = copy.deepcopy(own)
    with_the_cdk["Resources"]["CDKMetadata"] = {
        "Type": "AWS::CDK::Metadata",
        "Properties": {"Analytics": "v2:deflate64:x"},
    }
    with_the_cdk["Parameters"]["BootstrapVersion"] = {"Default": "/cdk-bootstrap/hnb659fds/version"}
    with_the_cdk["Conditions"] = {"CDKMetadataAvailable": {"Fn::Or": []}}
    with_the_cdk["Rules"] = {"CheckBootstrapVersion": {"Assertions": []}}
    assert stable_template(with_the_cdk) == stable_template(own) == own


def test_the_template_itself_is_not_touched() -> None:
    """A template is read, never changed."""
    template = _template()
    stable_template(template)
    assert template == _template()


def test_what_is_no_template_is_refused() -> None:
    """A stack, or anything else that renders nothing, is answered with what to give."""
    with pytest.raises(UsageError, match=r"A list is not a template.*Template\.from_stack"):
        stable_template(cast("dict[str, Any]", []))


def _layer(description: str | None, license_info: str | None, generated: str | None) -> dict[str, Any]:
    texts = {"Description": description, "LicenseInfo": license_info}
    body: dict[str, Any] = {
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {name: text for name, text in texts.items() if text is not None},
    }
    if generated is not None:
        body["Metadata"] = {"cdk-layers:generated": generated}
    return {"Resources": {"Base": body}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("idna 3.19, six 1.17.0", None), ("idna 3.20, six 1.17.0", None)),
        (("six 1.17.0", "MIT"), ("idna 3.20, six 1.17.0", None)),
        ((None, None), ("six 1.17.0", "MIT")),
    ],
)
def test_what_is_made_from_the_distributions_changes_no_template(
    before: tuple[str | None, str | None], after: tuple[str | None, str | None]
) -> None:
    """A new version, another distribution and the first one leave a template as it was."""
    generated = "Description, LicenseInfo"
    stable = stable_template(_layer(*before, generated))
    assert stable == stable_template(_layer(*after, generated))
    assert "Metadata" not in stable["Resources"]["Base"]


def test_what_the_user_wrote_stays() -> None:
    """A description of the user's is infrastructure, even one that reads like a distribution and its version."""
    one, other = _layer("six 1.17.0", "MIT", None), _layer("six 1.16.0", "MIT", "LicenseInfo")
    assert stable_template(one)["Resources"]["Base"]["Properties"]["Description"] == "six 1.17.0"
    assert stable_template(other)["Resources"]["Base"]["Properties"]["Description"] == "six 1.16.0"


def test_other_logical_ids_with_a_hash_stay() -> None:
    """Only that of a function's version is made from its configuration; a user may name a table after a digest."""
    name = "Table" + hashlib.md5(b"name", usedforsecurity=False).hexdigest()
    template = {"Resources": {name: {"Type": "AWS::DynamoDB::Table"}}}
    assert stable_template(template) == template


def test_sections_and_resources_of_any_kind_stay() -> None:
    """A template of SAM, with a loop of the language extensions, and names that only the CDK's own sections have."""
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Reports",
        "Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"],
        "Resources": {"Fn::ForEach::Topics": ["Name", ["A", "B"], {"Topic${Name}": {"Type": "AWS::SNS::Topic"}}]},
        "Outputs": {"CDKMetadata": {"Value": "1"}, "BootstrapVersion": {"Value": "2"}},
    }
    assert stable_template(template) == template


def test_other_metadata_of_a_function_stays() -> None:
    """Only what this library writes for itself is left out of it."""
    template = _template()
    template["Resources"]["Fn"]["Metadata"]["company:owner"] = "data"
    assert stable_template(template)["Resources"]["Fn"]["Metadata"] == {"company:owner": "data"}


def test_assets_in_the_names_of_a_map() -> None:
    """A hash is renamed wherever a resource mentions it."""
    template = {"Resources": {"R": {"Properties": {"Files": {f"{_digest('a')}.zip": [_digest("b")]}}}}}
    assert stable_template(template) == {
        "Resources": {"R": {"Properties": {"Files": {"asset-of-R.zip": ["asset-of-R-2"]}}}}
    }
