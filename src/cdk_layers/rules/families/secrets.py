"""What nobody but its owner should read."""

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
    meaning="A layer holds private keys, credentials or files that hold them by their nature. Whoever is granted the "
    "layer reads them, and an old version keeps them. What a distribution brings for its own tests is a warning.",
    remedy="Take it out of the entry folder or exclude it (asset_excludes), and replace the secret: every version that "
    "was published still holds it. Read secrets from Secrets Manager or Parameter Store as the function runs.",
    source="names and contents of the layer's files",
    failing="python/settings/.env\npython/settings/id_rsa\n",
    passing="python/settings/.env.example\npython/certifi/cacert.pem\n",
)
def secret_in_layer(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield a problem for what is secret, and one for what only looks so."""
    for part in layer_parts([layer]):
        secrets = _secrets(part.contents)
        examples = [path for path in secrets if owner(part.contents, path) and _TESTS.search(path)]
        true = [path for path in secrets if path not in examples]
        if true:
            yield Problem(f"Layer {layer.label!r} holds {_listed(secrets, true)}.")
        if examples:
            yield Problem(
                f"Layer {layer.label!r} holds what look like secrets in the tests and examples of installed "
                f"distributions: {_listed(secrets, examples)}.",
                remedy="Leave the distribution's tests out of the layer, or acknowledge this.",
                severity="warning",
            )


def _listed(secrets: dict[str, str], paths: list[str]) -> str:
    return listed((f"{path} ({secrets[path]})" for path in paths), _MOST_LISTED)


@once_per_archive
def _secrets(contents: Contents) -> dict[str, str]:
    """Return what is secret about which file, by path."""
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
