"""A shared layer as functions of other stacks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk import Stack
    from aws_cdk.aws_lambda import ILayerVersion


@dataclass(frozen=True, eq=False)
class Shared:
    """A layer that functions of other stacks can follow."""

    layer: ILayerVersion
    path: str
    stack: Stack
    """The top of the nest of stacks that it stands in."""

    digest: str | None
    """What changes when, and only when, the layer's content does; None when it is not known."""
