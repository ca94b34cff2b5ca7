"""Taking credentials out of text."""

from __future__ import annotations

import base64

import pytest

from cdk_layers.system.credentials import git_headers, hide
from cdk_layers.system.outgoing import scrub, secrets_in


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("at https://user:s3cret@a.example/simple/ now", "at https://a.example/simple/ now"),
        ("https://t0ken@a.example", "https://a.example"),
        ("https://u:p%40ss@a.example/x?y=1", "https://a.example/x?y=1"),
        ("git+https://t0ken@a.example/r@main", "git+https://a.example/r@main"),
        ("https://a.example/x?token=abc&v=1", "https://a.example/x?token=****&v=1"),
        ("https://a.example/f.whl?X-Amz-Signature=abc", "https://a.example/f.whl?X-Amz-Signature=****"),
        ("six @ https://a.example/six.whl", "six @ https://a.example/six.whl"),
        ("someone@a.example", "someone@a.example"),
    ],
)
def test_scrub(text: str, clean: str) -> None:
    """The user part of an address and secrets in its query go, all else stays."""
    assert scrub(text) == clean


def test_scrub_known_secrets() -> None:
    """A secret that is known goes wherever it stands, but not a word of one or two letters."""
    assert scrub("Authorization: s3cret a", ["s3cret", "a"]) == "Authorization: **** a"


def test_secrets_in_addresses() -> None:
    """Passwords and lone tokens are found as written and decoded; a placeholder is none."""
    text = "https://u:p%40ss@a.example https://t0ken@b.example https://${USER}:${TOKEN}@c.example https://d.example"
    assert set(secrets_in(text)) == {"p%40ss", "p@ss", "t0ken"}


def test_all_credentials_of_a_line_become_variables() -> None:
    """In whatever order and form they are, and uv's output is revealed with them."""
    text = "a @ https://a.example/a.whl?token=f1rst --find-links https://u:s3cond@b.example"
    hidden = hide(text)
    assert not any(secret in hidden.text for secret in ("f1rst", "s3cond"))
    assert sorted(hidden.variables.values()) == ["f1rst", "u:s3cond"]
    assert hidden.reveal(hidden.text) == text


def test_git_gets_what_the_address_means() -> None:
    """User and password are decoded, and the header is for the repository without its revision."""
    requirement = "x @ git+HTTPS://me:p%40ss@a.example/group/x.git@v1.0"
    variables = git_headers([requirement], {"GIT_CONFIG_COUNT": "2"})
    pair = base64.b64encode(b"me:p@ss").decode()
    assert variables == {
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_2": "http.https://a.example/group/x.git.extraHeader",
        "GIT_CONFIG_VALUE_2": f"Authorization: Basic {pair}",
    }
    assert hide(requirement).variables == {}
    assert git_headers(["six==1.17.0"], {}) == {}
