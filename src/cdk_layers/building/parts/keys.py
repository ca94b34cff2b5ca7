"""Keys of parts in the store."""

from __future__ import annotations

import hashlib
import json
from typing import Final

_SCHEMA: Final = 1
"""Increased when parts with the same content become different archives."""


def part_key(digest: str) -> str:
    """Return the key of the part with this digest of its content."""
    return _key("part", digest)


def derived_key(source: str, facts: object) -> str:
    """Return the key of a part that is derived from another part.

    Args:
        source: The key of the other part.
        facts: The other inputs of the derived part, as JSON.
    """
    return _key("derived", [source, facts])


def _key(kind: str, facts: object) -> str:
    return f"{kind}-{hashlib.sha256(json.dumps([_SCHEMA, facts]).encode()).hexdigest()}"
