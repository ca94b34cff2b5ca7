"""Partitions of Regions."""

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
"""The starts of the names of Regions outside of the partition "aws". Source: `partitions.json` of botocore 1.44.5."""


def partition_of(region: str) -> str:
    """Return the partition of a Region: "aws" unless its name starts like those of another partition."""
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")
