"""Errors of indexes that uv cannot reach, or that reject its credentials."""

from __future__ import annotations

import re
from typing import Final

from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, UnreachableError
from cdk_layers.system.outgoing import scrub

_URL: Final = re.compile(r"https?://[^\s`)'\"<>]+")
_REFUSED: Final = re.compile(r"\b(?:401|403)\b|Unauthorized|Forbidden|Missing credentials")
_OUT_OF_SERVICE: Final = re.compile(r"HTTP status server error \(5[^()]{1,50}\)")


def index_error(stderr: str, origin: str) -> DependencyError | None:
    """Return the error for an index that cannot be reached or rejects the credentials; None for another failure.

    Args:
        stderr: The error output of uv, without credentials.
        origin: The manifest.
    """
    text = " ".join(scrub(stderr).split())
    if process.is_unreachable(text) or "network was disabled" in text:
        return UnreachableError(_no_network(text, origin))
    if _REFUSED.search(text) and _URL.search(text):
        return DependencyError(_no_credentials(text, origin))
    return None


def _no_network(text: str, origin: str) -> str:
    found = _URL.search(text)
    index = _index(found.group()) if found else "the package index"
    status = _OUT_OF_SERVICE.search(text)
    failure = f"fails ({status.group()})" if status else "cannot be reached"
    return (
        f"{origin}: {index} {failure}, and no cache on this machine has what is needed. Check the "
        "network and the index settings (UV_DEFAULT_INDEX, UV_INDEX, PIP_INDEX_URL), or build once while the index "
        "can be reached."
    )


def _no_credentials(text: str, origin: str) -> str:
    found = _URL.search(text)
    index = _index(found.group()) if found else "the package index"
    return (
        f"{origin}: {index} rejects the credentials, or requires some. Set them in uv's settings "
        "(UV_INDEX_<NAME>_USERNAME and _PASSWORD, a keyring with UV_KEYRING_PROVIDER, or .netrc)."
    )


def _index(url: str) -> str:
    """Return the address of an index from that of one of its pages or files."""
    base, simple, _ = scrub(url).partition("/simple")
    return base + simple
