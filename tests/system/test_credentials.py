"""Taking credentials out of text."""

from __future__ import annotations

import pytest

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
