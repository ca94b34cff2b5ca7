"""Secrets in layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Layer
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.env_files import NO_VALUES, is_env_file
from cdk_layers.contents.owners import owner
from cdk_layers.rules.facts.search_path import layer_parts
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Contents

register_family(__name__, order=120)

_KINDS: Final = {
    "private-key": "a private key",
    "aws-credentials": "AWS credentials",
    "index-credentials": "credentials in the URL of an index",
}
_ENVIRONMENT: Final = "environment variables of a machine"
_NAMES: Final = {
    ".netrc": "logins",
    "_netrc": "logins",
    ".pypirc": "logins of package indexes",
    ".git-credentials": "logins of Git hosts",
}
_MOST_LISTED: Final = 5
_TESTS: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|test[-_]\w+|\w+_tests?|examples?|fixtures)/|(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$"
)


@rule(
    "secret-in-layer",
    Layer,
    severity="error",
    meaning="A layer contains private keys, credentials, or files that usually contain them. Every grantee of the "
    "layer can read them, and old versions keep them. Private keys that a distribution ships, its tests, and a .env "
    "whose values do not look like secrets are warnings.",
    remedy="Remove it from its folder or leave it out of the layer (asset_excludes for files of the entry, "
    "dependency_excludes for those of distributions), and replace the secret: every published version still contains "
    "it. Read secrets from Secrets Manager or Parameter Store when the function runs.",
    source="names and contents of the layer's files",
    failing="python/settings/.env\npython/settings/id_rsa\n",
    passing="python/settings/.env.example\npython/certifi/cacert.pem\n",
)
def secret_in_layer(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield a problem for secrets, and for what may be published on purpose."""
    for part in layer_parts([layer]):
        secrets = _secrets(part.contents)
        shipped = [path for path in secrets if _is_shipped(part.contents, path)]
        settings = [path for path in secrets if path in _settings(part.contents) and path not in shipped]
        others = [path for path in secrets if path not in (*shipped, *settings)]
        installed = [path for path in others if owner(part.contents, path) is not None]
        own = [path for path in others if path not in installed]
        if own:
            yield Problem(f"Layer {layer.label!r} contains {_listed(secrets, own)}.")
        if installed:
            yield Problem(
                f"Layer {layer.label!r} contains secrets in installed distributions: {_listed(secrets, installed)}.",
                remedy="If the distribution is your own, remove and replace the secret. If it is public, its author "
                "published the secret: acknowledge this, or leave the file out of the layer (dependency_excludes).",
            )
        if settings:
            yield Problem(
                f"Layer {layer.label!r} contains {_listed(secrets, settings)}. No value looks like a secret, but "
                "every grantee can read them.",
                remedy="Leave it out of the layer (asset_excludes for files of the entry), or acknowledge this.",
                severity="warning",
            )
        if shipped:
            yield Problem(
                f"Layer {layer.label!r} contains what look like secrets in installed distributions: "
                f"{_listed(secrets, shipped)}. Public distributions ship keys for tests and examples.",
                remedy="If the distribution is your own, remove and replace the secret. Otherwise acknowledge this, or "
                "leave the file out of the layer (dependency_excludes).",
                severity="warning",
            )


def _is_shipped(contents: Contents, path: str) -> bool:
    """Return whether a secret may be one that a distribution ships on purpose.

    All private keys outside of tests in the wheels of 74 public distributions are such keys: those of test servers and
    proxies (moto, selenium-wire, pytest-localserver), and of examples (jwcrypto, tlslite-ng, PyKMIP).
    """
    if owner(contents, path) is None:
        return False
    return _TESTS.search(path) is not None or path in _private_keys(contents)


@once_per_archive
def _private_keys(contents: Contents) -> frozenset[str]:
    """Return the files that contain private keys, and no other secrets."""
    others = {trait.path for trait in contents.traits if trait.kind in _KINDS and trait.kind != "private-key"}
    return frozenset(
        trait.path for trait in contents.traits if trait.kind == "private-key" and trait.path not in others
    )


@once_per_archive
def _settings(contents: Contents) -> frozenset[str]:
    """Return the files of environment variables without secrets."""
    others = {trait.path for trait in contents.traits if trait.kind in _KINDS}
    return frozenset(
        trait.path for trait in contents.traits if trait.kind == "harmless-env" and trait.path not in others
    )


def _listed(secrets: dict[str, str], paths: list[str]) -> str:
    return listed((f"{path} ({secrets[path]})" for path in paths), _MOST_LISTED)


@once_per_archive
def _secrets(contents: Contents) -> dict[str, str]:
    """Return the kind of secret in each file that has one, by path."""
    empty = {trait.path for trait in contents.traits if trait.kind == "harmless-env" and trait.detail == NO_VALUES}
    found = {
        path: kind
        for path, file in contents.files.items()
        if file.size and path not in empty and (kind := _by_name(path))
    }
    for trait in contents.traits:
        if trait.kind in _KINDS:
            line = f", line {trait.line}" if trait.line else ""
            found[trait.path] = f"{_KINDS[trait.kind]}{line}"
    return dict(sorted(found.items()))


def _by_name(path: str) -> str | None:
    if is_env_file(path):
        return _ENVIRONMENT
    if path.endswith(".aws/credentials"):
        return "AWS credentials"
    return _NAMES.get(path.rpartition("/")[2])
