"""Templates by hand: CloudFormation's functions, parameters and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.app.model import Settings
from cdk_layers.assembly.reader import read
from cdk_layers.errors import AssemblyError
from cdk_layers.rules.engine import judge
from tests.assembly.templates import INLINE, assembly_of, labels, read_function, read_text, write_zip

if TYPE_CHECKING:
    from pathlib import Path

_ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:base:3"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"'{_ARN}'", _ARN),
        ("!Sub 'arn:aws:lambda:eu-west-1:${Owner}:layer:base:3'", _ARN),
        ("!Sub ['arn:aws:lambda:eu-west-1:${O}:layer:base:3', {O: !Ref Owner}]", _ARN),
        ("!Join [':', [arn, aws, lambda, eu-west-1, !Ref Owner, layer, base, '3']]", _ARN),
        ("!FindInMap [Arns, eu-west-1, base]", _ARN),
        ("!Select [1, [other, !Sub '${Whole}']]", _ARN),
        ("!Select [0, !Split ['|', !Sub '${Whole}|x']]", _ARN),
        ("{Fn::Join: ['', [!Ref Whole]]}", _ARN),
        ("!Ref Base", "template.yaml#Base"),
        ("!GetAtt Base.LayerVersionArn", "template.yaml#Base"),
        ("!Sub '${Base}'", "template.yaml#Base"),
        ("{Fn::Sub: '${Base.LayerVersionArn}'}", "template.yaml#Base"),
    ],
)
def test_functions_that_can_be_worked_out_are(tmp_path: Path, expression: str, expected: str) -> None:
    """However the layer is written, it is the same layer."""
    rest = f"""
  Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {{S3Bucket: b, S3Key: k}}}}}}
Parameters:
  Owner: {{Type: String, Default: '123456789012'}}
  Whole: {{Type: String, Default: '{_ARN}'}}
Mappings:
  Arns: {{eu-west-1: {{base: '{_ARN}'}}}}
"""
    function = read_function(tmp_path, f"Layers: [{expression}]", rest)

    assert labels(function) == [expected]


def test_what_a_mapping_has_for_a_region_is_named_by_its_keys(tmp_path: Path) -> None:
    """A layer that only a deploy chooses from a mapping is distinguished from others by the mapping and the keys."""
    rest = """
Mappings:
  Arns: {eu-west-1: {base: x}}
"""
    function = read_function(tmp_path, "Layers: [!FindInMap [Arns, !Ref AWS::Region, base]]", rest)

    assert labels(function) == ["${Fn::FindInMap Arns.${AWS::Region}.base}"]


@pytest.mark.parametrize(
    "expression",
    [
        "!Ref Nowhere",
        "!Ref Unset",
        "!Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:123456789012:layer:base:3'",
        "!ImportValue base-layer",
        "!FindInMap [Arns, !Ref AWS::Region, base]",
        "!Select [7, [a]]",
        "'{{resolve:ssm:/layers/base}}'",
        "'{{resolve:secretsmanager:x}}'",
        "!Transform {Name: x}",
        "{Fn::GetStackOutput: {StackName: Hub, OutputName: x}}",
        "!GetAtt Role.Arn",
    ],
)
def test_what_only_a_deploy_tells_is_unknown_and_said(tmp_path: Path, expression: str) -> None:
    """No layer is invented, none is dropped, and the report says which one is not known."""
    rest = """
  Role: {Type: AWS::IAM::Role}
Parameters:
  Unset: {Type: String}
Mappings:
  Arns: {eu-west-1: {base: x}}
"""
    text = (
        f"Resources:\n  Report: {{Type: AWS::Lambda::Function, Properties: {{Code: {INLINE}, Layers: [{expression}]}}}}"
    )
    app = read_text(tmp_path, f"{text}\n{rest}")
    (layer,) = app.functions[0].used_layers

    assert (layer.arn, layer.raw_arn, layer.is_resource, layer.contents) == (None, None, False, None)
    (said,) = map(str, app.unread)
    assert "template.yaml#Report" in said


def test_an_arn_with_an_unknown_region_still_has_a_name(tmp_path: Path) -> None:
    """That is enough to tell layers apart."""
    function = read_function(tmp_path, "Layers: [!Sub 'arn:aws:lambda:${AWS::Region}:123456789012:layer:base:3']")

    assert function.used_layers[0].name == "base"


def test_the_same_unknown_expression_is_the_same_layer(tmp_path: Path) -> None:
    """Twice the same import is twice the same layer, whatever it is."""
    function = read_function(tmp_path, "Layers: [!ImportValue a, !ImportValue b, !ImportValue a]")
    first, second, third = function.used_layers

    assert first is third
    assert first is not second


def test_references_say_how_they_lead_to_a_foreign_layer(tmp_path: Path) -> None:
    """An import locks stacks together, a parameter goes stale: rules need to tell them apart, known or not."""
    rest = "Parameters:\n  Given: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /layers/base}\n"
    function = read_function(tmp_path, f"Layers: [!ImportValue a, !Ref Given, '{_ARN}', !Ref X]", rest)

    assert [use.reference for use in function.layers or ()] == ["import-value", "parameter", "literal", "unknown"]


def test_references_to_arns_that_another_stack_passes_on(tmp_path: Path) -> None:
    """They lock stacks together or go stale as those to its own layers do."""
    parameter = {"Name": "/layers/base", "Type": "String", "Value": _ARN}
    hub = {
        "Resources": {"Base": {"Type": "AWS::SSM::Parameter", "Properties": parameter}},
        "Outputs": {"Base": {"Value": _ARN, "Export": {"Name": "base"}}},
    }
    layers = [
        {"Fn::ImportValue": "base"},
        {"Fn::GetStackOutput": {"StackName": "Hub", "OutputName": "Base"}},
        {"Ref": "Given"},
    ]
    spoke = {
        "Parameters": {"Given": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/layers/base"}},
        "Resources": {"Report": {"Type": "AWS::Lambda::Function", "Properties": {"Layers": layers}}},
    }
    (function,) = read(assembly_of(tmp_path, Hub=hub, Spoke=spoke)).functions

    assert labels(function) == [_ARN] * 3
    assert [use.reference for use in function.layers or ()] == ["import-value", "stack-output", "parameter"]


@pytest.mark.parametrize(
    ("number", "expected"), [("512", 512), ("'512'", 512), ("!Ref Unset", None), ("x", None), ("-1", None), ("", None)]
)
def test_memory_and_timeout(tmp_path: Path, number: str, expected: int | None) -> None:
    """They are numbers, also as strings; others are not known."""
    rest = "Parameters: {Unset: {Type: String}}\n"
    function = read_function(tmp_path, f"MemorySize: {number}, Timeout: {number}", rest)

    assert (function.memory_mib, function.timeout_seconds) == (expected, expected)


@pytest.mark.parametrize(
    ("properties", "is_image"),
    [
        ("PackageType: Image, Code: !Ref AWS::NoValue", True),
        ("PackageType: Image, Code: {ImageUri: 'a:1'}", True),
        ("Code: {ImageUri: 'a:1'}", True),
        (f"PackageType: Zip, Code: {INLINE}", False),
        (f"Code: {INLINE}", False),
    ],
)
def test_functions_of_images(tmp_path: Path, properties: str, is_image: bool) -> None:
    """The package type and the code each say that a function is a container image."""
    text = f"Resources: {{Report: {{Type: AWS::Lambda::Function, Properties: {{{properties}}}}}}}"
    (function,) = read_text(tmp_path, text).functions

    assert function.image == is_image


def test_a_list_parameter_is_split(tmp_path: Path) -> None:
    """SAM templates in the field pass all layers as one parameter."""
    rest = f"Parameters:\n  All: {{Type: CommaDelimitedList, Default: '{_ARN}, {_ARN[:-1]}4'}}\n"

    assert labels(read_function(tmp_path, "Layers: !Ref All", rest)) == [_ARN, f"{_ARN[:-1]}4"]


def test_an_unknown_list_of_layers_is_unknown(tmp_path: Path) -> None:
    """It is neither empty nor one layer."""
    rest = "Parameters:\n  All: {Type: CommaDelimitedList}\n"

    assert read_function(tmp_path, "Layers: !Ref All", rest).layers is None


def test_no_value_takes_a_layer_away(tmp_path: Path) -> None:
    """AWS::NoValue in a list is no entry, and as a property none."""
    assert read_function(tmp_path, f"Layers: [!Ref AWS::NoValue, '{_ARN}']").layers is not None
    assert labels(read_function(tmp_path, f"Layers: [!Ref AWS::NoValue, '{_ARN}']")) == [_ARN]
    assert read_function(tmp_path, "Handler: !Ref AWS::NoValue").handler is None


def test_scalars_stay_the_text_that_they_are(tmp_path: Path) -> None:
    """An account with a leading zero is no octal number, and a version no fraction."""
    function = read_function(
        tmp_path, "Environment: {Variables: {A: 012345678901, B: 3.10, C: 2012-10-17, D: true, E: !Ref X}}"
    )

    assert function.environment == {"A": "012345678901", "B": "3.10", "C": "2012-10-17", "D": "true", "E": None}


def test_absent_properties_are_the_services_defaults(tmp_path: Path) -> None:
    """A function without an architecture runs on x86_64; one without layers has none."""
    function = read_function(tmp_path, "Runtime: python3.13")

    assert (function.architecture, function.layers, function.environment, function.image) == ("x86_64", (), {}, False)


def test_inline_code_is_one_file(tmp_path: Path) -> None:
    """The service calls it index."""
    function = read_function(tmp_path, "Runtime: python3.13")

    assert function.code is not None
    assert list(function.code.files) == ["index.py"]
    assert function.sources is not None
    assert (function.sources.read("index.py") or b"").startswith(b"def handler")
    assert function.sources.read("other.py") is None


def test_a_bare_template_names_local_archives_and_folders(tmp_path: Path) -> None:
    """As `aws cloudformation package` takes them, relative to the template."""
    write_zip(tmp_path / "layers" / "base.zip", **{"python/shared": "x = 1\n"})
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("def handler(event, context): ...\n")
    app = read_text(tmp_path, """
Resources:
  Base: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layers/base.zip}}
  Report: {Type: AWS::Lambda::Function, Properties: {Code: ./code, Layers: [!Ref Base]}}
""")  # fmt: skip
    (function,) = app.functions

    assert function.code is not None
    assert list(function.code.files) == ["main.py"]
    assert function.used_layers[0].unzipped_bytes == 6
    assert function.used_layers[0].archive_bytes == (tmp_path / "layers" / "base.zip").stat().st_size


def test_a_json_template_is_read_as_well(tmp_path: Path) -> None:
    """Whatever its name ends in."""
    text = '{"Resources": {"Base": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "base"}}}}'

    assert [layer.name for layer in read_text(tmp_path, text, "stack.template").layers] == ["base"]


@pytest.mark.parametrize(
    ("policies", "retained"),
    [
        ("", False),
        ("UpdateReplacePolicy: Retain, DeletionPolicy: Retain,", True),
        ("UpdateReplacePolicy: Retain, DeletionPolicy: RetainExceptOnCreate,", True),
        ("UpdateReplacePolicy: Retain,", None),
        ("UpdateReplacePolicy: Retain, DeletionPolicy: Delete,", None),
        ("DeletionPolicy: Retain,", False),
        ("UpdateReplacePolicy: !Ref X, DeletionPolicy: Retain,", None),
    ],
)
def test_a_layer_is_retained_by_both_policies(tmp_path: Path, policies: str, retained: bool | None) -> None:
    """With UpdateReplacePolicy alone a replaced version stays, and only one that is removed from the template goes."""
    text = f"Resources:\n  Base: {{Type: AWS::Lambda::LayerVersion, {policies} Properties: {{}}}}"

    assert read_text(tmp_path, text).layers[0].retained is retained


def test_grants_tell_literals_from_tokens(tmp_path: Path) -> None:
    """An organization that is not a literal is there, but not known."""
    app = read_text(tmp_path, """
Resources:
  Base: {Type: AWS::Lambda::LayerVersion, Properties: {}}
  One: {Type: AWS::Lambda::LayerVersionPermission, Properties: {LayerVersionArn: !Ref Base, Principal: 012345678901}}
  All: {Type: AWS::Lambda::LayerVersionPermission, Properties: {LayerVersionArn: !Ref Base, Principal: '*',
        OrganizationId: !Ref Org}}
  Far: {Type: AWS::Lambda::LayerVersionPermission, Properties: {LayerVersionArn: !Ref Gone, Principal: !Ref Who}}
""")  # fmt: skip
    one, everyone, far = app.grants

    assert (one.principal, one.organization, one.layer) == ("012345678901", None, app.layers[0])
    assert (everyone.principal, everyone.organization) == ("*", "")
    assert (far.principal, far.layer) == (None, None)


def test_digests_outside_of_layers_and_code_are_followed(tmp_path: Path) -> None:
    """What is uploaded or used by a function does not make its template follow another stack's layer."""
    digest, other = "a" * 64, "b" * 64
    function = read_function(
        tmp_path,
        f"Layers: [{other}], Description: {digest}",
        f"  Copy: {{Type: 'AWS::Lambda::LayerVersion', Properties: {{Content: {{S3Key: {other}.zip}}}}}}",
    )

    assert function.follows == {digest}


def test_the_librarys_own_metadata_is_followed(tmp_path: Path) -> None:
    """One text holds the digests of all layers of other stacks."""
    digests = ("a" * 64, "b" * 64)
    written = f"Hub/base={digests[0]}, Hub/data={digests[1]}"
    text = f"""
Resources:
  Report: {{Type: AWS::Lambda::Function, Properties: {{}}, Metadata: {{"cdk-layers:layer-digests": "{written}"}}}}
"""

    assert read_text(tmp_path, text).functions[0].follows == set(digests)


def test_strong_references_follow_the_stacks_environment(tmp_path: Path) -> None:
    """An export of the same name in another Region is another export."""
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {}}
    hub = {"Resources": {"Base": layer}, "Outputs": {"O": {"Value": {"Ref": "Base"}, "Export": {"Name": "base"}}}}
    use = {"Type": "AWS::Lambda::Function", "Properties": {"Layers": [{"Fn::ImportValue": "base"}]}}
    folder = assembly_of(tmp_path, Hub=hub, Spoke={"Resources": {"Report": use}})
    here = read(folder).functions[0].used_layers[0]
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("eu-west-1", "eu-central-1", 1))
    elsewhere = read(folder).functions[0].used_layers[0]

    assert here.is_resource
    assert not elsewhere.is_resource


@pytest.mark.parametrize("name", ["manifest.json", "template.yaml"])
def test_a_missing_or_empty_place_is_an_error(tmp_path: Path, name: str) -> None:
    """Both the path and what would make it are reported."""
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(AssemblyError, match="cdk synth"):
            read(path)


@pytest.mark.parametrize("text", ["[]", "x", "", "{}", "Resources: []", "Resources: {A: [1]}", "a: b: c"])
def test_what_is_no_template_is_an_error_or_empty(tmp_path: Path, text: str) -> None:
    """Nothing but an AssemblyError leaves the reader."""
    if text == "Resources: {A: [1]}":
        assert read_text(tmp_path, text).functions == ()
    else:
        with pytest.raises(AssemblyError, match=r"template\.yaml"):
            read_text(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [("manifest.json", b'{"version": "0.20", "stacks": {"app": {}}}', "it has no artifacts"),
     ("cdk.tf.json", b'{"resource": {"aws_lambda_function": {}}}', "it has no Resources"),
     ("main.tf", b'resource "aws_lambda_function" "create" {}', "is not a mapping"),
     ("code.zip", b"PK\x03\x04\xc8\xff", "is not text")],
)  # fmt: skip
def test_files_of_other_tools_are_an_error_that_names_what_is_read(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    """The manifest of CDKTF is not that of an assembly without functions, which would have no problems."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AssemblyError, match=f"{what}.*`serverless package` writes.* Terraform, CDKTF"):
        read(tmp_path / name)


def test_an_empty_stack_of_an_assembly_is_empty(tmp_path: Path) -> None:
    """The CDK writes {} for it, which by itself would be no template."""
    assert read(assembly_of(tmp_path, Empty={})).functions == ()
    with pytest.raises(AssemblyError, match=r"no Resources\. Give the folder that .* or one CloudFormation template"):
        read_text(tmp_path, "{}")


@pytest.mark.parametrize(
    ("layer", "reason"),
    [("!Ref BaseLambdaLayer", "is neither a resource nor a parameter of its template."),
     ("!Ref Given", "is known only at deploy."), ("!Ref Report.Version", "is known only at deploy.")],
)  # fmt: skip
def test_a_layer_that_the_template_does_not_define(tmp_path: Path, layer: str, reason: str) -> None:
    """As the Serverless Framework writes it for `retain: true`, where the resource has another logical id."""
    text = (
        f"Parameters: {{Given: {{Type: String}}}}\nResources:\n  Report: {{Type: AWS::Lambda::Function, "
        f"Properties: {{Layers: [{layer}]}}}}\n"
    )
    assert str(read_text(tmp_path, text).unread[0]).endswith(reason)


def test_a_layer_known_only_at_deploy_is_called_by_its_expression(tmp_path: Path) -> None:
    """A message about such a layer names what stands in the template, and not the function that uses it."""
    function = read_function(tmp_path, "Layers: [!ImportValue base-layer]")

    assert labels(function) == ["${Fn::ImportValue base-layer}"]


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("{S3Bucket: artifacts, S3Key: !Sub 'reports-${Version}.zip'}", "s3://artifacts/reports-${Version}.zip"),
        ("{S3Bucket: !Ref Store, S3Key: !GetAtt Upload.Key}", "s3://${Store}/${Upload.Key}"),
        ("{ZipFile: !Ref Version}", "${Version}"),
        ("!FindInMap [Code, !Ref Version, Place]", None),
    ],
)
def test_code_and_content_known_only_at_deploy_are_reported(tmp_path: Path, code: str, place: str | None) -> None:
    """What an expression decides is unknown, of functions and layers, and each is in the list of what is unknown."""
    app = read_text(
        tmp_path,
        f"""
Parameters: {{Version: {{Type: String}}}}
Resources:
  Store: {{Type: AWS::S3::Bucket}}
  Upload: {{Type: AWS::CloudFormation::CustomResource}}
  Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {code}}}}}
  Report: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13, Code: {code}}}}}
""",
    )
    assert (app.layers[0].contents, app.functions[0].code) == (None, None)
    layer, function = sorted(map(str, app.unread), reverse=True)
    assert layer.startswith(f"Layer 'template.yaml#Base': its content, {place or ''}")
    assert function == layer.replace("Layer 'template.yaml#Base'", "Function 'template.yaml#Report'")
    assert layer.endswith("is known only at deploy.")


def test_a_single_source_file_is_unknown_code(tmp_path: Path) -> None:
    """AWS SAM takes a file for code and packs it at deploy; until then its archive is unknown, and that is said."""
    (tmp_path / "function.py").write_text("def handler(event, context): pass\n")
    app = read_text(
        tmp_path,
        """
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: function.py, Handler: function.handler, Runtime: python3.13}
""",
    )

    assert app.functions[0].code is None
    assert "function.py is a single file" in str(app.unread[0])


@pytest.mark.parametrize(("runtime", "said"), [("custom", True), ("provided.al2023", True), ("python3.13", False)])
def test_what_a_custom_runtime_needs_is_said_to_be_unknown(tmp_path: Path, runtime: str, said: bool) -> None:
    """Layers work with custom runtimes, and the report tells that their content was not judged."""
    text = f"""Resources:
  Report:
    Type: AWS::Lambda::Function
    Properties: {{Code: {INLINE}, Runtime: {runtime}, Handler: index.handler, Layers: ['{_ARN}']}}
"""
    app = read_text(tmp_path, text)
    assert any(f"custom runtime '{runtime}'" in sentence for sentence in map(str, app.unread)) is said


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({}, ["error"]),
        ({"LayerName": {"Ref": "AWS::NoValue"}}, ["error"]),
        ({"LayerName": "Base42B2BC39"}, ["error"]),
        ({"LayerName": "other"}, []),
        ({"LayerName": {"Fn::Sub": "base-${AWS::StackName}"}}, []),
        ({"LayerName": {"Fn::ImportValue": "Unknown"}}, []),
    ],
    ids=str,
)
def test_layers_of_two_stacks_with_one_generated_name(
    tmp_path: Path, named: dict[str, object], expected: list[str]
) -> None:
    """Two layers without a name in stacks with equal logical ids are one layer, so one function cannot use both."""
    stacks: dict[str, dict[str, Any]] = {}
    for stack, properties in (("A", named), ("B", {})):
        layer = {"Content": {"S3Bucket": "b", "S3Key": f"{stack}.zip"}, **properties}
        stacks[stack] = {
            "Resources": {"Base42B2BC39": {"Type": "AWS::Lambda::LayerVersion", "Properties": layer}},
            "Outputs": {"Arn": {"Value": {"Ref": "Base42B2BC39"}, "Export": {"Name": stack}}},
        }
    uses = {"Runtime": "python3.13", "Layers": [{"Fn::ImportValue": "A"}, {"Fn::ImportValue": "B"}]}
    stacks["Spoke"] = {"Resources": {"Report": {"Type": "AWS::Lambda::Function", "Properties": uses}}}
    found = judge(read(assembly_of(tmp_path, **stacks)), Settings())
    assert [finding.severity for finding in found if finding.rule == "duplicate-layer"] == expected
