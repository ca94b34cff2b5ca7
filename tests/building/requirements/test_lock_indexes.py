"""Indexes of the distributions in lock files of Pipenv and Poetry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.requirements.lock_indexes import indexes
from cdk_layers.building.requirements.poetry_project import mirrored
from cdk_layers.system.toml import parse_toml

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = [
    {"name": "pypi", "url": "https://pypi.org/simple"},
    {"name": "own", "url": "https://user:word@own.example/simple/"},
]
OWN = "https://own.example/simple"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    ("default", "develop", "expected"),
    [
        ({"Six": {}, "my.thing": {"index": "own"}}, {}, {"six": "", "my-thing": OWN}),
        ({"six": {"index": "pypi"}}, {"thing": {"index": "own"}}, {"six": "", "thing": OWN}),
        ({"six": {}, "thing": {"index": "own"}, "both": {}}, {"both": {"index": "own"}}, {"six": "", "thing": OWN}),
        ({"six": {"index": "own"}, "thing": {"index": "own"}}, {}, {}),
        ({"six": {}, "thing": {"index": "pypi"}}, {}, {}),
    ],
)
def test_indexes_of_a_pipfile_lock(
    tmp_path: Path, default: dict[str, Any], develop: dict[str, Any], expected: dict[str, str], encoding: str
) -> None:
    """The first source is that of distributions without an index; a byte order mark hides none of them."""
    sections = {"default": default, "develop": develop}
    packages = {
        section: {name: {"version": "==1.0", **package} for name, package in named.items()}
        for section, named in sections.items()
    }
    path = tmp_path / "Pipfile.lock"
    path.write_text(json.dumps({"_meta": {"sources": SOURCES}, **packages}), encoding=encoding)
    assert indexes(path) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_indexes_of_a_poetry_lock(tmp_path: Path, encoding: str) -> None:
    """Distributions without a source are from PyPI, and those of repositories and files from no index."""
    sources = {
        "Six": "",
        "my.thing": f'[package.source]\ntype = "legacy"\nurl = "{OWN}/"\n',
        "cloned": '[package.source]\ntype = "git"\nurl = "https://example.com/cloned.git"\n',
    }
    packages = (f'[[package]]\nname = "{name}"\nversion = "1.0"\n{source}' for name, source in sources.items())
    path = tmp_path / "poetry.lock"
    path.write_text("\n".join(packages), encoding=encoding)
    assert indexes(path) == {"six": "", "my-thing": OWN}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_copy_for_poetry(tmp_path: Path, mark: str) -> None:
    """Poetry reads a copy of the project without the plugins that it requires, and without a byte order mark."""
    entry = tmp_path / "entry"
    entry.mkdir()
    (entry / "poetry.lock").write_text("")
    text = f'{mark}[tool.poetry]\nname = "a"\nrequires-plugins = {{ evil = "*" }}\n'
    (entry / "pyproject.toml").write_text(text, encoding="utf-8")
    copied = (mirrored(entry, tmp_path / "scratch") / "pyproject.toml").read_text(encoding="utf-8")
    assert parse_toml(copied) == {"tool": {"poetry": {"name": "a"}}}
    assert "\ufeff" not in copied
