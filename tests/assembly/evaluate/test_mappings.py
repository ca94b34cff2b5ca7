"""Values of mappings, and what they default to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.assembly.templates import labels, read_function

if TYPE_CHECKING:
    from pathlib import Path

_ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:base:3"
_OTHER = "arn:aws:lambda:eu-west-1:123456789012:layer:other:5"
_DEFAULT = f"{{DefaultValue: '{_OTHER}'}}"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (f"Arns, eu-west-1, base, {_DEFAULT}", _ARN),
        (f"Arns, !Ref Known, base, {_DEFAULT}", _ARN),
        (f"Arns, eu-west-9, base, {_DEFAULT}", _OTHER),
        (f"Arns, eu-west-1, tools, {_DEFAULT}", _OTHER),
        (f"Nowhere, eu-west-1, base, {_DEFAULT}", _OTHER),
        (f"Arns, !Ref AWS::Region, base, {_DEFAULT}", "${Fn::FindInMap Arns.${AWS::Region}.base}"),
        (f"Arns, eu-west-1, !Ref Unset, {_DEFAULT}", "${Fn::FindInMap Arns.eu-west-1.${Unset}}"),
        (f"!Ref Unset, eu-west-9, base, {_DEFAULT}", "${Fn::FindInMap ${Unset}.eu-west-9.base}"),
        ("Arns, eu-west-9, base", "${Fn::FindInMap Arns.eu-west-9.base}"),
        ("Arns, eu-west-9, base, {}", "${Fn::FindInMap Arns.eu-west-9.base}"),
    ],
)
def test_defaults_of_mappings(tmp_path: Path, keys: str, expected: str) -> None:
    """The default counts if the mapping does not contain the keys, and not if a key is known at deploy only.

    Source: the CloudFormation template reference, Fn::FindInMap, DefaultValue.
    """
    rest = f"""
Parameters:
  Known: {{Type: String, Default: eu-west-1}}
  Unset: {{Type: String}}
Mappings:
  Arns: {{eu-west-1: {{base: '{_ARN}'}}}}
"""
    assert labels(read_function(tmp_path, f"Layers: [{{Fn::FindInMap: [{keys}]}}]", rest)) == [expected]
