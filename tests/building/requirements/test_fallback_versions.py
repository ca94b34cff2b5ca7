"""Notes about local projects that got the fallback version of their configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from tests.building.distributions import write_project
from tests.building.requirements.locks import X86, edit

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

_SCM = '[tool.setuptools_scm]\nfallback_version = "1.0"\n'


def _entry(folder: Path, settings: str) -> Path:
    """Return an entry in a git repository that installs a project, whose backend gives it the version 1.0."""
    (folder / ".git").mkdir()
    project = write_project(folder / "entry" / "lib", "lib", settings=settings)
    edit(project / "pyproject.toml", 'version = "1.0"\ndependencies', 'dynamic = ["version"]\ndependencies')
    (folder / "entry" / "requirements.txt").write_text("./lib\n", encoding="utf-8")
    return folder / "entry"


def _rules(entry: Path, store: LocalStore, **variables: str) -> list[str]:
    options = BuildOptions(allow_source_builds=("lib",), environment=variables)
    return [note.rule for note in build(entry, X86, options, store=store).report.notes]


@pytest.mark.parametrize(
    "settings",
    [
        _SCM,
        '[tool.hatch.version]\nsource = "vcs"\nfallback-version = "1"\n',
        '[tool.hatch.version]\nraw-options = { fallback_version = "1.0" }\n',
        '[tool.versioningit]\ndefault-version = "1.0.0"\n',
        '[tool.uv-dynamic-versioning]\nfallback-version = "1.0"\n',
        '[tool.pdm.version]\nsource = "scm"\nfallback_version = "1.0"\n',
    ],
)
def test_a_fallback_is_noted(tmp_path: Path, store: LocalStore, settings: str) -> None:
    """The wrong version would get into the archive without a word, at each build."""
    entry = _entry(tmp_path, settings)
    assert _rules(entry, store) == ["fallback-version"]
    assert _rules(entry, store) == ["fallback-version"], "from the store, too"


def test_a_version_that_is_none_is_not_noted(tmp_path: Path, store: LocalStore) -> None:
    """The fallback is only wrong if there is a repository, whose version the build did not get otherwise."""
    entry = _entry(tmp_path, _SCM)
    assert _rules(entry, store, SETUPTOOLS_SCM_PRETEND_VERSION="1.0") == []
    edit(entry / "lib" / "pyproject.toml", 'fallback_version = "1.0"', 'fallback_version = "0.9"')
    assert _rules(entry, store) == [], "the version is another"
    edit(entry / "lib" / "pyproject.toml", 'fallback_version = "0.9"', 'fallback_version = "1.0"')
    assert _rules(entry, store) == ["fallback-version"]
    (tmp_path / ".git").rmdir()
    assert _rules(entry, store) == [], "no repository"
    (entry / "lib" / ".git").mkdir()
    assert _rules(entry, store) == [], "the repository is copied with the folder"
    (entry / "lib" / ".git").rmdir()
    (entry / "lib" / ".git").write_text("gitdir: ../../.git/modules/lib\n", encoding="utf-8")
    assert _rules(entry, store) == ["fallback-version"], "a submodule"


def test_a_version_that_is_chosen_is_not_noted(tmp_path: Path, store: LocalStore) -> None:
    """By a variable of another backend, by the metadata of a source archive, or in the project itself."""
    entry = _entry(tmp_path, _SCM)
    for variable in ("PDM_BUILD_SCM_VERSION", "UV_DYNAMIC_VERSIONING_BYPASS"):
        assert _rules(entry, store, **{variable: "1.0"}) == []
    (entry / "lib" / "PKG-INFO").touch()
    assert _rules(entry, store) == []
    (entry / "lib" / "PKG-INFO").unlink()
    edit(entry / "lib" / "pyproject.toml", 'fallback_version = "1.0"', 'fallback_version = "unknown"')
    assert _rules(entry, store) == [], "it is no version"
    edit(entry / "lib" / "pyproject.toml", 'fallback_version = "unknown"', 'fallback_version = "1.0"')
    edit(entry / "lib" / "pyproject.toml", 'dynamic = ["version"]', 'version = "1.0"')
    assert _rules(entry, store) == []
