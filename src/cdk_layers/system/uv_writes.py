"""Files that uv cannot write."""

from __future__ import annotations

import re
from typing import Final

from cdk_layers.system.outgoing import scrub

_FULL: Final = re.compile(r"No space left on device|os error 28\b")
_NO_CACHE: Final = re.compile(
    r"Failed to initialize cache|Could not acquire lock[^`]{0,300}(?:Permission denied|Read-only file system)"
)
_PREFIX: Final = re.compile(r"^(?:error:|cause:|\s)+")
_LONGEST: Final = 600


def write_failure(stderr: str) -> str | None:
    """Return a message for a command of uv that failed because it cannot write; None if it failed for another reason.

    What the user requires, locks or connects to is not at fault then.

    Args:
        stderr: The error output of uv.
    """
    text = " ".join(stderr.split())
    lines = (line for line in scrub(stderr).splitlines() if not line.startswith(("warning:", "hint:")))
    reason = " ".join(" ".join(_PREFIX.sub("", line) for line in lines).split())[-_LONGEST:]
    if _FULL.search(text):
        return f"The disk is full: uv could not write what it installs: {reason}. Free some space."
    if _NO_CACHE.search(text):
        return (
            f"uv, which builds layers, cannot use its cache: {reason}. Let UV_CACHE_DIR name a folder that this user "
            "can write, or set HOME to one."
        )
    return None
