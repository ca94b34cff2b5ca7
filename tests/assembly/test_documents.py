"""Parts of an assembly as other programs write them, and what is read of resources with assets."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.app.model import Settings
from cdk_layers.assembly.reader import read
from cdk_layers.errors import AssemblyError
from cdk_layers.rules.engine import judge
from tests.assembly.templates import assembly_of, write_zip

if TYPE_CHECKING:
    from pathlib import Path

_HASH = "0123456789abcdef" * 4


def _function(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13", **properties}}


@pytest.mark.parametrize("source", [{"executable": ["make", "layer.zip"]}, {"path": None}, None, "layer.zip"])
def test_an_asset_that_has_no_path(tmp_path: Path, source: object) -> None:
    """A manifest may name a command that makes the asset at deploy: its content is unknown, and the rest is read."""
    content = {"Content": {"S3Bucket": "b", "S3Key": "layer.zip"}}
    resource = {"Type": "AWS::Lambda::LayerVersion", "Properties": content}
    folder = _with_asset(assembly_of(tmp_path, Hub={"Resources": {"Base": resource}}), source)
    app = read(folder)
    assert [layer.contents for layer in app.layers] == [None]
    assert "s3://b/layer.zip is not an asset of this assembly" in str(app.unread[0])


# Since Python 3.12, comprehensions have no frames of their own, so more levels can be evaluated.
@pytest.mark.parametrize("depth", [400 if sys.version_info >= (3, 12) else 300, 3000])
def test_expressions_that_are_nested_deeply(tmp_path: Path, depth: int) -> None:
    """The error says so, and is not a traceback."""
    expression = '{"Fn::Join": ["", [' * depth + '"arn"' + "]]}" * depth
    text = json.dumps({"Resources": {"F": _function(Layers=["EXPRESSION"])}}).replace('"EXPRESSION"', expression)
    (tmp_path / "template.json").write_text(text)
    with pytest.raises(AssemblyError, match="nested too deeply"):
        read(tmp_path / "template.json")


def _with_asset(folder: Path, source: object) -> Path:
    """Add an asset manifest with one asset, which is uploaded as layer.zip."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["artifacts"]["Assets"] = {"type": "cdk:asset-manifest", "properties": {"file": "assets.json"}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    asset = {"source": source, "destinations": {"here": {"bucketName": "b", "objectKey": "layer.zip"}}}
    (folder / "assets.json").write_text(json.dumps({"files": {_HASH: asset}}))
    return folder


@pytest.mark.parametrize("name", [f"asset.{_HASH}", f"asset.{_HASH}.zip", f"{_HASH}.zip", _HASH])
def test_the_asset_hash_of_a_staged_path(tmp_path: Path, name: str) -> None:
    """Templates with asset parameters, and those of `sam build`, name the asset only by its path in the Metadata."""
    write_zip(tmp_path / name, shared="")
    resource = {
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {"Content": {"S3Bucket": "b", "S3Key": {"Ref": "Key"}}},
        "Metadata": {"aws:asset:path": name},
    }
    template = {"Resources": {"Base": resource}, "Parameters": {"Key": {"Type": "String"}}}
    (layer,) = read(assembly_of(tmp_path, Hub=template)).layers
    assert layer.asset == _HASH
    assert layer.contents is not None


def test_an_unknown_layer_is_reported_in_each_stack(tmp_path: Path) -> None:
    """Two stacks with the same expression have layers of their own, and neither is hidden by the other."""
    template = {
        "Parameters": {"Arn": {"Type": "String"}},
        "Resources": {"F": _function(Layers=[{"Ref": "Arn"}])},
    }
    app = read(assembly_of(tmp_path, One=template, Two=template))
    reported = [str(each) for each in app.unread if "known only at deploy" in str(each)]
    assert [text.partition("'")[2].partition("#")[0] for text in reported] == ["One.template.json", "Two.template.json"]
    first, second = (function.used_layers[0] for function in app.functions)
    assert first.where != second.where


@pytest.mark.parametrize(
    ("file", "severities"),
    [("META-INF/signature.SF", []), ("python/shared.py", ["error"]), ("python/shapes/lake.SF", ["error"])],
)
def test_whether_an_asset_is_signed(tmp_path: Path, file: str, severities: list[str]) -> None:
    """The CDK uploads an asset as it is, so a function that accepts only signed layers is rejected without a doubt."""
    with zipfile.ZipFile(tmp_path / "layer.zip", "w") as archive:
        archive.writestr(file, "")
    policies = {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"}}
    content = {"Content": {"S3Bucket": "b", "S3Key": "layer.zip"}}
    resources = {
        "F": _function(Layers=[{"Ref": "Base"}], CodeSigningConfigArn={"Ref": "Config"}),
        "Base": {"Type": "AWS::Lambda::LayerVersion", "Properties": content},
        "Config": {"Type": "AWS::Lambda::CodeSigningConfig", "Properties": policies},
    }
    folder = _with_asset(assembly_of(tmp_path, Hub={"Resources": resources}), {"path": "layer.zip"})
    found = [finding for finding in judge(read(folder), Settings()) if finding.rule == "unsigned-layer"]
    assert [finding.severity for finding in found] == severities


def test_the_working_folder_is_not_read_for_an_assembly_that_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was downloaded names what it likes, and only `cdk synth --no-staging` leaves assets in the project."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.py").write_text("x = 1\n")
    (tmp_path / "downloaded").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    resource = {
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {"Content": {"S3Bucket": "b", "S3Key": {"Ref": "Key"}}},
        "Metadata": {"aws:asset:path": "../mine"},
    }
    template = {"Resources": {"Base": resource}, "Parameters": {"Key": {"Type": "String"}}}
    app = read(assembly_of(tmp_path / "downloaded", Hub=template))
    assert app.layers[0].contents is None
    assert "outside of the assembly" in str(app.unread[0])


@pytest.mark.parametrize("name", ["template.json", "template.yaml"])
def test_yaml_has_a_bound_whatever_its_name_is(tmp_path: Path, name: str) -> None:
    """It is read a hundred times slower than JSON, so a large one is not waited for."""
    (tmp_path / name).write_text("Resources: {}\n" + "# more\n" * 160_000)
    with pytest.raises(AssemblyError, match="1 MiB"):
        read(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_an_asset_that_is_a_pipe(tmp_path: Path) -> None:
    """Its end is not waited for."""
    os.mkfifo(tmp_path / "layer.zip")
    content = {"Content": {"S3Bucket": "b", "S3Key": "layer.zip"}}
    resource = {"Type": "AWS::Lambda::LayerVersion", "Properties": content}
    folder = _with_asset(assembly_of(tmp_path, Hub={"Resources": {"Base": resource}}), {"path": "layer.zip"})
    app = read(folder)
    assert app.layers[0].contents is None
    assert "layer.zip does not exist" in str(app.unread[0])
