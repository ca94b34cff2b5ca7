"""Names of small files by their keys."""

from __future__ import annotations

import hashlib

from cdk_layers.store.checked_files import file_name


def test_no_two_keys_have_one_file() -> None:
    """Not where a file system ignores case, and not if a key looks like the name that another one gets."""
    digest = hashlib.sha256(b"a/b").hexdigest()
    keys = ("plain", "Plain", "a/b", "a\\b", "", "x" * 101, f"sha256-{digest}", digest)
    assert len({file_name(key).lower() for key in keys}) == len(keys)
    assert file_name("plain") == "plain"
