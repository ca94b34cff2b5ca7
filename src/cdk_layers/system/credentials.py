"""Credentials on their way to uv and git: by environment variables, never by files or arguments."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from cdk_layers.system.outgoing import secret_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_GIT_URL: Final = re.compile(
    r"git\+(?P<scheme>https?)://(?P<info>[^\s/?#]*)@(?P<host>[^\s/?#@]+)(?P<path>[^\s?#;]*)", re.IGNORECASE
)
VARIABLE_PREFIX: Final = "CDK_LAYERS_SECRET_"
"""The start of the names of variables with credentials."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Requirements whose credentials are replaced by environment variables."""

    text: str
    variables: Mapping[str, str]
    """The variables and their values, by which uv replaces `${...}`."""

    def reveal(self, text: str) -> str:
        """Return uv's output for this text with the credentials instead of `${...}`."""
        for name, value in self.variables.items():
            text = text.replace(f"${{{name}}}", value)
        return text


def hide(text: str, kind: str = "") -> Hidden:
    """Move the credentials in requirements into environment variables, whose names contain `kind`.

    Those of git repositories over HTTP are dropped, since uv would pass them to git as arguments, which every user of
    the machine can read: `git_headers` returns them.
    """
    text = _GIT_URL.sub(lambda found: found.group().replace(f"{found['info']}@", "", 1), text)
    parts: list[str] = []
    variables: dict[str, str] = {}
    after = 0
    for start, end in sorted(secret_spans(text)):
        if start >= after:
            name = f"{VARIABLE_PREFIX}{kind}{len(variables)}"
            variables[name] = text[start:end]
            parts += [text[after:start], f"${{{name}}}"]
            after = end
    return Hidden("".join([*parts, text[after:]]), variables)


def git_headers(texts: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables by which git sends the credentials in the URLs of `git+http(s)://` requirements.

    Args:
        texts: Requirements.
        environment: The environment variables that git gets, which may configure it already.
    """
    found = {url: header for text in texts for url, header in _git_credentials(text)}
    if not found:
        return {}
    given = environment.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdecimal() else 0
    variables = {"GIT_CONFIG_COUNT": str(first + len(found))}
    for number, (url, header) in enumerate(found.items(), start=first):
        variables |= {f"GIT_CONFIG_KEY_{number}": f"http.{url}.extraHeader", f"GIT_CONFIG_VALUE_{number}": header}
    return variables


def _git_credentials(text: str) -> Iterator[tuple[str, str]]:
    for found in _GIT_URL.finditer(text):
        user, _, password = found["info"].partition(":")
        pair = f"{unquote(user)}:{unquote(password)}".encode()
        path = found["path"].rpartition("@")[0] or found["path"]
        url = urlsplit(f"{found['scheme'].lower()}://{found['host']}{path}")
        yield url.geturl(), f"Authorization: Basic {base64.b64encode(pair).decode()}"
