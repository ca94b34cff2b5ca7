"""Secrets in text files."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.bytesearch import contains_any
from cdk_layers.contents.model import FileTrait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEY_BEGINS: Final = re.compile(rb"-----BEGIN ((?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----")
_KEY_BODY: Final = re.compile(rb"[A-Za-z0-9+/=]{40,}")
_KEY_END: Final = b"-----END"
_KEY_BYTES: Final = 2048
"""How much after the first line of a private key is read."""

_SHORTEST_RSA_KEY: Final = 300
"""Characters of the body of an RSA key. Even one of 512 bits has more than 400; examples are cut off."""

_KEY_HEADER: Final = re.compile(rb"[A-Za-z-]+: ")
_LINE_END: Final = re.compile(rb"\\[nr]|[\r\n]")
_QUOTES: Final = b" \t\"'`,+()\\"

# Each pattern begins with a literal, which Python searches for as fast as for a plain string.
_ACCESS_KEYS: Final = tuple(re.compile(prefix + rb"[A-Z2-7]{16}(?![A-Za-z0-9])") for prefix in (b"AKIA", b"ASIA"))
_ASSIGNED: Final = rb"[\"']?\s{0,4}(?:=>|[=:,])\s{0,4}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
_NAMED_SECRETS: Final = (
    re.compile(rb"ecret_?(?:[Aa]ccess_?[Kk]ey|(?<=[Aa][Ww][Ss]_[Ss]ecret_)key|(?<=awsSecret)Key)" + _ASSIGNED),
    re.compile(rb"ECRET_?(?:ACCESS_?KEY|(?<=AWS_SECRET_)KEY)" + _ASSIGNED),
)
_SECRET: Final = re.compile(rb"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AROUND_BYTES: Final = 200
_KEY_WORDS: Final = (b"PRIVATE KEY",)
_SECRET_WORDS: Final = (b"AKIA", b"ASIA", b"ecret", b"ECRET")
"""Words without which no pattern matches. Most files have none, and searching for them is faster than the patterns."""

_INDEX_FILES: Final = re.compile(
    r"pip\.conf|pip\.ini|uv\.toml|uv\.lock|pyproject\.toml|poetry\.toml|poetry\.lock|Pipfile(?:\.lock)?|pylock.*\.toml|direct_url\.json"
)
_CREDENTIALS: Final = re.compile(rb"https?://([^\s/:@\"'<>]{0,200})(?::([^\s/@\"'<>]{0,400}))?@([A-Za-z0-9.-]{1,100})")
_PLACEHOLDERS: Final = re.compile(
    rb"[*x.]+|\$.*|\{.*\}|%.*%|(?:my|your|the)?[-_]?(?:pass(?:word|wd)?|secret|token|api[-_]?key|pwd)", re.IGNORECASE
)
_MAX_INDEX_BYTES: Final = 2 * 1024**2
_MIN_TOKEN_LENGTH: Final = 16
"""A user name without a password is a secret only if it is as long as a token."""

_MAX_MATCHES: Final = 1000
"""How many matches of one pattern are examined in a file. Only a file that is made for it has more."""


def all_lack_secret_words(texts: Iterable[bytes]) -> bool:
    """Return whether no text of several contains a word that secrets begin with; one search for all is faster."""
    return not contains_any(b"\n".join(texts), (*_KEY_WORDS, *_SECRET_WORDS))


def secret_traits(path: str, data: bytes, *, lacks_secret_words: bool = False) -> Iterator[FileTrait]:
    """Yield the secrets in a text file, by line and kind only.

    Args:
        path: POSIX path in the archive.
        data: All of its bytes.
        lacks_secret_words: Whether `all_lack_secret_words` is known to be true of it.
    """
    if not lacks_secret_words:
        if contains_any(data, _KEY_WORDS):
            yield from _private_keys(path, data)
        if contains_any(data, _SECRET_WORDS):
            yield from _aws_credentials(path, data)
    if _names_an_index(path.rpartition("/")[2]):
        yield from _index_credentials(path, data)


def _names_an_index(name: str) -> bool:
    """Return whether a file of that name usually contains the addresses of indexes."""
    is_requirements = name.endswith((".txt", ".in")) and ("requirements" in name or "constraints" in name)
    return is_requirements or _INDEX_FILES.fullmatch(name) is not None


def _matches(pattern: re.Pattern[bytes], data: bytes) -> Iterator[re.Match[bytes]]:
    return islice(pattern.finditer(data), _MAX_MATCHES)


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _private_keys(path: str, data: bytes) -> Iterator[FileTrait]:
    for found in _matches(_KEY_BEGINS, data):
        rest = data[found.end() : found.end() + _KEY_BYTES]
        whole, end, _ = rest.partition(_KEY_END)
        if end and found[1] == b"RSA PRIVATE KEY" and len(whole) < _SHORTEST_RSA_KEY:
            continue
        lines = (line.strip(_QUOTES) for line in _LINE_END.split(rest))
        # Headers such as Proc-Type stand between the first line and the key; code and prose do not look like a key.
        body = next((line for line in lines if line and not _KEY_HEADER.match(line)), b"")
        if _KEY_BODY.match(body.removeprefix(b'b"').removeprefix(b"b'")):
            yield FileTrait("private-key", path, _line(data, found.start()), found[1].decode("ascii").capitalize())


def _aws_credentials(path: str, data: bytes) -> Iterator[FileTrait]:
    places = {found.start() for pattern in _NAMED_SECRETS for found in _matches(pattern, data) if _is_random(found[1])}
    for found in (found for pattern in _ACCESS_KEYS for found in _matches(pattern, data)):
        around = data[max(0, found.start() - _AROUND_BYTES) : found.end() + _AROUND_BYTES]
        is_id = not data[found.start() - 1 : found.start()].isalnum() and b"EXAMPLE" not in found[0]
        if is_id and any(_is_random(secret) for secret in _SECRET.findall(around)):
            places.add(found.start())
    for line in sorted({_line(data, place) for place in places}):
        yield FileTrait("aws-credentials", path, line, "An AWS secret access key")


def _is_random(secret: bytes) -> bool:
    """Return whether a string is a key, and not an example of documentation, a hash, a path or a long word."""
    parts = (rb"[a-z]", rb"[A-Z]", rb"[0-9]")
    return b"EXAMPLE" not in secret.upper() and all(re.search(part, secret) for part in parts)


def _index_credentials(path: str, data: bytes) -> Iterator[FileTrait]:
    for found in _matches(_CREDENTIALS, data[:_MAX_INDEX_BYTES]):
        user, password, host = found[1], found[2], found[3]
        secret = password or (user if len(user) >= _MIN_TOKEN_LENGTH else b"")
        if secret and not _PLACEHOLDERS.fullmatch(secret):
            yield FileTrait("index-credentials", path, _line(data, found.start()), f"For {host.decode('ascii')}")
