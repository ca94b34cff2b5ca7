"""Errors of indexes that uv cannot reach, or that reject its credentials."""

from __future__ import annotations

import re
from typing import Final

from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, UnreachableError
from cdk_layers.system.outgoing import scrub

_URL: Final = re.compile(r"https?://[^\s`)'\"<>]+")
_REFUSED: Final = re.compile(r"\b(?:401|403)\b|Unauthorized|Forbidden|Missing credentials")
_REASON: Final = re.compile(
    r"HTTP status server error \(5[^()]{1,50}\)|invalid peer certificate: .{1,100}?(?= (?:hint|help): |$)"
)
_UNTRUSTED: Final = "invalid peer certificate: UnknownIssuer"


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
    reason = _REASON.search(text)
    failure = f"fails ({reason.group()})" if reason else "cannot be reached"
    remedy = certificate_remedy(text) or (
        "Check the network and the index settings (UV_DEFAULT_INDEX, UV_INDEX, PIP_INDEX_URL)"
    )
    return (
        f"{origin}: {index} {failure}, and no cache on this machine has what is needed. {remedy}, or build once while "
        "the index can be reached."
    )


def certificate_remedy(stderr: str) -> str | None:
    """Return what to do about a certificate that uv does not trust, without a period; None for another failure.

    uv trusts the certificates that it includes, and pip 24.2 and newer those of the machine. So pip works behind a
    company's proxy where uv does not. Source: "TLS certificates" in the documentation of uv.
    """
    if _UNTRUSTED not in stderr:
        return None
    return (
        "If a proxy or an index of your company has its own certificates, set UV_SYSTEM_CERTS=true, so that uv trusts "
        "those that this machine trusts, or set SSL_CERT_FILE to a file with them"
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
    base, simple, _ = url.partition("/simple")
    return base + simple
