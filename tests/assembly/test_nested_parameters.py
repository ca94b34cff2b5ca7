"""Values that a stack passes to the parameters of a nested stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.assembly.templates import labels, read_text

if TYPE_CHECKING:
    from pathlib import Path

_SSM = "AWS::SSM::Parameter::Value"
_FIRST, _SECOND = (f"arn:aws:lambda:eu-west-1:111111111111:layer:{name}:1" for name in ("first", "second"))
_PARENT = f"""
Resources:
  Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {{S3Bucket: b, S3Key: base}}}}}}
  Data: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {{S3Bucket: b, S3Key: data}}}}}}
  Named: {{Type: AWS::SSM::Parameter, Properties: {{Name: /layers/base, Type: String, Value: !Ref Base}}}}
  Unnamed: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: '{_FIRST}'}}}}
  Both: {{Type: AWS::SSM::Parameter, Properties: {{Name: /both, Type: StringList, Value: '{_FIRST},{_SECOND}'}}}}
  Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: nested.yaml, Parameters: {{Passed: %s}}}}}}
"""


@pytest.mark.parametrize(
    ("kind", "passed", "layers", "expected"),
    [
        ("CommaDelimitedList", "!Join [',', [!Ref Base, !Ref Data]]", "!Ref Passed",
         ["template.yaml#Base", "template.yaml#Data"]),
        ("CommaDelimitedList", f"'{_FIRST}, {_SECOND}'", "!Ref Passed", [_FIRST, _SECOND]),
        ("List<String>", f"'{_FIRST},{_SECOND}'", "[!Select [1, !Ref Passed]]", [_SECOND]),
        ("CommaDelimitedList", "!Ref Base", "!Ref Passed", ["template.yaml#Base"]),
        (f"{_SSM}<String>", "/layers/base", "[!Ref Passed]", ["template.yaml#Base"]),
        (f"{_SSM}<String>", "!Ref Named", "[!Ref Passed]", ["template.yaml#Base"]),
        (f"{_SSM}<String>", "!Ref Unnamed", "[!Ref Passed]", [_FIRST]),
        (f"{_SSM}<List<String>>", "/both", "!Ref Passed", [_FIRST, _SECOND]),
        (f"{_SSM}<String>", "/layers/unknown", "[!Ref Passed]", ["{{resolve:ssm:/layers/unknown}}"]),
        ("String", "!Ref Base", "[!Ref Passed]", ["template.yaml#Base"]),
    ],
)  # fmt: skip
def test_values_are_converted_to_the_type_of_the_parameter(
    tmp_path: Path, kind: str, passed: str, layers: str, expected: list[str]
) -> None:
    """A string becomes a list, and the name of an SSM parameter its value, as for the default of a parameter."""
    (tmp_path / "nested.yaml").write_text(f"""
Parameters: {{Passed: {{Type: '{kind}'}}}}
Resources:
  Report: {{Type: AWS::Lambda::Function, Properties: {{Layers: {layers}}}}}
""")
    (function,) = read_text(tmp_path, _PARENT % passed).functions

    assert labels(function) == expected
