"""Names of distributions."""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[-_.]+")
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def canonical(name: str) -> str:
    """Return the normalized name of a distribution.

    It equals `packaging.utils.canonicalize_name`, which takes longer to load than a build from the cache takes.

    Source: PEP 503, "Normalized names".
    """
    return _SEPARATORS.sub("-", name).lower()


def name_in(requirement: str) -> str | None:
    """Return the normalized name at the start of a requirement such as "requests[socks]>=2"; None if it has none."""
    found = _NAME.match(requirement)
    return canonical(found[1]) if found else None
