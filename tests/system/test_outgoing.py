"""Text on its way out."""

from __future__ import annotations

import pytest

from cdk_layers.building.notes import Note
from cdk_layers.errors import EntryError, RuleError
from cdk_layers.findings import Finding, Where
from cdk_layers.system.outgoing import printable, printable_lines, scrub, secrets_in

FORMS = (
    "https://user:S3cr3tValue@h.example/simple/",
    "https://S3cr3tValue@h.example/simple/",
    "https://user:S3cr3tValue@h.example:8443/simple",
    "HTTPS://user:S3cr3tValue@h.example/simple",
    "git+https://S3cr3tValue@h.example/r.git@main",
    "git+http://u:S3cr3tValue@h.example/r.git@main#egg=r",
    "git+ssh://git:S3cr3tValue@h.example/r.git",
    "//user:S3cr3tValue@h.example/simple",
    "user:S3cr3tValue@h.example/simple",
    "https://u:S3cr3t/Value@h.example/simple",
    "https://u:S3cr3t#Value@h.example/simple",
    "https://u:S3cr3t?Value@h.example/simple",
    "https://u:a@S3cr3tValue@h.example/simple",
    "https://u:S3cr3tValue@[::1]/simple",
    "https://:S3cr3tValue@h.example/",
    "https://h.example/f.whl?token=S3cr3tValue",
    "https://h.example/f.whl?a=1&private_token=S3cr3tValue&b=2",
    "https://h.example/f.whl?jwt=S3cr3tValue",
    "https://h.example/f.whl?client_secret=S3cr3tValue",
    "https://h.example/f.whl?clientSecret=S3cr3tValue",
    "https://h.example/f.whl?X-Goog-Signature=S3cr3tValue&X-Goog-Date=1",
    "https://h.example/f.whl?X-Amz-Security-Token=S3cr3tValue",
    "https://h.example/f.whl?AWSAccessKeyId=S3cr3tValue",
    "https://h.example/f.whl?sv=2024&sig=S3cr3tValue&se=1",
    "https://h.example/f.whl?access%5Ftoken=S3cr3tValue",
    "https://h.example/f.whl?api%5Fkey=S3cr3tValue",
    "https://h.example/f.whl?hMac=S3cr3tValue",
    "https://h.example/f.whl?token=S3cr3t:Value",
    "https://h.example/f.whl#access_token=S3cr3tValue",
    "https://h.example/f.whl#sha256=00&private-token=S3cr3tValue",
    "https://h.example/f.whl?api_key=S3cr3tValue",
    "https://h.example/f.whl?apikey=S3cr3tValue",
    "https://h.example/f.whl?code=S3cr3tValue",
    "https://h.example/f.whl?x=1;password=S3cr3tValue",
    "https://h.example/f.whl?auth[token]=S3cr3tValue",
    "UV_INDEX_CORP_PASSWORD=S3cr3tValue",
    "Authorization: Basic S3cr3tValue==",
    "authorization: bearer S3cr3tValue",
    "--header 'Authorization: token S3cr3tValue'",
    "sent ghp_S3cr3tValue0123456789 to it",
    "glpat-S3cr3tValue0123456789",
    "eyJhbGciOiJI.S3cr3tValue.c2lnbmF0dXJl",
)
"""Credentials as they are met in requirements, settings and error texts; each has S3cr3t and Value in it."""

HARMLESS = (
    "git+file:///nope@0123456789abcdef0123456789abcdef01234567",
    "lib @ file:///lib@main",
    "https://h.example/simple/six-1.17.0-py2.py3-none-any.whl#sha256=0123456789abcdef&egg=six&subdirectory=x",
    "git+https://h.example:8443/group/repo.git@v1.2#egg=repo",
    "git@h.example:group/repo.git@v1",
    "six @ https://h.example/six.whl ; python_version == '3.13'",
    "https://h.example/f.whl?version=1&design=2&monkey=3&page=4",
    "public.ecr.aws/lambda/python:3.13@sha256:0123",
    "python:3.13@sha256:0123",
    "someone@h.example",
    "requests[socks]==2.32.5 --hash=sha256:00",
    "AWS::Lambda::Function 'Hub/base' is 271.4 MiB: over 250.0 MiB.",
    "Acknowledge it as cdk-layers::too-many-layers",
)


@pytest.mark.parametrize("text", FORMS)
def test_credentials_do_not_leave(text: str) -> None:
    """Every form of a credential is taken out of a text, also of an error, a note and a finding, and is recognized."""
    sentence = f"requirements.txt, line 3: '{text}' cannot be read."
    told = [
        scrub(sentence),
        str(EntryError(sentence)),
        RuleError(sentence).args[0],
        Note("rule", sentence, sentence).message,
        Note("rule", sentence, sentence).remedy,
        str(Finding("rule", "error", Where("A/b"), sentence, sentence)),
    ]
    for one in told:
        assert "S3cr3t" not in one
        assert "Value" not in one
        assert "cannot be read." in one
    assert any("S3cr3t" in secret for secret in secrets_in(text))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_stays(text: str) -> None:
    """What identifies a distribution, and what only looks like a credential, is left as it is."""
    assert scrub(text) == text
    assert not list(secrets_in(text))
    assert printable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "git+ssh://git@h.example/r.git",
        "https://@h.example/simple",
        "https://user:****@h.example/simple",
        "https://${USER}:${TOKEN}@h.example/simple",
        "https://h.example/f.whl?token=${TOKEN}",
    ],
)
def test_placeholders_and_users_are_no_secrets(text: str) -> None:
    """An ssh user without a password, an empty user, and what stands for a credential."""
    assert not list(secrets_in(text))


@pytest.mark.parametrize("text", FORMS)
def test_scrubbed_once_and_for_all(text: str) -> None:
    """A text that was scrubbed is not changed by scrubbing it again, so that keys of either are the same."""
    assert scrub(scrub(text)) == scrub(text)
    assert not list(secrets_in(scrub(text)))


def test_a_secret_that_begins_another_one() -> None:
    """The longer one is replaced as a whole, and what is too short to be a secret stays."""
    assert scrub("sent S3cr3tValue and S3cr3t", ["S3cr3t", "S3cr3tValue", "and"]) == "sent **** and ****"


@pytest.mark.parametrize("unit", ["a:", "://", "//a:", "://a:b", "eyJ", "?a=", "TOKEN", "u:p@", "authorization ", "::"])
def test_long_texts(unit: str) -> None:
    """A hostile text of 400,000 characters is read to its end: a quadratic expression would take minutes."""
    text = (unit * 400_000)[:400_000]
    assert scrub(text) is not None
    assert printable(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "a\n::error file=x::y",
        "a\r\n::error::y",
        "a ::error::y",
        "a\u2028::warning::y",
        "x" * 200 + "::add-mask::y",
        "a##[error]y",
        "a\x1b[2Jb",
        "a\u202eb",
        "a\ud800b",
        "a\x85::error::b",
    ],
)
def test_text_acts_on_nobody(text: str) -> None:
    """Line ends, escapes, directions and the commands of CI systems do not pass."""
    shown = printable(text)
    assert shown.isprintable()
    assert "##[" not in shown
    assert "::error" not in shown
    assert "::warning" not in shown
    assert "::add-mask" not in shown
    assert "\n" not in printable(text)
    assert "::error" not in str(EntryError(text))
    assert printable_lines("two\nlines") == "two\nlines"


def test_commands_that_are_not_known_yet() -> None:
    """A word that begins with two colons may be a command of a newer runner, and one that contains them is none."""
    assert printable("::any-command::y a::b") == ": :any-command::y a::b"
