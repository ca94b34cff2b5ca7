"""Shared layer, as seen from functions of other stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk import Stack
    from aws_cdk.aws_lambda import ILayerVersion


@dataclass(frozen=True, eq=False)
class SharedLayer:
    """A layer that functions of other stacks can follow."""

    construct: ILayerVersion
    path: str
    stack: Stack
    """The top-level stack that contains the layer."""

    digest: str | None
    """Digest of the layer's content; None if it is unknown."""
