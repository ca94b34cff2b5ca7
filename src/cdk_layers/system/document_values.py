"""Values of parsed documents (TOML, JSON, YAML), whose types are unknown."""

from __future__ import annotations

from typing import Any


def mapping(data: object, *names: str) -> dict[str, Any]:
    """Return a mapping (in TOML, a table) inside of mappings; {} if it is missing or has another type."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list; [] for another type."""
    return value if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Return the strings of a list, or a single string as a list."""
    if isinstance(value, str):
        return [value]
    return [text for text in items(value) if isinstance(text, str)]
