"""Functions and layers as AWS SAM writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cdk_layers.assembly.reader import read
from tests.assembly.templates import labels, read_text, write_zip

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = "Transform: AWS::Serverless-2016-10-31\n"


def test_what_sam_build_wrote_is_read(tmp_path: Path) -> None:
    """A folder with a template.yaml, and folders of code and layers beside it."""
    build = tmp_path / ".aws-sam" / "build"
    write_zip(build / "unused.zip")
    for path in ("Report/app.py", "Base/python/shared.py"):
        (build / path).parent.mkdir(parents=True)
        (build / path).write_text("def handler(event, context): ...\n")
    (build / "template.yaml").write_text(f"""{_HEAD}
Globals:
  Function: {{Runtime: python3.13, Architectures: [arm64]}}
Resources:
  Report:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: Report, Handler: app.handler, Layers: [!Ref Base]}}
    Metadata: {{SamResourceId: Report}}
  Base:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ContentUri: Base, CompatibleRuntimes: [python3.13]}}
    Metadata: {{BuildMethod: python3.13, SamResourceId: Base}}
""")
    app = read(build)
    (function,) = app.functions

    assert (function.runtime, function.architecture, function.handler) == ("python3.13", "arm64", "app.handler")
    assert function.code is not None
    assert list(function.code.files) == ["app.py"]
    (layer,) = function.used_layers
    assert layer.contents is not None
    assert list(layer.contents.files) == ["python/shared.py"]
    assert (layer.name, layer.runtimes, layer.retained) == ("Base", ("python3.13",), True)
    assert app.unread == ()


def test_a_layer_that_is_yet_to_be_built_is_unknown(tmp_path: Path) -> None:
    """Its folder holds a manifest, not what the manifest asks for."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "requirements.txt").write_text("six\n")
    app = read_text(tmp_path, f"""{_HEAD}
Resources:
  Base:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ContentUri: base}}
    Metadata: {{BuildMethod: python3.13}}
""")  # fmt: skip

    assert app.layers[0].contents is None
    assert "sam build" in str(app.unread[0])


@pytest.mark.parametrize(
    ("policy", "retained"),
    [
        ("", True),
        ("RetentionPolicy: Retain", True),
        ("RetentionPolicy: Delete", False),
        ("RetentionPolicy: !Ref X", None),
    ],
)
def test_sam_retains_layers_by_default(tmp_path: Path, policy: str, retained: bool | None) -> None:
    """Whatever DeletionPolicy says: SAM has a property of its own."""
    text = f"Resources: {{Base: {{Type: AWS::Serverless::LayerVersion, Properties: {{{policy}}}}}}}"

    assert read_text(tmp_path, f"{_HEAD}{text}").layers[0].retained is retained


def test_globals_are_merged_as_sam_merges_them(tmp_path: Path) -> None:
    """Lists are joined with the globals first, mappings key by key, and the function's own scalars win."""
    app = read_text(tmp_path, f"""{_HEAD}
Globals:
  Function:
    Runtime: python3.12
    Handler: main.handler
    Layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:a:1']
    Environment: {{Variables: {{A: global, B: global}}}}
Resources:
  Report:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      InlineCode: 'def handler(event, context): ...'
      Layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:b:1']
      Environment: {{Variables: {{B: own}}}}
""")  # fmt: skip
    (function,) = app.functions

    assert (function.runtime, function.handler) == ("python3.13", "main.handler")
    assert [label.split(":")[-2] for label in labels(function)] == ["a", "b"]
    assert function.environment == {"A": "global", "B": "own"}
    assert function.code is not None
    assert list(function.code.files) == ["index.py"]


def test_a_conditional_list_of_globals_is_replaced(tmp_path: Path) -> None:
    """A call is no mapping to be merged."""
    app = read_text(tmp_path, f"""{_HEAD}
Globals: {{Function: {{Environment: {{Variables: {{A: b}}}}}}}}
Resources:
  Report: {{Type: AWS::Serverless::Function, Properties: {{Environment: !Ref X, ImageUri: x, PackageType: Image}}}}
""")  # fmt: skip
    (function,) = app.functions

    assert function.environment is None
    assert function.image


@pytest.mark.parametrize(
    ("ignored", "expected"),
    [("IgnoreGlobals: '*'", (None, ["b"])), ("IgnoreGlobals: [Layers]", ("python3.12", ["b"])),
     ("IgnoreGlobals: [Runtime]", (None, ["a", "b"])), ("", ("python3.12", ["a", "b"]))],
)  # fmt: skip
def test_a_function_may_ignore_globals(tmp_path: Path, ignored: str, expected: tuple[str | None, list[str]]) -> None:
    """It ignores all of them, or those that it names."""
    app = read_text(
        tmp_path,
        f"""{_HEAD}
Globals: {{Function: {{Runtime: python3.12, Layers: [a]}}}}
Resources:
  Report: {{Type: AWS::Serverless::Function, {ignored + "," if ignored else ""} Properties: {{Layers: [b]}}}}
""",
    )
    (function,) = app.functions

    assert (function.runtime, labels(function)) == expected


@pytest.mark.parametrize("name", ["RefreshToken", "Fn", "References"])
def test_a_variable_that_begins_like_an_intrinsic_function_is_merged(tmp_path: Path, name: str) -> None:
    """A mapping with this one key is no call, so the variables of Globals stay."""
    app = read_text(
        tmp_path,
        f"""{_HEAD}
Globals: {{Function: {{Environment: {{Variables: {{PYTHONPATH: /opt/python}}}}}}}}
Resources:
  Report: {{Type: AWS::Serverless::Function, Properties: {{Environment: {{Variables: {{{name}: x}}}}}}}}
""",
    )
    (function,) = app.functions

    assert function.environment == {"PYTHONPATH": "/opt/python", name: "x"}


@pytest.mark.parametrize("kind", ["AWS::Serverless::Function", "AWS::Lambda::Function"])
@pytest.mark.parametrize(
    ("metadata", "is_known"),
    [("BuildMethod: makefile", False), ("BuildMethod: rust-cargolambda", False), ("BuildMethod: python3.13", True),
     ("BuildMethod: python-uv", True), ("BuildMethod: makefile, SamResourceId: F", True), ("SkipBuild: true", True)],
)  # fmt: skip
def test_code_that_is_yet_to_be_built_by_a_makefile_is_unknown(
    tmp_path: Path, kind: str, metadata: str, is_known: bool
) -> None:
    """A makefile may put any code into the archive, whereas the code of Python's build is copied as it is."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "Makefile").write_text("build-F:\n\tcp src/app.py $(ARTIFACTS_DIR)\n")
    code = "CodeUri" if "Serverless" in kind else "Code"
    app = read_text(
        tmp_path,
        f"""{_HEAD}
Resources:
  F: {{Type: {kind}, Metadata: {{{metadata}}}, Properties: {{{code}: code, Handler: app.handler, Runtime: python3.13}}}}
""",
    )
    (function,) = app.functions

    assert (function.code is not None) == is_known
    assert any("sam build" in sentence for sentence in map(str, app.unread)) == (not is_known)


@pytest.mark.parametrize(
    "uri", ["s3://code/k.zip", "!Sub 's3://${Bucket}/k.zip'", "!Join ['', ['s3://', code, /k.zip]]"]
)
def test_an_address_in_s3_is_no_local_path(tmp_path: Path, uri: str) -> None:
    """It may be an expression too."""
    app = read_text(
        tmp_path,
        f"""{_HEAD}
Parameters: {{Bucket: {{Type: String, Default: code}}}}
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: {uri}}}}}
""",
    )

    assert tuple(map(str, app.unread)) == (
        "Function 'template.yaml#F': s3://code/k.zip is not an asset of this assembly, so its content is unknown.",
    )


@pytest.mark.parametrize("uri", ["s3://artifacts/base.zip", "{Bucket: artifacts, Key: base.zip}"])
def test_what_lies_in_s3_is_unknown_and_said(tmp_path: Path, uri: str) -> None:
    """After `sam package` the archives are elsewhere."""
    text = f"{_HEAD}Resources: {{Base: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: {uri}}}}}}}"
    app = read_text(tmp_path, text)

    assert app.layers[0].contents is None
    assert "s3://artifacts/base.zip" in str(app.unread[0])


@pytest.mark.parametrize(
    ("code", "kind", "metadata", "is_source"),
    [
        ("src", "Serverless", {}, True),
        ("src", "Serverless", {"SamResourceId": "F"}, False),
        ("src", "Serverless", {"SkipBuild": True}, False),
        ("code.zip", "Serverless", {}, False),
        ("src", "Lambda", {"SamResourceId": "F"}, False),
    ],
)
def test_sources_are_what_sam_build_has_yet_to_build(
    tmp_path: Path, code: str, kind: str, metadata: dict[str, object], is_source: bool
) -> None:
    """In whatever folder `sam build --build-dir` writes to, and whether the template is YAML or JSON."""
    (tmp_path / "src").mkdir()
    write_zip(tmp_path / "code.zip")
    place = "CodeUri" if kind == "Serverless" else "Code"
    resource = {"Type": f"AWS::{kind}::Function", "Properties": {place: code}, "Metadata": metadata}
    for name in ("template.yaml", "template.json"):
        (tmp_path / name).write_text(json.dumps({"Resources": {"F": resource}}))
        assert [function.is_source for function in read(tmp_path / name).functions] == [is_source]


def test_a_nested_application_is_read(tmp_path: Path) -> None:
    """Parameters lead into it, outputs lead out of it."""
    (tmp_path / "inner.yaml").write_text("""
Parameters: {Given: {Type: String}}
Resources:
  Inner: {Type: AWS::Lambda::LayerVersion, Properties: {}}
  Inside: {Type: AWS::Lambda::Function, Properties: {Layers: [!Ref Given]}}
Outputs: {Made: {Value: !Ref Inner}}
""")
    app = read_text(tmp_path, f"""{_HEAD}
Resources:
  Base: {{Type: AWS::Serverless::LayerVersion, Properties: {{}}}}
  App: {{Type: AWS::Serverless::Application, Properties: {{Location: inner.yaml, Parameters: {{Given: !Ref Base}}}}}}
  Outside: {{Type: AWS::Serverless::Function, Properties: {{Layers: [!GetAtt App.Outputs.Made]}}}}
""")  # fmt: skip
    used = {function.where.path: labels(function) for function in app.functions}

    assert used == {
        "template.yaml#Outside": ["template.yaml#App/Inner"],
        "template.yaml#App/Inside": ["template.yaml#Base"],
    }


def test_an_edge_function_is_known_by_its_version(tmp_path: Path) -> None:
    """SAM makes the version itself and lets templates name it after a dot."""
    app = read_text(tmp_path, f"""{_HEAD}
Resources:
  Redirect: {{Type: AWS::Serverless::Function, Properties: {{AutoPublishAlias: live}}}}
  Report: {{Type: AWS::Serverless::Function, Properties: {{}}}}
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        DefaultCacheBehavior: {{LambdaFunctionAssociations: [{{LambdaFunctionARN: !Ref Redirect.Version}}]}}
""")  # fmt: skip

    assert [function.edge for function in app.functions] == [True, False]
