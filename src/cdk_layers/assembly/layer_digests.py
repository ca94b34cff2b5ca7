"""Digests of layers' content in a template, which make it change with the layers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cdk_layers.assembly.stacks import Stack

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UPLOADS: Final = ("Code", "Content", "Layers", "CodeUri", "ContentUri")


def digests_in(stack: Stack) -> frozenset[str]:
    """Return the asset hashes and digests in a template, outside of `Layers`, `Code` and `Content`."""
    found: set[str] = set()
    for resource in stack.resources.values():
        rest = {name: value for name, value in resource.properties.items() if name not in _UPLOADS}
        others = {name: value for name, value in resource.attributes.items() if name != "Properties"}
        found.update(_DIGEST.findall(json.dumps([rest, others], default=str)))
    return frozenset(found)
