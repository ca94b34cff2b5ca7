"""Templates of nested stacks, found by the URLs that CloudFormation reads them from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.assembly.reader import read
from tests.assembly.templates import assembly_of, read_text

if TYPE_CHECKING:
    from pathlib import Path


def _assembly(folder: Path, key: str, url: Any) -> Path:
    """Write an assembly with a nested stack, whose template is uploaded under a key, and return its folder."""
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    (folder / "nested.json").write_text(json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Function"}}}))
    manifest = assembly_of(folder, Hub={"Resources": {"Nested": nested}}) / "manifest.json"
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
    app = read(_assembly(tmp_path, key, json.loads(json.dumps(url).replace("%s", key))))

    assert [function.where.logical_id for function in app.functions] == ["F"]
    assert app.unread == ()


@pytest.mark.parametrize(
    "resource",
    [
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://bucket.s3.amazonaws.com/vpc.yaml'}}",
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Ref Url}}",
        "{Type: AWS::CloudFormation::Stack, Properties: {}}",
        "{Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: x, SemanticVersion: 1.0.0}}}",
    ],
)
def test_templates_of_elsewhere_are_said_to_be_unchecked(tmp_path: Path, resource: str) -> None:
    """What a nested stack adds is not checked if its template is not here, which the report says."""
    app = read_text(tmp_path, f"Resources:\n  Network: {resource}\n")

    assert tuple(map(str, app.unread)) == (
        "template.yaml#Network: its template is not in this assembly, so it is not checked.",
    )
