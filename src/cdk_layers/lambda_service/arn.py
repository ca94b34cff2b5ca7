"""Layer version ARNs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cdk_layers.lambda_service.limits import MAX_ARN_CHARACTERS, MAX_LAYER_NAME_CHARACTERS

LAYER_NAME: Final = re.compile(rf"[a-zA-Z0-9\-_]{{1,{MAX_LAYER_NAME_CHARACTERS}}}")
"""The form of a layer's name. Source: botocore 1.44.5."""

_PARTITION = r"aws[a-z0-9-]*"
_REGION = r"[a-z]{2,8}(?:-[a-z0-9]+)+-\d{1,2}"

LAYER_VERSION_ARN: Final = re.compile(
    rf"arn:(?P<partition>{_PARTITION}):lambda:(?P<region>{_REGION}):(?P<account>\d{{12}})"
    rf":layer:(?P<name>{LAYER_NAME.pattern}):(?P<version>[1-9]\d*)",
    re.ASCII,
)
"""The form of a layer version's ARN, in all partitions. Source: botocore 1.44.5; developer guide for the Regions."""

ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}")
"""The form of an organization's id. Source: botocore 1.44.5."""

GRANTEE: Final = re.compile(rf"[0-9]{{12}}|{ORGANIZATION.pattern}|public")
"""Grantees of a layer that this package accepts: account ids, organization ids, "public". Source: botocore 1.44.5."""


@dataclass(frozen=True, slots=True)
class LayerArn:
    """The parts of a layer version ARN."""

    partition: str
    region: str
    account: str
    name: str
    version: int

    @classmethod
    def parse(cls, text: str) -> LayerArn | None:
        """Return the parts of a layer version ARN; None if the text is not one.

        Source: the pattern of `LayerVersionArn` in botocore 1.44.5; at most 2048 characters.
        """
        match = LAYER_VERSION_ARN.fullmatch(text) if len(text) <= MAX_ARN_CHARACTERS else None
        if match is None:
            return None
        parts = match.groupdict()
        return cls(parts["partition"], parts["region"], parts["account"], parts["name"], int(parts["version"]))

    @property
    def layer(self) -> str:
        """The ARN of the layer itself, without a version."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:layer:{self.name}"

    def __str__(self) -> str:
        """Return the whole ARN."""
        return f"{self.layer}:{self.version}"
