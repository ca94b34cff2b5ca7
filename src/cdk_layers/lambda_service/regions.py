"""Which partition a Region belongs to."""

from __future__ import annotations

from typing import Final

_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}
"""How the Regions outside of the common partition begin. Source: `partitions.json` of botocore 1.44.5."""


def partition_of(region: str) -> str:
    """Return the partition of a Region, "aws" for every Region that no other partition claims."""
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")
