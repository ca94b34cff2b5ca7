"""Writer of TOML, which the standard library only reads."""

from __future__ import annotations

import json
from datetime import date, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def toml_text(document: Mapping[str, Any]) -> str:
    """Return a document as TOML, one line for each key; None values are left out."""
    lines = (f"{_string(key)} = {_value(value)}\n" for key, value in document.items() if value is not None)
    return "".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{_string(key)} = {_value(item)}" for key, item in value.items() if item is not None)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else _string(str(value))


def _string(text: str) -> str:
    # TOML has the escapes of JSON, except those of surrogates. Only TOML requires an escape for U+007F.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
