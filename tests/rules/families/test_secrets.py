"""Secrets in layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.contents.env_files import NO_SECRETS, NO_VALUES
from cdk_layers.contents.measure import measure
from cdk_layers.contents.model import FileTrait, FileTraitKind
from tests.rules.archives import archive, dist, found, layer, severities

if TYPE_CHECKING:
    from pathlib import Path


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
        "python/.env.sample",
        "python/.env.template",
        "python/.env.dist",
        "python/.env.defaults",
        "python/.env.production.example",
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
def test_what_a_look_into_files_finds_is_an_error_with_its_line(kind: FileTraitKind) -> None:
    """Each kind of trait counts, wherever the user's own files lie."""
    contents = archive(["python/app/tests/conf.py"], traits=[FileTrait(kind, "python/app/tests/conf.py", 7)])
    (finding,) = found(layer(contents), "secret-in-layer")
    assert (finding.severity, "conf.py" in finding.message, "line 7" in finding.message) == ("error", True, True)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("ecdsa", "python/ecdsa/test_keys.py"),
        ("tornado", "python/tornado/test/test.key"),
        ("moto", "python/moto/moto_proxy/ca.key"),
        ("jwcrypto", "python/jwcrypto/tests.py"),
        ("selenium-wire", "python/seleniumwire/ca.key"),
    ],
)
def test_a_key_that_a_distribution_ships_is_a_warning(name: str, path: str) -> None:
    """Public distributions ship keys of tests, test servers and proxies, which are not secret."""
    top_level = path.split("/")[1]
    contents = archive([path], dists=[dist(name, top_level=[top_level])], traits=[FileTrait("private-key", path)])
    assert severities(layer(contents), "secret-in-layer") == ["warning"]
    own = archive([path], traits=[FileTrait("private-key", path)])
    assert severities(layer(own), "secret-in-layer") == ["error"]


@pytest.mark.parametrize("kind", ["aws-credentials", "index-credentials"])
def test_credentials_in_a_distribution_are_an_error(kind: FileTraitKind) -> None:
    """Few public distributions ship credentials; the remedy is right for these and for a company's own."""
    path = "python/company/settings.py"
    traits = [FileTrait("private-key", path), FileTrait(kind, path, 3)]
    contents = archive([path, ".netrc"], dists=[dist("company", top_level=["company"])], traits=traits)
    own, installed = found(layer(contents), "secret-in-layer")
    assert (own.severity, installed.severity) == ("error", "error")
    assert (path in own.message, path in installed.message) == (False, True)
    assert ("acknowledge" in own.remedy, "acknowledge" in installed.remedy) == (False, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# DB_PASSWORD=secret\n\n", []),
        ("DB_PASSWORD=\nexport API_KEY=''\n", []),
        ("STAGE=dev\r\nPORT=8080\r\nURL=https://api.example.com/v1\r\n", ["warning"]),
        ("PARTITION_KEY=customer\nSECRET_ARN=arn:aws:secretsmanager:eu-west-1:111111111111:secret:db\n", ["warning"]),
        ("PASSWORD=changeme\nTOKEN=${TOKEN}\nBUCKET=my-bucket-0123456789-0123456789\n", ["warning"]),
        ("STAGE=dev\nDB_PASSWORD=hunter2\n", ["error"]),
        ("dbPassword: 'hunter2'  # local\n", ["error"]),
        ("DATABASE_URL=postgres://app:hunter2@db/app\n", ["error"]),
        ("SESSION=" + "aB3" * 12, ["error"]),
        ("password=hunter2\n", ["error"]),
        ("db_password=hunter2\n", ["error"]),
        ("queue.token=hunter2\n", ["error"]),
        ("compass=north\nbypass=south\n", ["warning"]),
        ("DB_PASSWORD=hunter2\nDB_PASSWORD=\n", ["error"]),
        ("\ufeffSTAGE=dev\nURL: x\n", ["warning"]),
        ("STAGE = dev\nSIZE=' 3 '  # MiB\nNOTE=a#b\n", ["warning"]),
        ("SENTRY_DSN=x1\n", ["error"]),
        ("AWS_CREDENTIALS=x1\n", ["error"]),
        ("SLACK_WEBHOOK_URL=x1\n", ["error"]),
        ("OLD_PASSWD=x1\nSTAGE=dev\n", ["error"]),
        ("API_KEY_2=x1\n", ["error"]),
        ("TOKEN=true\nPASSWORD=1234\nSECRET=<yours>\n", ["warning"]),
        ("COMMIT=3f786850e387550fdab836ed7e6dc881de23001b\n", ["warning"]),
        ("STAGE=dev\nsomething else\n", ["error"]),
    ],
)
def test_the_values_of_an_env_file_decide(text: str, expected: list[str], tmp_path: Path) -> None:
    """A .env without values is no finding, one without a secret a warning, and one that is not understood an error."""
    for name in (".env", ".env.production"):
        folder = tmp_path / name / "python"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(text.encode())
        assert severities(layer(measure(folder.parent)), "secret-in-layer") == expected


def test_a_secret_in_an_env_file_overrides_its_mark() -> None:
    """A .env with credentials that a search finds is an error, whatever its values look like."""
    path = "python/.env"
    for detail in (NO_VALUES, NO_SECRETS):
        contents = archive(
            [path], traits=[FileTrait("harmless-env", path, detail=detail), FileTrait("aws-credentials", path, 2)]
        )
        assert severities(layer(contents), "secret-in-layer") == ["error"]


def test_bytecode_is_no_secret() -> None:
    """Marks of other rules are not this one's."""
    contents = archive(["a.pyc"], traits=[FileTrait("timestamp-bytecode", "a.pyc")])
    assert found(layer(contents), "secret-in-layer") == []
