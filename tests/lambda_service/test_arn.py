"""ARNs of layer versions."""

from __future__ import annotations

import pytest

from cdk_layers.lambda_service.arn import LayerArn

_ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:base:7"


def test_an_arn_is_its_parts() -> None:
    """The ARN of the layer itself has no version."""
    arn = LayerArn.parse(_ARN)
    assert arn == LayerArn("aws", "eu-west-1", "111111111111", "base", 7)
    assert (str(arn), arn.layer) == (_ARN, _ARN.removesuffix(":7"))


@pytest.mark.parametrize(
    "text",
    [
        _ARN.removesuffix(":7"),
        _ARN.replace(":7", ":0"),
        _ARN.replace(":7", ":07"),
        _ARN.replace(":7", ":\u0667"),
        _ARN.replace("111111111111", "\u0661" * 12),
        _ARN.replace("111111111111", "11111111111"),
        _ARN.replace("base", "b" * 141),
        _ARN + "0" * 2048,
        f"{_ARN}\n",
    ],
)
def test_what_lambda_does_not_accept(text: str) -> None:
    """Versions begin with 1, digits are those of ASCII, and the ARN of a layer without a version is another one."""
    assert LayerArn.parse(text) is None
