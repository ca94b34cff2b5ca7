"""From a cloud assembly, or one template, to the model that the rules judge."""

from __future__ import annotations

from cdk_layers.assembly.reader import read

__all__ = ["read"]
