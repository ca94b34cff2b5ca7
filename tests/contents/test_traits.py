"""Secrets that are found, the near misses that are none, and that no trait repeats a secret."""

from __future__ import annotations

import importlib.util
import io
import py_compile
import sys
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_layers.contents.inspection import look
from cdk_layers.contents.model import FileTrait
from cdk_layers.contents.secrets import all_lack_secret_words
from cdk_layers.contents.traits import bytecode_trait, traits_in

if TYPE_CHECKING:
    from pathlib import Path

BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
# Put together here, so that no scanner of repositories takes this file for a leak.
KEY_ID = "AKIA" + "QYLPMN5HHHFPZAM2"
SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzQr4TuVw9z"


def kinds(text: str, path: str = "python/settings.py") -> list[tuple[str, int | None]]:
    """Return the kinds and lines of the traits in a text."""
    return [(trait.kind, trait.line) for trait in traits_in(path, text.encode())]


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_private_keys(kind: str) -> None:
    """A key with its body is found, whatever its format, with its line and without the key."""
    body = f"{BODY}\n" * (5 if kind.startswith("RSA") else 2)
    text = f"# mine\n\n-----BEGIN {kind}-----\n{body}-----END {kind}-----\n"
    assert list(traits_in("key.pem", text.encode())) == [FileTrait("private-key", "key.pem", 3, kind.capitalize())]


@pytest.mark.parametrize(
    "text",
    [
        f'{{"private_key": "-----BEGIN PRIVATE KEY-----\\n{BODY}\\n-----END"}}',
        f'KEY = (\n    b"-----BEGIN PRIVATE KEY-----\\n"\n    b"{BODY}\\n"\n)',
        f"-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES\r\n\r\n{BODY}\r\n",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{BODY}\n",
        f"key: |\n    -----BEGIN EC PRIVATE KEY-----\n    {BODY}\n",
    ],
)
def test_private_keys_inside_other_files(text: str) -> None:
    """Keys in JSON, Python and YAML, and behind headers, are found."""
    assert [kind for kind, _ in kinds(text)] == ["private-key"]


@pytest.mark.parametrize(
    "text",
    [
        f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n",
        f"-----BEGIN PUBLIC KEY-----\n{BODY}\n-----END PUBLIC KEY-----\n",
        '_SK_START = b"-----BEGIN OPENSSH PRIVATE KEY-----"\n_SK_END = b"-----END OPENSSH PRIVATE KEY-----"\n',
        f"For example, `-----BEGIN RSA PRIVATE KEY----- {BODY}. -----END RSA PRIVATE KEY-----`",
        f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}\n...\n-----END RSA PRIVATE KEY-----\n",
        "Paste your key:\n-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
        "A PRIVATE KEY is private.",
        'if text == "-----BEGIN RSA PRIVATE KEY-----":\n    return loadTheVeryLongNamedKeyOfTheUserFromItsPem(text)\n',
    ],
)
def test_public_certificates_and_talk_about_keys(text: str) -> None:
    """Certificates, public keys, examples that are cut off, and prose with a key's first line are no secrets."""
    assert kinds(text, "python/certifi/cacert.pem") == []


@pytest.mark.parametrize(
    "text",
    [
        f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n",
        f'{{"AccessKeyId": "ASIA{KEY_ID[4:]}", "SecretAccessKey": "{SECRET}"}}',
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"AWS_SECRET_KEY: {SECRET}",
        f"aws_secret_key => '{SECRET}'",
        f"awsSecretKey = '{SECRET}'",
        f"secretAccessKey: {SECRET}",
        f'boto3.client("s3", aws_secret_access_key="{SECRET}")',
        f'KEYS = ("{KEY_ID}", "{SECRET}")',
        f"{KEY_ID}\n{SECRET}\n{'x' * 400}\n",
    ],
)
def test_aws_credentials(text: str) -> None:
    """A secret beside its id, or under its own name, is found, and no trait holds it."""
    traits = list(traits_in("python/config", text.encode()))
    assert {trait.kind for trait in traits} == {"aws-credentials"}
    assert SECRET not in repr(traits)
    assert KEY_ID not in repr(traits)


@pytest.mark.parametrize(
    "text",
    [
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        f"the id {KEY_ID} alone opens nothing",
        f"{KEY_ID} was in commit 3f786850e387550fdab836ed7e6dc881de23001b",
        'aws_secret_access_key = os.environ["AWS_SECRET_ACCESS_KEY"]',
        "aws_secret_access_key: str | None = None",
        f"aws_secret_access_key = {'a' * 40}",
        f"aws_secret_access_key = {SECRET}more",
        f"secret_key = {SECRET}",
        f"my_SECRET_KEY = {SECRET}",
        f"9{KEY_ID} {SECRET}",
        f"AKIAIOSFODNN7EXAMPLE {SECRET}",
        f"{KEY_ID} was in commit 3F786850E387550FDAB836ED7E6DC881DE23001B",
        f"{KEY_ID} of src/companyPackages/Services/reportMaker",
    ],
)
def test_what_only_looks_like_aws_credentials(text: str) -> None:
    """Example keys, ids alone, hashes, variables and texts of another length are no credentials."""
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("python/pip.conf", "[global]\nindex-url = https://me:s3cr3t-Word@packages.example/simple\n"),
        ("base-requirements.in", "six\n--extra-index-url https://me:s3cr3t-Word@packages.example/simple\n"),
        ("constraints.txt", "six\n--extra-index-url https://me:s3cr3t-Word@packages.example/simple\n"),
        ("requirements-dev.txt", "six\n--extra-index-url https://me:s3cr3t-Word@packages.example/simple\n"),
        ("uv.toml", '\nindex-url = "https://0123456789abcdef@packages.example/simple"'),
        ("x-1.dist-info/direct_url.json", '\n{"url": "https://me:s3cr3t-Word@packages.example/x.whl"}'),
        ("poetry.lock", '\nurl = "http://me:s3cr3t-Word@packages.example:8080/"'),
    ],
)
def test_index_credentials(path: str, text: str) -> None:
    """Passwords and tokens in URLs are found in files that name indexes; the trait tells the host alone."""
    assert list(traits_in(path, text.encode())) == [FileTrait("index-credentials", path, 2, "For packages.example")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "--index-url https://packages.example/simple\n"),
        ("requirements.txt", "--index-url https://${USER}:${TOKEN}@packages.example/simple\n"),
        ("requirements.txt", "--index-url https://user:password@packages.example/simple\n"),
        ("requirements.txt", "x @ git+https://git@packages.example/x.git\n"),
        ("python/client.py", '"""Connect to https://me:s3cr3t-Word@packages.example."""'),
        ("python/notes.txt", "Connect to https://me:s3cr3t-Word@packages.example.\n"),
    ],
)
def test_urls_without_credentials(path: str, text: str) -> None:
    """Variables, placeholders, user names alone, and the documentation of code are no credentials."""
    assert kinds(text, path) == []


@pytest.mark.parametrize(("path", "is_marked"), [("a/.env", True), ("a/.envrc", False), (".env.example", False)])
def test_files_of_variables(path: str, *, is_marked: bool) -> None:
    """A file without secrets is marked only if its name makes it one of variables."""
    assert bool(kinds("STAGE=dev\n", path)) == is_marked


def test_words_after_the_head_of_a_text() -> None:
    """That its beginning has no word of a secret says nothing of the rest of a long text."""
    data = b"\n" * 100 + f"aws_secret_access_key={SECRET}".encode()
    seen = look("a.txt", len(data), data[:50], lambda: io.BytesIO(data), lacks_secret_words=True)
    assert [trait.kind for trait in seen.traits] == ["aws-credentials"]


def test_bytecode_is_told_by_how_it_is_checked(tmp_path: Path) -> None:
    """Only a .pyc file in `__pycache__` that is checked by its source's time is marked for that."""
    path = f"__pycache__/module.cpython-3{sys.version_info.minor}.pyc"
    source = tmp_path / "module.py"
    source.write_text("x = 1\n")
    made = {}
    for mode in PycInvalidationMode:
        target = tmp_path / f"{mode.name}.pyc"
        py_compile.compile(str(source), cfile=str(target), invalidation_mode=mode, doraise=True)
        made[mode] = bytecode_trait(path, target.read_bytes())
    timestamp = made.pop(PycInvalidationMode.TIMESTAMP)
    assert timestamp is not None
    assert (timestamp.kind, timestamp.path) == ("timestamp-bytecode", path)
    assert set(made.values()) == {None}


@pytest.mark.parametrize(
    ("path", "magic", "detail"),
    [
        ("m.pyc", 3571, "Python 3.13"),
        ("pkg/m.pyc", 3500, "a pre-release of Python 3.12"),
        ("pkg/m.pyc", 3657, "Python 3.15"),
        ("__pycache__/m.cpython-315.pyc", 3657, None),
        ("pkg/m.pyc", 3449, "an unknown Python (magic number 3449)"),
        ("pkg/m.pyc", 62211, "an unknown Python (magic number 62211)"),
        ("__pycache__/m.cpython-313.pyc", 3531, "Python 3.12"),
        ("__pycache__/m.cpython-313.pyc", 3571, None),
        ("__pycache__/m.cpython-313.opt-1.pyc", 3571, None),
        ("__pycache__/m.cpython-399.pyc", 1, None),
        ("__pycache__/m.pyc", 3571, "Python 3.13"),
    ],
)
def test_bytecode_of_another_python_than_its_name(path: str, magic: int, detail: str | None) -> None:
    """A magic number that the name does not give is marked, with what it is of, whatever the time is."""
    trait = bytecode_trait(path, magic.to_bytes(2, "little") + b"\r\n\x01" + bytes(11))
    assert (trait and (trait.kind, trait.detail)) == (detail and ("unnamed-bytecode", detail))


def test_what_is_no_bytecode_is_not_marked() -> None:
    """A file that only has the name, or is cut off, says nothing about times."""
    assert bytecode_trait("x.pyc", b"") is None
    assert bytecode_trait("x.pyc", bytes(16)) is None
    assert bytecode_trait("x.pyc", importlib.util.MAGIC_NUMBER + bytes(11)) is None


@pytest.mark.parametrize("head", [
    b"\xa7\r\r\n" + bytes(4) + bytes(7),
    b"\xa7\r\n\r" + bytes(12),
    b"\xa7\r\r\n" + b"\x01" + bytes(11),
    b"\xa7\r\r\n" + b"\0\0\0\x01" + bytes(8),
])  # fmt: skip
def test_each_part_of_a_header_counts(head: bytes) -> None:
    """A whole header of 16 bytes, the end of the magic number, and flags of which none is set."""
    path = "__pycache__/x.cpython-311.pyc"
    whole = bytecode_trait(path, b"\xa7\r\r\n" + bytes(12))
    assert whole
    assert whole.kind == "timestamp-bytecode"
    assert bytecode_trait(path, head) is None


def test_texts_made_of_secrets_end() -> None:
    """A file with more places than anybody needs yields a bounded number of traits."""
    text = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n" * 3000 + f"{KEY_ID} {SECRET}\n" * 3000
    traits = list(traits_in("x", text.encode()))
    assert len(traits) == 2000


@given(st.binary(max_size=400))
def test_any_bytes_are_searched(data: bytes) -> None:
    """No content makes the search fail."""
    words = b"-----BEGIN PRIVATE KEY-----AKIA aws_secret_access_key="
    for trait in traits_in("requirements.txt", words + data + words):
        assert trait.path == "requirements.txt"


@pytest.mark.parametrize(
    ("path", "text", "marked"),
    [
        ("bin/hello", "#!/bin/sh\r\necho\r\n", True),
        ("extensions/x", "#!/usr/bin/env python3\r\n", True),
        ("bootstrap", "#!/bin/sh\r", True),
        ("bin/hello", "#!/bin/sh\necho\r\n", False),
        ("bin/notes", "text\r\n", False),
        ("python/bin/hello", "#!/bin/sh\r\n", False),
    ],
)
def test_programs_with_carriage_returns(path: str, text: str, *, marked: bool) -> None:
    """A program that Lambda would start by its first line is marked when that ends with a carriage return."""
    assert [kind for kind, _ in kinds(text, path)] == ["crlf-program"] * marked


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((b"plain", b"text"), True),
        ((b"plain", b"AKIA"), False),
        ((b"PRIVATE KEY",), False),
        ((b"AK", b"IA"), True),
        ((), True),
    ],
)
def test_texts_without_words_of_secrets(texts: tuple[bytes, ...], expected: bool) -> None:
    """Several texts are searched at once, and no word begins in one and ends in the next."""
    assert all_lack_secret_words(texts) is expected
