"""Reader of TOML: `tomllib` of the standard library, or `tomli` from PyPI for Python 3.10."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
    from tomllib import TOMLDecodeError
else:
    import tomli as tomllib
    from tomli import TOMLDecodeError

__all__ = ["TOMLDecodeError", "loads"]


def loads(text: str) -> dict[str, Any]:
    """Parse a TOML document. A byte order mark, which editors on Windows write, is ignored, as by uv.

    Raises:
        TOMLDecodeError: It is not TOML.
    """
    return tomllib.loads(text.removeprefix("\ufeff"))
