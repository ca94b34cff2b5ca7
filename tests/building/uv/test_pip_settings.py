"""Settings of pip that have no effect on builds."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.uv.pip_settings import unread_pip_settings
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.lambda_service.target import Target
from tests.building.distributions import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

X86 = Target("3.13", "x86_64")


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make homes without settings of pip and uv."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_")) and name != "UV_CACHE_DIR"]:
        monkeypatch.delenv(name)
    for name in ("HOME", "APPDATA", "PROGRAMDATA", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setattr("cdk_layers.building.uv.pip_settings._MACHINE_FILE", str(tmp_path / "machine.conf"))
    # A virtual environment may have a file of its own.
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))


def _reported(
    folder: Path,
    extra: Mapping[str, str] | None = None,
    *options: str,
    open_versions: bool = True,
    known_files: bool = False,
) -> str:
    extra = extra or {}
    settings = read_uv_settings(folder, extra)
    notes = unread_pip_settings(settings, extra, options, has_open_versions=open_versions, has_files=known_files)
    return " ".join(f"{note.message} {note.remedy}" for note in notes)


@pytest.mark.parametrize(
    ("name", "value", "counterpart"),
    [
        ("PIP_CONSTRAINT", "limits.txt", "UV_CONSTRAINT"),
        ("PIP_FIND_LINKS", "wheels", "UV_FIND_LINKS"),
        ("PIP_NO_INDEX", "1", "UV_NO_INDEX"),
        ("PIP_PRE", "true", "UV_PRERELEASE"),
        ("PIP_REQUIRE_HASHES", "yes", "UV_REQUIRE_HASHES"),
    ],
)
def test_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, counterpart: str) -> None:
    """A variable that pip reads and uv does not is named with that of uv, unless that is set or it is off."""
    found = _reported(tmp_path, {name: value})
    assert f"have no effect: {name}. " in found
    assert counterpart in found
    monkeypatch.setenv(name, value)
    assert _reported(tmp_path) == found
    assert _reported(tmp_path, {counterpart: value}) == ""
    assert _reported(tmp_path, {name: ""}) == ""


@pytest.mark.parametrize(
    "file",
    [
        "pip.conf", "machine.conf", "XDG_CONFIG_HOME/pip/pip.conf", "XDG_CONFIG_DIRS/pip/pip.conf",
        "HOME/.pip/pip.conf", "prefix/pip.conf",
    ],
)  # fmt: skip
@pytest.mark.skipif(os.name == "nt", reason="pip reads other files on Windows")
def test_files(tmp_path: Path, file: str) -> None:
    """The keys of pip's files are named with the file, from the sections that `pip install` reads."""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "[global]\nindex_url = https://a.example/simple\ntimeout = 60\n"
        "[install]\nconstraint = x.txt\npre = no\n[list]\nno-index = 1\n",
        encoding="utf-8",
    )
    found = _reported(tmp_path)
    assert f"effect: constraint ({path}), index-url ({path}). " in found.replace(
        f"index-url ({path}), constraint ({path})", f"constraint ({path}), index-url ({path})"
    )
    assert "a.example" not in found
    assert "index-url" not in _reported(tmp_path, {"PIP_INDEX_URL": "https://b.example/simple"})
    assert "index-url" not in _reported(tmp_path, {"UV_INDEX": "https://b.example/simple"})
    assert "index-url" not in _reported(tmp_path, {}, "--no-index")
    assert "constraint" not in _reported(tmp_path, open_versions=False)
    assert f"index-url ({path})" in _reported(tmp_path, open_versions=False)
    assert _reported(tmp_path, {"PIP_CONFIG_FILE": os.devnull}) == "" or file != "pip.conf"


@pytest.mark.parametrize("file", [".config/pip/pip.conf", ".pip/pip.conf"])
@pytest.mark.skipif(os.name == "nt", reason="pip reads other files on Windows")
def test_files_of_a_user_without_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """A job may run without HOME: the home folder is that of the user then, as for pip."""
    home = tmp_path / "users" / "me"
    (home / file).parent.mkdir(parents=True)
    (home / file).write_text("[global]\nindex-url = https://a.example/simple\n", encoding="utf-8")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("os.path.expanduser", lambda path: str(path).replace("~", str(home)))
    assert f"index-url ({home / file})" in _reported(tmp_path)


@pytest.mark.parametrize(
    "text", ["[global\nx", "index-url = x", "[global]\nindex-url = https://pypi.org/simple/\n", "\x00"]
)
def test_files_without_a_meaning(tmp_path: Path, text: str) -> None:
    """A file that pip cannot read either, and the default index, are not reported."""
    (tmp_path / "pip.conf").write_text(text, encoding="utf-8")
    assert _reported(tmp_path) == ""


def test_settings_that_add_sources(tmp_path: Path) -> None:
    """More places than the index are reported where versions are open: pinned ones are found without them."""
    extra = {"PIP_FIND_LINKS": "wheels", "PIP_PRE": "1", "PIP_NO_INDEX": "1"}
    assert "effect: PIP_FIND_LINKS, PIP_NO_INDEX, PIP_PRE. " in _reported(tmp_path, extra)
    assert "effect: PIP_NO_INDEX. " in _reported(tmp_path, extra, open_versions=False)
    (tmp_path / "pip.conf").write_text("[global]\nextra-index-url = https://a.example\n", encoding="utf-8")
    assert "Set UV_INDEX to" in _reported(tmp_path)
    assert _reported(tmp_path, open_versions=False) == ""


def test_settings_of_uv_and_of_the_manifest(tmp_path: Path) -> None:
    """What uv's files or the requirements file set is not reported, nor where to find files that are known."""
    (tmp_path / "uv.toml").write_text('constraint-dependencies = ["six<2"]\n[pip]\nno-index = true\n', encoding="utf-8")
    assert _reported(tmp_path, {"PIP_CONSTRAINT": "x", "PIP_NO_INDEX": "1"}) == ""
    assert _reported(tmp_path, {"PIP_PRE": "1", "PIP_FIND_LINKS": "x"}, "--pre", "--find-links") == ""
    assert _reported(tmp_path, {"PIP_REQUIRE_HASHES": "1", "PIP_NO_INDEX": "1"}, known_files=True) == ""


def test_builds(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A constraint is reported where versions are open, and nothing where a lock file decides."""
    write_wheel(make_entry({}), "thing", {"thing.py": ""})
    options = BuildOptions(environment={"PIP_CONSTRAINT": "limits.txt", "PIP_NO_INDEX": "1"})

    def rules(requirements: str) -> list[str]:
        entry = make_entry({"requirements.txt": requirements})
        notes = build(entry, X86, options, store=store).report.notes
        return [note.message.partition(". ")[0] for note in notes if note.rule == "overruled-setting"]

    assert rules("--no-index\n--find-links .\nthing\n") == ["Settings of pip have no effect: PIP_CONSTRAINT"]
    assert rules("--no-index\n--find-links .\nthing==1.0\n") == []
    assert rules("./thing-1.0-py3-none-any.whl\n") == []


@pytest.mark.parametrize(
    ("name", "value", "counterpart"),
    [
        ("PIP_PRE", "1", "Set UV_PRERELEASE (as allow) to the same"),
        ("PIP_FIND_LINKS", "a b", "Set UV_FIND_LINKS (with commas between several values) to the same"),
        ("PIP_CONSTRAINT", "a b", "Set UV_CONSTRAINT to the same"),
    ],
)
def test_values_that_uv_writes_in_another_way_are_named(
    name: str, value: str, counterpart: str, tmp_path: Path
) -> None:
    """With uv, UV_PRERELEASE=1 is an error, and "a b" in UV_FIND_LINKS is one folder, in UV_CONSTRAINT two files."""
    assert counterpart in _reported(tmp_path, {name: value})
