"""Names of distributions."""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[-_.]+")


def canonical(name: str) -> str:
    """Return the normalized name of a distribution.

    It is what packaging's `canonicalize_name` returns, which takes longer to load than a recalled build takes.

    Source: PEP 503, "Normalized names".
    """
    return _SEPARATORS.sub("-", name).lower()
