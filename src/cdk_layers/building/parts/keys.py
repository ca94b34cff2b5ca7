"""Keys of parts in the store."""

from __future__ import annotations

import hashlib
import json
from typing import Final

_SCHEMA: Final = 1
"""Counts up when parts of the same content become other archives."""


def part_key(digest: str) -> str:
    """Return the key of the part with a content."""
    return _key("part", digest)


def derived_key(source: str, facts: object) -> str:
    """Return the key of the part that is derived from another one.

    Args:
        source: The key of the part that it is derived from.
        facts: What else shapes it, as JSON.
    """
    return _key("derived", [source, facts])


def _key(kind: str, facts: object) -> str:
    return f"{kind}-{hashlib.sha256(json.dumps([_SCHEMA, facts]).encode()).hexdigest()}"
