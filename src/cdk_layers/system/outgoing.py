"""Text that leaves this process: without credentials, and without what acts on a terminal or a CI system.

Errors, notes and findings pass through here when they are created. All expressions take linear time, since their input
is untrusted.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HIDDEN: Final = "****"
"""What replaces a credential, unless the whole part of the URL is removed."""

_SCHEME: Final = r"(?<![a-zA-Z0-9+.-])(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}:)?"
_USER_INFO: Final = re.compile(_SCHEME + r"(?<!file:/)//(?P<info>[^\s/?#\"'<>]*)@")
"""An address of a file has no user: the part of `file:///lib@main` before the "@" is a folder."""

_BROKEN_USER_INFO: Final = re.compile(
    _SCHEME + r"//(?P<info>[^\s:@/?#\"'<>]{0,200}:(?!\d{1,5}[/?#])[^\s@\"'<>]{0,300})@(?=[\w\[])"
)
"""User info with an unescaped "/", "?" or "#" in its password. A number before these is a port."""

_BARE_USER_INFO: Final = re.compile(
    r"(?<![\w.%@:+~-])(?P<user>[\w.%+~-]{1,200}):(?P<secret>[^\s:@/\"'<>(){}\[\],;]{1,4000})@(?!sha256:)(?=[\w\[])"
)
"""A user and a password before a host, without a scheme."""

_PARAMETER: Final = re.compile(r"(?P<start>[?&;#](?P<name>[\w.%\[\]-]{1,100})=)(?P<secret>[^&;#\s\"'`)<>]+)")
_ASSIGNMENT: Final = re.compile(
    r"(?<![A-Z0-9_])(?P<start>(?=[A-Z0-9_]{0,80}(?:PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY|CREDENTIAL))[A-Z0-9_]{1,100}=)"
    r"(?P<secret>[^\s\"'`]+)"
)
_HEADER: Final = re.compile(
    r"(?P<start>\b(?:proxy-)?authorization[\"']?\s?[:=]\s?[\"']?(?:(?:basic|bearer|token|negotiate)\s)?|\bbearer\s)"
    r"(?P<secret>[A-Za-z0-9._~+/=:-]{8,})",
    re.IGNORECASE,
)
_KNOWN_TOKEN: Final = re.compile(
    r"(?<![\w-])(?P<start>)(?P<secret>(?:gh[oprsu]_|github_pat_|glpat-|gldt-|pypi-Ag|npm_|xox[abp]-|dckr_pat_)"
    r"[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)"
)
_MARKED: Final = (_PARAMETER, _ASSIGNMENT, _HEADER, _KNOWN_TOKEN)

_SECRET_WORDS: Final = frozenset((
    "apikey", "auth", "authorization", "code", "cred", "creds", "hmac", "jwt", "key", "pass", "passphrase", "pat", "pw",
    "pwd", "sas", "session", "sid", "sig", "sign", "skey",
))  # fmt: skip
_SECRET_PARTS: Final = (
    "accesskey", "apikey", "assertion", "bearer", "credential", "jwt", "keypair", "passw", "privatekey", "secret",
    "sessionid", "signature", "token", "xamz", "xgoog",
)  # fmt: skip
_WORD: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_SHORTEST_SECRET: Final = 4

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_END: Final = re.compile(r"[\n\t]")
_COMMAND: Final = re.compile(
    r"(?<!\S)::(?=\S)|::(?=(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice|remove-matcher"
    r"|save-state|set-env|set-output|stop-commands|warning)\b)",
    re.IGNORECASE,
)
"""Commands of GitHub's runner; long lines may break before one."""


def is_secret_name(name: str) -> bool:
    """Return whether a URL parameter of this name contains a credential."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    return not _SECRET_WORDS.isdisjoint((*words, joined)) or any(part in joined for part in _SECRET_PARTS)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without the credentials in its URLs, settings and headers, and without the given secrets."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    if "@" in text:
        for pattern in (_USER_INFO, _BROKEN_USER_INFO):
            text = pattern.sub(lambda found: f"{found['scheme'] or ''}//", text)
        text = _BARE_USER_INFO.sub(rf"\g<user>:{HIDDEN}@", text)
    for pattern in _MARKED:
        text = pattern.sub(_without_secret, text)
    return text


def _without_secret(found: re.Match[str]) -> str:
    return f"{found['start']}{HIDDEN}" if _is_secret(found) else found.group()


def _is_secret(found: re.Match[str]) -> bool:
    return found.re is not _PARAMETER or is_secret_name(unquote(found["name"]))


def secret_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of credentials in a text. An ssh user without a password is not one, nor is a placeholder."""
    for pattern in (_USER_INFO, _BROKEN_USER_INFO):
        for found in pattern.finditer(text):
            info, is_ssh = found["info"], (found["scheme"] or "").lower().endswith("ssh:")
            if info and (":" in info or not is_ssh) and "${" not in info and HIDDEN not in info:
                yield found.span("info")
    for pattern in (_BARE_USER_INFO, *_MARKED):
        for found in pattern.finditer(text):
            is_shown = pattern is _BARE_USER_INFO or _is_secret(found)
            if is_shown and "${" not in found["secret"] and found["secret"] != HIDDEN:
                yield found.span("secret")


def secrets_in(text: str) -> Iterator[str]:
    """Yield the passwords, lone tokens and secret parameters of a text, as written and decoded."""
    for start, end in secret_spans(text):
        user, separator, password = text[start:end].partition(":")
        secret = password if separator and text[start - 2 : start] == "//" else text[start:end]
        yield from {secret or user, unquote(secret or user)}


def printable(text: str) -> str:
    """Return a text as one line, without control characters and commands of CI systems."""
    return printable_lines(_LINE_END.sub("\N{REPLACEMENT CHARACTER}", text))


def printable_lines(text: str) -> str:
    """Return a text of several lines like `printable`."""
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    if "::" in text:
        text = _COMMAND.sub(": :", text)
    return text.replace("##[", "# #[") if "##[" in text else text


def json_in_logs(text: str) -> str:
    """Return an equal JSON document without the one command that a CI system finds inside of lines."""
    return text.replace("##[", "#\\u0023[")


def outgoing(text: str) -> str:
    """Return one line of text that may leave this process: without credentials, printable."""
    return printable(scrub(text))


def report_error(line: str) -> None:
    """Write a line to the error output, if this process was started with one."""
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")
