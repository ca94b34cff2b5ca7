"""Secrets in layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Layer
from cdk_layers.contents.answers import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.errors import ContentError
from cdk_layers.rules.facts.search_path import layer_parts
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Contents

register_family(__name__, order=120, error=ContentError)

_KINDS: Final = {
    "private-key": "a private key",
    "aws-credentials": "AWS credentials",
    "index-credentials": "credentials in the URL of an index",
}
_NAMES: Final = {
    ".env": "environment variables of a machine",
    ".netrc": "logins",
    "_netrc": "logins",
    ".pypirc": "logins of package indexes",
    ".git-credentials": "logins of Git hosts",
}
_MOST_LISTED: Final = 5
_HARMLESS: Final = frozenset(("example", "sample", "template", "dist", "defaults"))
_TESTS: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|test[-_]\w+|\w+_tests?|examples?|fixtures)/|(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$"
)


@rule(
    "secret-in-layer",
    Layer,
    severity="error",
    meaning="A layer contains private keys, credentials, or files that usually contain them. Every grantee of the "
    "layer can read them, and old versions keep them. Those in a distribution's own tests are a warning.",
    remedy="Remove it from the entry folder or exclude it (asset_excludes), and replace the secret: every published "
    "version still contains it. Read secrets from Secrets Manager or Parameter Store when the function runs.",
    source="names and contents of the layer's files",
    failing="python/settings/.env\npython/settings/id_rsa\n",
    passing="python/settings/.env.example\npython/certifi/cacert.pem\n",
)
def secret_in_layer(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield a problem for secrets, and one for those in tests and examples of distributions."""
    for part in layer_parts([layer]):
        secrets = _secrets(part.contents)
        examples = [path for path in secrets if owner(part.contents, path) and _TESTS.search(path)]
        others = [path for path in secrets if path not in examples]
        if others:
            yield Problem(f"Layer {layer.label!r} contains {_listed(secrets, others)}.")
        if examples:
            yield Problem(
                f"Layer {layer.label!r} contains what look like secrets in the tests and examples of installed "
                f"distributions: {_listed(secrets, examples)}.",
                remedy="Leave the distribution's tests out of the layer, or acknowledge this.",
                severity="warning",
            )


def _listed(secrets: dict[str, str], paths: list[str]) -> str:
    return listed((f"{path} ({secrets[path]})" for path in paths), _MOST_LISTED)


@once_per_archive
def _secrets(contents: Contents) -> dict[str, str]:
    """Return the kind of secret in each file that has one, by path."""
    found = {path: kind for path, file in contents.files.items() if file.size and (kind := _by_name(path))}
    for mark in contents.marks:
        if mark.kind in _KINDS:
            line = f", line {mark.line}" if mark.line else ""
            found[mark.path] = f"{_KINDS[mark.kind]}{line}"
    return dict(sorted(found.items()))


def _by_name(path: str) -> str | None:
    name = path.rpartition("/")[2]
    if name.startswith(".env.") and not _HARMLESS & set(name.split(".")):
        return _NAMES[".env"]
    if path.endswith(".aws/credentials"):
        return "AWS credentials"
    return _NAMES.get(name)
