"""Files of environment variables, such as .env, and whether their values are secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.model import FileTrait

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_VALUES: Final = "no values"
NO_SECRETS: Final = "no values that look like secrets"

_HARMLESS: Final = frozenset(("example", "sample", "template", "dist", "defaults"))
_ASSIGNMENT: Final = re.compile(rb"(?:export[ \t]+)?([A-Za-z_][\w.-]{0,200})[ \t]{0,9}[=:](.*)")
_COMMENT: Final = re.compile(rb"(?:^|[ \t])#.*")
_SECRET_NAME: Final = re.compile(
    rb"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|dsn|salt|webhook|webhook_?url|connection_?string|"
    rb"(?:api|app|access|account|secret|private|signing|encryption|auth|service|master)_?key)s?_?\d{0,3}",
    re.IGNORECASE,
)
_LOGIN: Final = re.compile(rb"://[^\s/:@]{0,200}:[^\s/@]{1,200}@")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9+=_]{32,}")
_KINDS_OF_CHARACTERS: Final = (re.compile(rb"[0-9]"), re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"))
_NO_SECRET: Final = re.compile(
    rb"[*x.-]+|<.*>|\$.*|\{.*\}|%.*%|arn:.*|true|false|yes|no|none|null|\d{1,5}|todo|tbd|"
    rb"(?:my|your|the|change|replace)[-_ ]?(?:me|it|this|pass\w*|secret\w*|token\w*|key\w*|api\w*)?",
    re.IGNORECASE,
)
_MAX_LINES: Final = 10_000


def is_env_file(path: str) -> bool:
    """Return whether a file is named .env or .env.STAGE, and not as an example of one."""
    name = path.rpartition("/")[2]
    return name == ".env" or (name.startswith(".env.") and not _HARMLESS & set(name.split(".")))


def env_traits(path: str, data: bytes) -> Iterator[FileTrait]:
    """Yield a trait for a file of environment variables without secrets.

    By its name, such a file counts as a secret. So one with a line that is not understood has no trait.
    """
    lines = [_COMMENT.sub(b"", line).strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    statements = [line for line in lines if line]
    assignments = [_ASSIGNMENT.fullmatch(line) for line in statements[:_MAX_LINES]]
    # A name may occur twice: the earlier value is in the file too.
    values = [(found[1], found[2].strip(b"\"' \t")) for found in assignments if found]
    if not all(assignments) or len(statements) > _MAX_LINES:
        return
    if not any(value for _, value in values):
        yield FileTrait("harmless-env", path, detail=NO_VALUES)
    elif not any(_is_secret(name, value) for name, value in values):
        yield FileTrait("harmless-env", path, detail=NO_SECRETS)


def _is_secret(name: bytes, value: bytes) -> bool:
    if not value or _NO_SECRET.fullmatch(value):
        return False
    is_named = any(_SECRET_NAME.fullmatch(name[start:]) for start in _starts_of_words(name))
    return is_named or _LOGIN.search(value) is not None or any(map(_is_random, _TOKEN.findall(value)))


def _starts_of_words(name: bytes) -> Iterator[int]:
    """Yield where words begin in a name such as DB_PASSWORD or dbPassword."""
    for at, character in enumerate(name):
        if at == 0 or name[at - 1 : at] in (b"_", b".", b"-") or bytes([character]).isupper():
            yield at


def _is_random(token: bytes) -> bool:
    return all(kind.search(token) for kind in _KINDS_OF_CHARACTERS)
