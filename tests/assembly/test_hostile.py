"""Assemblies that were made to do harm, or that were damaged: a clear error, soon, in little memory."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.assembly.documents import MAX_JSON_BYTES, MAX_TEMPLATE_BYTES, MAX_YAML_BYTES, read_document
from cdk_layers.assembly.reader import read
from cdk_layers.errors import AssemblyError
from tests.assembly.templates import assembly_of, read_text, write_zip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LAYER = "Resources: {{Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: '{}'}}}}}}"


def _lambda(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


@pytest.mark.parametrize("name", ["manifest.json", "template.yaml"])
def test_a_huge_file_is_not_taken_in(tmp_path: Path, name: str) -> None:
    """100 MB are refused by their size, before they are parsed."""
    with (tmp_path / name).open("wb") as file:
        file.write(b"{")
        file.truncate(100 * 1024 * 1024)

    with pytest.raises(AssemblyError, match="larger than"):
        read(tmp_path)


@pytest.mark.parametrize("data", ["", "[]", '{"Hub/Fn": {"layers": [', "[" * 200_000, {"Hub/Fn": {}}, ["Hub/Fn"], None])
def test_what_is_told_of_functions_in_another_form_tells_nothing(tmp_path: Path, data: object) -> None:
    """Metadata that this library did not write is passed over."""
    folder = assembly_of(tmp_path, Hub={"Resources": {"Fn": _lambda()}})
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["artifacts"]["Hub"]["metadata"] = {"/Hub": [{"type": "cdk-layers:functions", "data": data}]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert read(folder).functions[0].declared_layers is None


@pytest.mark.parametrize(("suffix", "limit"), [("json", MAX_JSON_BYTES), ("yaml", MAX_YAML_BYTES)])
def test_the_bound_is_exact(tmp_path: Path, suffix: str, limit: int) -> None:
    """A file of just that size is read, one of a byte more is not."""
    path = tmp_path / f"template.{suffix}"
    path.write_bytes(b'{"a":1}'.ljust(limit))
    assert read_document(path)
    path.write_bytes(b'{"a":1}'.ljust(limit + 1))
    with pytest.raises(AssemblyError, match="larger than"):
        read_document(path)


@pytest.mark.parametrize(
    "text",
    [
        '{"Resources": {"A": ' * 10,
        '{"Resources": {"A": {"Type": "AWS::Lambda::Function", "Prop',
        '{"a":' * 100_000,
        '{"a": ' + "[" * 1_000_000,
        '{"a": ' + "1" * 100_000 + "}",
        "[" * 200_000,
        "- " * 200_000,
        "{a: " * 100_000,
        "? " * 100_000,
        "!Sub [" * 100_000,
        "a: &a [*a]",
        "\x00",
        "a: *nowhere",
        "? [1, 2]\n: 3",
        "a: 1\n---\nb: 2",
        "".join(["a0: &a0 {x: 1}\n", *(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(60))]),
        "".join(["a0: &a0 {x: 1}\n", *(f"a{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}], k: 1}}\n" for n in range(60))]),
    ],
    ids=range(17),
)
def test_damaged_and_explosive_texts(tmp_path: Path, text: str) -> None:
    """Cut off, nested without end, or multiplied by aliases."""
    for name in ("template.yaml", "template.json"):
        with pytest.raises(AssemblyError, match="template"):
            read_text(tmp_path, text, name)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """Neither UTF-8 nor anything else."""
    path = tmp_path / "template.yaml"
    path.write_bytes(b"\xff\xfe\x00Resources")

    with pytest.raises(AssemblyError, match=r"template\.yaml"):
        read(path)


def test_aliases_within_bounds_are_read(tmp_path: Path) -> None:
    """Templates in the field share tags and environments that way."""
    text = "Shared: &s {A: b}\nResources:\n" + "".join(
        f"  R{number}: {{Type: AWS::Lambda::Function, Properties: {{Environment: {{Variables: *s}}}}}}\n"
        for number in range(3)
    )

    assert [function.environment for function in read_text(tmp_path, text).functions] == [{"A": "b"}] * 3


def test_a_template_has_a_bound_of_its_own(tmp_path: Path) -> None:
    """The service takes an eighth of it."""
    text = '{"Resources": {}}'
    assert read_text(tmp_path, text.ljust(MAX_TEMPLATE_BYTES), "template.json").functions == ()
    with pytest.raises(AssemblyError, match="larger than 8 MiB"):
        read_text(tmp_path, text.ljust(MAX_TEMPLATE_BYTES + 1), "template.json")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """No process ever writes into it."""
    os.mkfifo(tmp_path / "template.json")

    with pytest.raises(AssemblyError, match="not a regular file"):
        read(tmp_path / "template.json")


@pytest.mark.parametrize("name", ["../other.json", "/etc/passwd", "", None, 7, "a/../../other.json"])
def test_parts_outside_of_the_assembly_are_refused(tmp_path: Path, name: object) -> None:
    """A manifest names its own files only."""
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    (tmp_path / "other.json").write_text('{"Resources": {}}')
    manifest = json.loads((assembly_of(folder, Hub={"Resources": {}}) / "manifest.json").read_text())
    for kind, key in (
        ("aws:cloudformation:stack", "templateFile"), ("cdk:cloud-assembly", "directoryName"),
        ("cdk:asset-manifest", "file"),
    ):  # fmt: skip
        manifest["artifacts"]["Hub"] = {"type": kind, "properties": {key: name}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(AssemblyError, match="but it is not in it"):
            read(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_out_of_the_assembly_are_not_followed(tmp_path: Path) -> None:
    """Neither by a template nor by an asset, and what was not read is said."""
    outside = tmp_path / "outside"
    (outside / "python").mkdir(parents=True)
    (outside / "python" / "secret.py").write_text("x = 1\n")
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    (folder / "asset.1").symlink_to(outside)
    app = read_text(folder, _LAYER.format("asset.1"))

    assert app.layers[0].contents is None
    assert "outside of the assembly" in str(app.unread[0])
    (folder / "Hub.template.json").symlink_to(tmp_path / "template.json")
    (tmp_path / "template.json").write_text('{"Resources": {}}')
    manifest = {
        "artifacts": {"Hub": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Hub.template.json"}}}
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AssemblyError, match="but it is not in it"):
        read(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_that_lead_to_themselves(tmp_path: Path) -> None:
    """An asset is as one that does not exist, and a template cannot be read."""
    for name in ("asset.1", "template.json"):
        (tmp_path / name).symlink_to(tmp_path / name)
    app = read_text(tmp_path, _LAYER.format("asset.1"))

    assert app.layers[0].contents is None
    assert "does not exist" in str(app.unread[0])
    with pytest.raises(AssemblyError, match="cannot be read"):
        read(tmp_path / "template.json")


@pytest.mark.parametrize("path", ["../outside", "/etc", "a/../../outside"])
def test_assets_outside_of_the_assembly_are_not_read(tmp_path: Path, path: str) -> None:
    """They are unknown, and the report says so."""
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    app = read_text(folder, _LAYER.format(path))

    assert app.layers[0].contents is None
    assert "outside of the assembly" in str(app.unread[0])


def test_assets_in_the_working_folder_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cdk synth --no-staging` leaves them in the project, beside cdk.out."""
    (tmp_path / "layer" / "python").mkdir(parents=True)
    (tmp_path / "layer" / "python" / "a.py").write_text("x = 1\n")
    (tmp_path / "cdk.out").mkdir()
    monkeypatch.chdir(tmp_path)

    assert read_text(tmp_path / "cdk.out", _LAYER.format("../layer")).layers[0].unzipped_bytes == 6


def test_a_missing_asset_is_unknown(tmp_path: Path) -> None:
    """A part of an assembly is still an assembly."""
    app = read_text(tmp_path, _LAYER.format("gone.zip"))

    assert app.layers[0].contents is None
    assert "does not exist" in str(app.unread[0])


_TWO_LAYERS_AND_A_FUNCTION = """
Resources:
  Base: {Type: AWS::Lambda::LayerVersion, Properties: {Content: base.zip}}
  Data: {Type: AWS::Lambda::LayerVersion, Properties: {Content: data.zip}}
  Report: {Type: AWS::Lambda::Function, Properties: {Code: base.zip}}
"""


def _damaged(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 cut off")


def _absolute(path: Path) -> None:
    write_zip(path, **{"/opt/a": ""})


def _windows(path: Path) -> None:
    write_zip(path, **{"python\\a": ""})


@pytest.mark.parametrize(
    ("write", "is_certain", "why"),
    [
        (_damaged, True, "is not a zip archive, or is cut off"),
        (_absolute, False, "has an unsafe path"),
        (_windows, False, "has an unsafe path"),
    ],
)
def test_content_that_cannot_be_read(
    tmp_path: Path, write: Callable[[Path], None], why: str, *, is_certain: bool
) -> None:
    """It is unknown, with the reason, and all else of the app is read."""
    write(tmp_path / "base.zip")
    write_zip(tmp_path / "data.zip", data="x = 1\n")

    app = read_text(tmp_path, _TWO_LAYERS_AND_A_FUNCTION)

    base, data = app.layers
    (report,) = app.functions
    for subject in (base, report):
        assert subject.fault is not None
        assert why in subject.fault.text
        assert str(tmp_path / "base.zip") in subject.fault.text
        assert subject.fault.is_certain == is_certain
        assert subject.location == tmp_path / "base.zip"
    assert (base.contents, report.code) == (None, None)
    assert data.fault is None
    assert data.unzipped_bytes == 6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """It is unknown too. It may be readable where it is deployed."""
    (tmp_path / "base").mkdir()
    os.mkfifo(tmp_path / "base" / "pipe")

    (layer,) = read_text(tmp_path, _LAYER.format("base")).layers

    assert layer.contents is None
    assert layer.fault is not None
    assert "'pipe' in" in layer.fault.text
    assert not layer.fault.is_certain


def test_a_zip_bomb_is_measured_by_what_it_says(tmp_path: Path) -> None:
    """Half a gigabyte of zeros in half a megabyte of archive does not come to memory."""
    with (
        zipfile.ZipFile(tmp_path / "base.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("python/zeros", "w", force_zip64=True) as file,
    ):
        for _ in range(512):
            file.write(bytes(1024 * 1024))

    assert read_text(tmp_path, _LAYER.format("base.zip")).layers[0].unzipped_bytes == 512 * 1024**2


def test_ten_thousand_files_are_no_trouble(tmp_path: Path) -> None:
    """Real layers have as many."""
    with zipfile.ZipFile(tmp_path / "base.zip", "w") as archive:
        for number in range(10_000):
            archive.writestr(f"python/m{number}.py", "")
    contents = read_text(tmp_path, _LAYER.format("base.zip")).layers[0].contents

    assert contents is not None
    assert len(contents.files) == 10_000


def test_stacks_that_import_from_each_other_in_a_cycle(tmp_path: Path) -> None:
    """The error names the cycle."""

    def stack(mine: str, other: str) -> dict[str, Any]:
        output = {"Value": {"Fn::ImportValue": other}, "Export": {"Name": mine}}
        return {"Resources": {"F": _lambda(Layers=[{"Fn::ImportValue": other}])}, "Outputs": {"O": output}}

    folder = assembly_of(tmp_path, A=stack("a", "b"), B=stack("b", "a"))

    with pytest.raises(AssemblyError, match=r"in a cycle.*export b.*export a"):
        read(folder)


def test_an_output_of_an_output_of_itself(tmp_path: Path) -> None:
    """Weak references can form cycles too."""
    output = {"Fn::GetStackOutput": {"StackName": "A", "OutputName": "O"}}
    folder = assembly_of(
        tmp_path, A={"Resources": {"F": _lambda(Layers=[output])}, "Outputs": {"O": {"Value": output}}}
    )

    with pytest.raises(AssemblyError, match="in a cycle"):
        read(folder)


def test_a_template_that_nests_itself(tmp_path: Path) -> None:
    """It would have no end."""
    with pytest.raises(AssemblyError, match="nests itself"):
        read_text(
            tmp_path, "Resources: {Again: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: template.yaml}}}"
        )


def test_templates_that_nest_each_other_twice_are_bounded(tmp_path: Path) -> None:
    """Thirty templates, each nesting the next one twice, are 2**30 stacks."""
    for number in range(30):
        nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": f"t{number + 1}.json"}}
        (tmp_path / f"t{number}.json").write_text(json.dumps({"Resources": {"A": nested, "B": nested}}))
    (tmp_path / "t30.json").write_text('{"Resources": {}}')

    with pytest.raises(AssemblyError, match="templates"):
        read(tmp_path / "t0.json")


def test_texts_that_double_stay_bounded(tmp_path: Path) -> None:
    """Sixty exports, each twice the one before, would be a text of 2**60 characters."""
    outputs: dict[str, Any] = {"O0": {"Value": "x" * 100, "Export": {"Name": "e0"}}}
    for number in range(60):
        part = {"Fn::ImportValue": f"e{number}"}
        outputs[f"O{number + 1}"] = {"Value": {"Fn::Join": ["", [part, part]]}, "Export": {"Name": f"e{number + 1}"}}
    use = _lambda(Layers=[{"Fn::ImportValue": "e60"}])
    folder = assembly_of(tmp_path, A={"Resources": {"F": use}, "Outputs": outputs})

    with pytest.raises(AssemblyError, match="steps"):
        read(folder)


def test_wrong_types_everywhere(tmp_path: Path) -> None:
    """Whatever stands where a mapping, list or text belongs, the reader does not stumble."""
    wrongs: list[Any] = [
        None,
        [],
        {},
        7,
        True,
        "x",
        [[]],
        {"Ref": []},
        {"Fn::Sub": 1},
        {"Fn::If": 1},
        {"Fn::Join": [1, 2]},
    ]
    for wrong in wrongs:
        properties = dict.fromkeys(
            ("Code", "Runtime", "Handler", "Layers", "Architectures", "Environment", "PackageType"), wrong
        )
        resources = {
            "F": {"Type": "AWS::Lambda::Function", "Properties": properties, "Metadata": wrong},
            "S": {"Type": "AWS::Serverless::Function", "Properties": {**properties, "CodeUri": wrong}},
            "L": {
                "Type": "AWS::Serverless::LayerVersion",
                "Properties": {"ContentUri": wrong, "RetentionPolicy": wrong},
            },
            "V": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": wrong, "CompatibleRuntimes": wrong}},
            "P": {"Type": "AWS::Lambda::LayerVersionPermission", "Properties": {"LayerVersionArn": wrong}},
            "N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": wrong, "Parameters": wrong}},
            "D": {"Type": "AWS::CloudFront::Distribution", "Properties": {"X": {"LambdaFunctionARN": wrong}}},
            "W": {"Type": wrong, "Properties": wrong},
        }
        document = {
            "Resources": resources, "Parameters": wrong, "Outputs": {"O": wrong, "P": {"Export": wrong}},
            "Mappings": wrong, "Globals": wrong, "Transform": wrong,
        }  # fmt: skip
        app = read(assembly_of(tmp_path, Wrong=document))
        assert {function.where.logical_id for function in app.functions} == {"F", "S"}
