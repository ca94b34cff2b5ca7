"""Taking credentials out of text before anyone reads, keeps or hashes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_USER_INFO: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/?#\"'<>]*@")
_QUERY_SECRET: Final = re.compile(
    r"(?P<name>[?&;](?:access_?token|api_?key|auth|key|password|secret|sig|signature|token|x-amz-[a-z-]+)=)[^&;#\s\"'`)]+",
    re.IGNORECASE,
)
_SHORTEST_SECRET: Final = 4


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without the user part of URLs, secrets in their queries, and the given secrets."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "****")
    return _QUERY_SECRET.sub(r"\g<name>****", _USER_INFO.sub(r"\g<scheme>", text))


def secrets_in(text: str) -> Iterator[str]:
    """Yield the passwords, or the lone tokens, in the URLs of a text, as written and decoded."""
    for match in _USER_INFO.finditer(text):
        try:
            url = urlsplit(match.group() + "host")
        except ValueError:
            continue
        secret = url.password or url.username
        if secret and "${" not in secret:
            yield from {secret, unquote(secret)}
