"""What settings of uv mean for one index of a lock file, without the network, and for hashes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.uv.ignored_settings import ignored_keys
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.system import host

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT = {"url": "https://default.example/simple", "default": True}
_OTHER = {"url": "https://other.example/simple"}
_FILE = f"""
index-url = "https://old.example/simple"
extra-index-url = ["https://extra.example/simple"]
find-links = ["https://links.example"]
[[index]]
url = "{_OTHER["url"]}"
[[index]]
url = "{_DEFAULT["url"]}"
default = true
[pip]
index-url = "https://pip.example/simple"
extra-index-url = ["https://extra.example/simple"]
"""
_VARIABLES = {
    "UV_INDEX": "https://other.example/simple",
    "UV_DEFAULT_INDEX": "https://default.example/simple",
    "UV_INDEX_URL": "https://old.example/simple",
    "UV_EXTRA_INDEX_URL": "https://extra.example/simple",
    "UV_FIND_LINKS": "https://links.example",
    "UV_INDEX_CORP_USERNAME": "me",
    "UV_INDEX_CORP_PASSWORD": "hush-hush",
}


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, without settings of the machine."""
    given = {"PIP_CONFIG_FILE": os.devnull, "XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path)}
    monkeypatch.setattr(host, "environ", lambda: given)
    folder = tmp_path / "entry"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("", {
            "index-url": "https://old.example/simple", "index": [_DEFAULT],
            "pip": {"index-url": "https://pip.example/simple"},
        }),
        ("https://named.example/simple", {"index": [], "pip": {}}),
    ],
)  # fmt: skip
def test_files_for_one_index(entry: Path, index: str, expected: object) -> None:
    """A distribution of a lock file comes from no other index that a file of settings names.

    One whose lock names none comes from the default index, such as a mirror, and not from PyPI.
    """
    (entry / "uv.toml").write_text(_FILE, encoding="utf-8")
    assert read_uv_settings(entry, {}).for_index(index).configuration == expected


@pytest.mark.parametrize(
    ("index", "names"), [("", {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}), ("https://named.example/simple", set())]
)
def test_variables_for_one_index(entry: Path, index: str, names: set[str]) -> None:
    """Nor does it come from an index that a variable names, and uv gets the credentials of all indexes."""
    settings = read_uv_settings(entry, _VARIABLES).for_index(index)
    credentials = {"UV_INDEX_CORP_USERNAME", "UV_INDEX_CORP_PASSWORD"}
    assert _VARIABLES.keys() & settings.variables.keys() == names | credentials


def test_credentials_for_publishing(entry: Path) -> None:
    """Only credentials of indexes are for installing."""
    names = ("UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD", "UV_PUBLISH_TOKEN", "UV_INDEX_CORP_AUTHENTICATE")
    settings = read_uv_settings(entry, dict.fromkeys(names, "hush-hush"))
    assert not settings.variables.keys() & {*names}


@pytest.mark.parametrize(
    ("text", "variable", "expected"),
    [
        ("", None, False), ("offline = true", None, True), ("offline = false", None, False),
        ("", "1", True), ("", "true", True), ("", "0", False), ("", "", False),
        ("offline = true", "", True), ("offline = true", "false", False), ("offline = false", "1", True),
    ],
)  # fmt: skip
def test_offline(entry: Path, text: str, variable: str | None, *, expected: bool) -> None:
    """The variable overrides the file, unless it is empty."""
    (entry / "uv.toml").write_text(text, encoding="utf-8")
    variables = {} if variable is None else {"UV_OFFLINE": variable}
    assert read_uv_settings(entry, variables).is_offline is expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"verify-hashes": False}, ["verify-hashes (uv.toml)"]), ({"verify-hashes": True}, []),
        ({"no-verify-hashes": True}, ["no-verify-hashes (uv.toml)"]), ({"no-verify-hashes": False}, []), ({}, []),
    ],
)  # fmt: skip
def test_settings_that_weaken_hashes(table: dict[str, bool], expected: list[str]) -> None:
    """They are ignored, which is reported."""
    assert [*ignored_keys("uv.toml", table, ())] == expected
