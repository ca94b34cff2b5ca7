"""Names of distributions."""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[-_.]+")


def canonical(name: str) -> str:
    """Return the normalized name of a distribution.

    It equals `packaging.utils.canonicalize_name`, which takes longer to load than a build from the cache takes.

    Source: PEP 503, "Normalized names".
    """
    return _SEPARATORS.sub("-", name).lower()
