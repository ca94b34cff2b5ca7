"""Keys of artifacts and memos."""

from __future__ import annotations

import hashlib
import json


def key_of(kind: str, facts: object) -> str:
    """Return the key of what was made from these facts.

    Args:
        kind: What it is, such as "part". It begins the key, and so the name of an artifact's folder.
        facts: Everything that it depends on, as JSON.
    """
    return f"{kind}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()}"
