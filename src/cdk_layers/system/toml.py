"""Reader of TOML documents, by the standard library, or by `tomli` from PyPI for Python 3.10."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path


@lru_cache(maxsize=64)
def parse_toml(text: str) -> dict[str, Any]:
    """Parse a TOML document; the result is shared and must not be changed.

    A byte order mark, which editors on Windows write, is ignored, as by uv.

    Raises:
        ValueError: It is not TOML, or nested too deeply.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content; {} if it is missing or damaged."""
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
