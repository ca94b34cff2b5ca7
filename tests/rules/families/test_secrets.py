"""Secrets in layers."""

from __future__ import annotations

import pytest

from cdk_layers.contents.model import Mark, MarkKind
from tests.rules.archives import archive, dist, found, layer, severities


@pytest.mark.parametrize(
    "path",
    [
        "python/.env",
        "python/.env.production",
        "python/app/.netrc",
        ".pypirc",
        "python/.aws/credentials",
        ".git-credentials",
    ],
)
def test_a_file_that_holds_secrets_by_its_name_is_an_error(path: str) -> None:
    """The finding names the file."""
    (finding,) = found(layer(archive([path])), "secret-in-layer")
    assert (finding.severity, path in finding.message) == ("error", True)


@pytest.mark.parametrize(
    "path",
    [
        "python/certifi/cacert.pem",
        "python/.env.example",
        "python/env.py",
        "python/app.env.py",
        "python/botocore/credentials.py",
    ],
)
def test_public_files_stay_quiet(path: str) -> None:
    """Certificates, examples and modules with such words in their names hold no secret."""
    assert found(layer(archive([path])), "secret-in-layer") == []


def test_an_empty_file_holds_no_secret() -> None:
    """A .env with nothing in it is not worth an error."""
    assert found(layer(archive({"python/.env": ""})), "secret-in-layer") == []


@pytest.mark.parametrize("kind", ["private-key", "aws-credentials", "index-credentials"])
def test_what_a_look_into_files_finds_is_an_error_with_its_line(kind: MarkKind) -> None:
    """Each kind of mark counts, wherever the user's own files lie."""
    contents = archive(["python/app/tests/conf.py"], marks=[Mark(kind, "python/app/tests/conf.py", 7)])
    (finding,) = found(layer(contents), "secret-in-layer")
    assert (finding.severity, "conf.py" in finding.message, "line 7" in finding.message) == ("error", True, True)


def test_the_key_of_a_distributions_own_tests_is_a_warning() -> None:
    """Published test keys are no secret, in folders or modules of tests; a key outside of them is."""
    module = archive(
        ["python/ecdsa/test_keys.py"],
        dists=[dist("ecdsa", top_level=["ecdsa"])],
        marks=[Mark("private-key", "python/ecdsa/test_keys.py")],
    )
    assert severities(layer(module), "secret-in-layer") == ["warning"]
    tornado = dist("tornado", top_level=["tornado"])
    test_key = archive(
        ["python/tornado/test/test.key"], dists=[tornado], marks=[Mark("private-key", "python/tornado/test/test.key")]
    )
    own_key = archive(["python/tornado/id.key"], dists=[tornado], marks=[Mark("private-key", "python/tornado/id.key")])
    assert severities(layer(test_key), "secret-in-layer") == ["warning"]
    assert severities(layer(own_key), "secret-in-layer") == ["error"]


def test_bytecode_is_no_secret() -> None:
    """Marks of other rules are not this one's."""
    contents = archive(["a.pyc"], marks=[Mark("timestamp-bytecode", "a.pyc")])
    assert found(layer(contents), "secret-in-layer") == []
