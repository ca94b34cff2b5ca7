"""Templates of nested stacks, stack sets and products, found by the URLs that AWS reads them from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.assembly.reader import read
from tests.assembly.templates import assembly_of, read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _nested(url: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}


def _stack_set(url: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateURL": url}}


def _product(*urls: Any) -> dict[str, Any]:
    versions = [{"Info": {"LoadTemplateFromURL": url}} for url in urls]
    return {
        "Type": "AWS::ServiceCatalog::CloudFormationProduct",
        "Properties": {"ProvisioningArtifactParameters": versions},
    }


def _assembly(folder: Path, key: str, **resources: dict[str, Any]) -> Path:
    """Write an assembly with resources that deploy a template, uploaded under a key, and return its folder."""
    (folder / "nested.json").write_text(json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Function"}}}))
    manifest = assembly_of(folder, Hub={"Resources": resources}) / "manifest.json"
    files = {"a1": {"source": {"path": "nested.json"}, "destinations": {"here": {"objectKey": key}}}}
    (folder / "Hub.assets.json").write_text(json.dumps({"files": files}))
    document = json.loads(manifest.read_text())
    document["artifacts"]["Hub.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": "Hub.assets.json"}}
    manifest.write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize("key", ["a1.json", "prefix/a1.json", "several/parts/of/a1.json"])
@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-west-1.amazonaws.com/bucket/%s",
        {"Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/bucket/%s"},
        {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, ".amazonaws.com/bucket-", {"Ref": "X"}, "/%s"]]},
    ],
)
def test_templates_are_found_by_keys_with_a_prefix(tmp_path: Path, key: str, url: Any) -> None:
    """A synthesizer's bucket_prefix begins the keys of all assets, and the CDK need not write their metadata."""
    app = read(_assembly(tmp_path, key, Nested=_nested(json.loads(json.dumps(url).replace("%s", key)))))

    assert [function.where.logical_id for function in app.functions] == ["F"]
    assert app.unread == ()


@pytest.mark.parametrize("deploying", [_stack_set, _product])
def test_templates_for_other_accounts_are_read(tmp_path: Path, deploying: Callable[[str], dict[str, Any]]) -> None:
    """The account and Region of the assembly's stack are not those of a stack set's or a product's stacks."""
    app = read(_assembly(tmp_path, "a1.json", Elsewhere=deploying("https://bucket.s3.amazonaws.com/a1.json")))

    assert [(function.where.logical_id, function.region, function.account) for function in app.functions] == [
        ("F", None, None)
    ]
    assert app.unread == ()


def test_each_template_for_other_accounts_is_read_once(tmp_path: Path) -> None:
    """Versions of a product, and products, may have one template. The rest may be in no assembly, as a report says."""
    same, other = "https://bucket.s3.amazonaws.com/a1.json", "https://bucket.s3.amazonaws.com/other.json"
    app = read(_assembly(tmp_path, "a1.json", One=_product(same, other, same), Two=_product(same)))

    assert [function.where.logical_id for function in app.functions] == ["F"]
    assert [str(unread) for unread in app.unread] == [
        "Hub.template.json#One: its template is not a file of this assembly, so it is not checked."
    ]


def test_a_product_that_offers_itself_is_read_once(tmp_path: Path) -> None:
    """The template of a product may define that product again, for the account that it is deployed in."""
    folder = _assembly(tmp_path, "a1.json", One=_product("a1.json"))
    function = {"Type": "AWS::Lambda::Function"}
    (folder / "nested.json").write_text(json.dumps({"Resources": {"F": function, "Again": _product("a1.json")}}))

    assert [found.where.logical_id for found in read(folder).functions] == ["F"]


@pytest.mark.parametrize(
    "resource",
    [
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://bucket.s3.amazonaws.com/vpc.yaml'}}",
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Ref Url}}",
        "{Type: AWS::CloudFormation::Stack, Properties: {}}",
        "{Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: x, SemanticVersion: 1.0.0}}}",
        "{Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: 'https://bucket.s3.amazonaws.com/vpc.yaml'}}",
        "{Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: '{F: {Type: AWS::Lambda::Function}}'}}",
    ],
)
def test_templates_of_elsewhere_are_said_to_be_unchecked(tmp_path: Path, resource: str) -> None:
    """What a nested stack adds is not checked if its template is not here, which the report says."""
    app = read_text(tmp_path, f"Resources:\n  Network: {resource}\n")

    assert tuple(map(str, app.unread)) == (
        "template.yaml#Network: its template is not a file of this assembly, so it is not checked.",
    )


def test_an_inline_template_without_functions_is_silent(tmp_path: Path) -> None:
    """Most stack sets with their template in a property define roles and rules, of which nothing is checked."""
    app = read_text(
        tmp_path,
        "Resources:\n  Roles: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: 'AWS::IAM::Role'}}\n",
    )

    assert app.unread == ()
