"""Whatever bytes or structures there are, the readers return something or raise their own error."""

from __future__ import annotations

import contextlib
import json
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cdk_layers.app.model import Settings
from cdk_layers.assembly.reader import read
from cdk_layers.assembly.yaml_templates import load
from cdk_layers.contents.measure import measure
from cdk_layers.errors import AssemblyError
from cdk_layers.lambda_service.arn import LayerArn
from cdk_layers.rules.engine import judge

if TYPE_CHECKING:
    from pathlib import Path

_EACH_IN_THE_SAME_FOLDER = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

_names = st.sampled_from(["A", "B", "P", "C", "AWS::Region", "AWS::NoValue", "", "A.Arn", "Outputs.O"])
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | _names


def _calls(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    functions = ("Ref", "Condition", *(f"Fn::{name}" for name in (
        "If", "Join", "Sub", "Select", "Split", "FindInMap", "GetAtt", "ImportValue", "GetStackOutput", "Equals", "And",
        "Or", "Not",
    )))  # fmt: skip
    return st.dictionaries(st.sampled_from(functions), children, min_size=1, max_size=1)


_values = st.recursive(
    _scalars,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(_names, children, max_size=3) | _calls(children),
    max_leaves=12,
)
_resources = st.fixed_dictionaries(
    {
        "Type": st.sampled_from([
            "AWS::Lambda::Function", "AWS::Serverless::Function", "AWS::Lambda::LayerVersion",
            "AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersionPermission", "AWS::CloudFormation::Stack",
            "AWS::SSM::Parameter", "AWS::CloudFront::Distribution", "AWS::Lambda::Version",
            "Custom::CrossRegionStringParameterReader",
        ]),
        "Properties": st.dictionaries(
            st.sampled_from([
                "Code", "Layers", "Runtime", "Handler", "Architectures", "Environment", "Content", "CodeUri",
                "ContentUri", "LayerVersionArn", "Principal", "OrganizationId", "Name", "Value", "TemplateURL",
                "Parameters", "CompatibleRuntimes", "LambdaFunctionARN", "FunctionName", "ParameterName",
            ]),
            _values,
            max_size=6,
        ),
    },
    optional={"Condition": _names, "Metadata": _values, "DeletionPolicy": _values, "UpdateReplacePolicy": _values},
)  # fmt: skip
_templates = st.fixed_dictionaries(
    {"Resources": st.dictionaries(_names, _resources, max_size=4)},
    optional={
        "Parameters": st.dictionaries(_names, _values, max_size=3),
        "Conditions": st.dictionaries(_names, _values, max_size=3),
        "Mappings": st.dictionaries(_names, _values, max_size=2),
        "Outputs": st.dictionaries(_names, _values, max_size=3),
        "Globals": _values,
        "Transform": _values,
    },
)


@_EACH_IN_THE_SAME_FOLDER
@given(template=_templates)
def test_any_structure_of_a_template(tmp_path: Path, template: dict[str, Any]) -> None:
    """Intrinsic functions of every shape, in every place, and rules that judge what is read."""
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    with contextlib.suppress(AssemblyError):
        judge(read(path), Settings())


@_EACH_IN_THE_SAME_FOLDER
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(content=b"{")
@example(content=b"\xef\xbb\xbf{}")
def test_any_bytes_of_a_template(tmp_path: Path, content: bytes) -> None:
    """JSON, YAML or neither."""
    for name in ("template.json", "template.yaml", "manifest.json"):
        path = tmp_path / name
        path.write_bytes(content)
        with contextlib.suppress(AssemblyError):
            read(path)
        path.unlink()


@_EACH_IN_THE_SAME_FOLDER
@given(text=st.text(alphabet="ab:-?&*![]{}<>|'\"\n #,~0.=%@", max_size=120))
def test_any_yaml(tmp_path: Path, text: str) -> None:
    """Every character that means something in YAML, in any order."""
    with contextlib.suppress(AssemblyError):
        load(text, tmp_path)


@given(
    st.text(max_size=200)
    | st.from_regex(r"arn:[a-z-]*:lambda:[a-z0-9-]*:[0-9]*:layer:[A-Za-z0-9_-]*:[0-9]*", fullmatch=True)
)
def test_any_arn(text: str) -> None:
    """What is taken for an ARN says again what was written."""
    arn = LayerArn.parse(text)

    assert arn is None or str(arn) == text


def _archive() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("python/a.py", "x = 1\n" * 50)
        archive.writestr("python/six-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: six\nVersion: 1.0\n")
    return buffer.getvalue()


_WHOLE = _archive()


@_EACH_IN_THE_SAME_FOLDER
@given(
    cut=st.integers(0, len(_WHOLE)),
    changes=st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), max_size=8),
)
@example(cut=len(_WHOLE), changes=[])
def test_any_damage_to_an_archive(tmp_path: Path, cut: int, changes: list[tuple[int, int]]) -> None:
    """Cut off anywhere, with any bytes changed."""
    content = bytearray(_WHOLE)
    for place, value in changes:
        content[place] = value
    path = tmp_path / "layer.zip"
    path.write_bytes(content[:cut])
    try:
        contents = measure(path)
    except AssemblyError as error:
        assert "layer.zip" in str(error)  # noqa: PT017
    else:
        assert sum(file.size for file in contents.files.values()) == contents.unzipped_bytes


def test_the_undamaged_archive_is_read(tmp_path: Path) -> None:
    """Else all of the above would prove nothing."""
    path = tmp_path / "layer.zip"
    path.write_bytes(_WHOLE)

    assert measure(path).versions == {"six": "1.0"}
