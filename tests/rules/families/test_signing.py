"""Layers of functions that accept only signed code."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.assembly.templates import read_text, write_zip
from tests.rules.subjects import a_function, a_layer, an_arn, findings, severities

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7"
_FUNCTION = """
  Report:
    Type: AWS::Lambda::Function
    Properties: {{Runtime: python3.13, Handler: index.handler, Code: {{ZipFile: 'x = 1'}}, {}, Layers: [!Ref Base]}}
  Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {}}}}}
"""
_CONFIG = """
  Signing:
    Type: AWS::Lambda::CodeSigningConfig
    Properties: {{AllowedPublishers: {{SigningProfileVersionArns: [a]}}{}}}
"""


@pytest.mark.parametrize(("enforces", "signed", "expected"), [
    (True, False, ["error"]), (True, None, ["warning"]), (True, True, []),
    (False, False, []), (False, None, []), (False, True, []),
])  # fmt: skip
def test_only_an_enforcing_function_wants_signed_layers(
    enforces: bool, signed: bool | None, expected: list[str]
) -> None:
    """An unsigned layer is an error, one of which it is not known a warning."""
    subject = a_function(a_layer(is_signed=signed), enforces_signing=enforces)

    assert severities("unsigned-layer", subject) == expected


def test_layers_of_others_are_told_as_unknown() -> None:
    """Beside those that are known not to be signed, each by its name."""
    unsigned, unknown = findings(
        "unsigned-layer", a_function(a_layer("Hub/base", is_signed=False), an_arn(ARN), enforces_signing=True)
    )

    assert "'Hub/base' is not signed" in unsigned.message
    assert f"not known whether {ARN!r} is signed" in unknown.message


@pytest.mark.parametrize(("policies", "expected"), [
    (", CodeSigningPolicies: {UntrustedArtifactOnDeployment: Enforce}", True),
    (", CodeSigningPolicies: {UntrustedArtifactOnDeployment: Warn}", False),
    ("", False),
])  # fmt: skip
@pytest.mark.parametrize("reference", ["!Ref Signing", "!GetAtt Signing.CodeSigningConfigArn"])
def test_the_configuration_is_followed(tmp_path: Path, policies: str, reference: str, expected: bool) -> None:
    """By either attribute; without a policy the service only warns."""
    text = _FUNCTION.format(f"CodeSigningConfigArn: {reference}", "{S3Bucket: b, S3Key: k}") + _CONFIG.format(policies)
    (function,) = read_text(tmp_path, f"Resources:{text}").functions

    assert function.enforces_signing is expected
    assert [layer.is_signed for layer in function.used_layers] == [None]


def test_a_configuration_of_others_is_let_be(tmp_path: Path) -> None:
    """What it says is not known here."""
    arn = "arn:aws:lambda:eu-west-1:111111111111:code-signing-config:csc-0a1b2c3d4e5f60718"
    text = _FUNCTION.format(f"CodeSigningConfigArn: '{arn}'", "{S3Bucket: b, S3Key: k}")

    assert read_text(tmp_path, f"Resources:{text}").functions[0].enforces_signing is False


@pytest.mark.parametrize(("signature", "expected"), [("six", None), ("META-INF/aws_signer_signature_v1.0.SF", True)])
def test_a_signature_lies_in_the_archive(tmp_path: Path, signature: str, expected: bool | None) -> None:
    """A local archive without one may be signed on its way, one with it is signed."""
    with zipfile.ZipFile(write_zip(tmp_path / "base.zip", code="x = 1"), "a") as archive:
        archive.writestr(signature, "")
    text = f"Transform: AWS::Serverless-2016-10-31\nResources:{_FUNCTION.format('MemorySize: 128', 'base.zip')}"
    (layer,) = read_text(tmp_path, text).layers

    assert layer.is_signed is expected
