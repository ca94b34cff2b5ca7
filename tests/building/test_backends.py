"""Packages of projects whose wheels contain nothing but their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.backends import Move, UncertainError, find_all_packages
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeEntry = Callable[..., Path]

_MODULES = {
    "setuptools": "setuptools.build_meta",
    "hatchling": "hatchling.build",
    "uv_build": "uv_build",
    "poetry-core": "poetry.core.masonry.api",
    "flit-core": "flit_core.buildapi",
    "pdm-backend": "pdm.backend",
}


def _project(backend: str, more: str = "", requires: str = "", dynamic: str = "") -> str:
    return (
        f'[project]\nname = "acme"\nversion = "1"\ndynamic = [{dynamic}]\n'
        f'[build-system]\nrequires = ["{backend}>=1"{requires}]\nbuild-backend = "{_MODULES[backend]}"\n{more}'
    )


def _find(make_entry: MakeEntry, files: dict[str, str]) -> list[Move]:
    root = make_entry({"src/acme/__init__.py": "", **files})
    return find_all_packages(root, read_toml(root / "pyproject.toml"))


@pytest.mark.parametrize("backend", _MODULES)
def test_packages_of_each_backend(make_entry: MakeEntry, backend: str) -> None:
    """A plain project in src/ has one package, whose files are all of its wheel."""
    more = "[tool.setuptools.package-dir]\nacme = 'src/acme'\n" if backend == "setuptools" else ""
    assert set(_find(make_entry, {"pyproject.toml": _project(backend, more)})) == {Move("src/acme", "acme")}


@pytest.mark.parametrize(
    ("backend", "more", "key"),
    [
        ("uv_build", "backend-path = ['.']", "build-system.backend-path"),
        ("uv_build", "[project.scripts]\na = 'acme:a'", "project.scripts"),
        ("uv_build", "[project.gui-scripts]\na = 'acme:a'", "project.gui-scripts"),
        ("uv_build", "[project.entry-points.x]\na = 'acme:a'", "project.entry-points"),
        ("setuptools", "[tool.setuptools]\npy-modules = ['a']", "py-modules"),
        ("setuptools", "[tool.setuptools.data-files]\na = ['a']", "data-files"),
        ("setuptools", "[tool.setuptools]\nscript-files = ['a']", "script-files"),
        ("hatchling", "[tool.hatch.build.targets.wheel.shared-data]\na = 'b'", "shared-data"),
        ("hatchling", "[tool.hatch.build.targets.wheel.shared-scripts]\na = 'b'", "shared-scripts"),
        ("hatchling", "[tool.hatch.build.targets.wheel.extra-metadata]\na = 'b'", "extra-metadata"),
        ("uv_build", "[tool.uv.build-backend.data]\nscripts = 'b'", "build-backend.data"),
        ("poetry-core", "[tool.poetry]\ninclude = ['a']", "poetry.include"),
        ("poetry-core", "[tool.poetry.scripts]\na = 'acme:a'", "poetry.scripts"),
        ("poetry-core", "[tool.poetry.plugins.x]\na = 'acme:a'", "poetry.plugins"),
        ("flit-core", "[tool.flit.scripts]\na = 'acme:a'", "flit.scripts"),
        ("flit-core", "[tool.flit.entrypoints.x]\na = 'acme:a'", "flit.entrypoints"),
        ("flit-core", "[tool.flit.external-data]\ndirectory = 'a'", "external-data"),
        ("pdm-backend", "[tool.pdm.build.wheel-data]\nscripts = ['a']", "wheel-data"),
        ("pdm-backend", "[tool.pdm.version]\nwrite_to = 'acme/v.py'", "write_to"),
    ],
)
def test_settings_that_add_to_a_wheel(make_entry: MakeEntry, backend: str, more: str, key: str) -> None:
    """The documentation of each backend names what its wheels have besides the packages; the layer has none of it."""
    with pytest.raises(UncertainError, match=f"{key}', which its wheel contains and the layer does not"):
        _find(make_entry, {"pyproject.toml": _project(backend, more)})


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"pyproject.toml": _project("hatchling", requires=", 'hatch-vcs'")}, "requires 'hatch-vcs', which may add"),
        ({"pyproject.toml": _project("uv_build", dynamic="'gui-scripts'")}, "only its build backend knows its entry"),
        ({"pyproject.toml": _project("uv_build"), "setup.py": ""}, "its setup.py or setup.cfg may add files"),
        ({"pyproject.toml": _project("uv_build"), "setup.cfg": "[options.entry_points]\n"}, "may add files"),
        ({"pyproject.toml": _project("pdm-backend"), "pdm_build.py": ""}, "its pdm_build.py may add files"),
        (
            {"pyproject.toml": _project("hatchling"), "hatch.toml": "[build.targets.wheel.shared-data]\na = 'b'\n"},
            "shared-data', which its wheel contains",
        ),
        (
            {"pyproject.toml": _project("setuptools", "[tool.setuptools.packages.find]\nwhere = ['.', 'src']\n")},
            "its configuration does not name its packages",
        ),
        (
            {"pyproject.toml": _project("setuptools", "[tool.setuptools.packages.find]\nwhere = ['empty']\n")},
            "its configuration does not name its packages",
        ),
    ],
)
def test_projects_whose_wheels_are_not_known(make_entry: MakeEntry, files: dict[str, str], reason: str) -> None:
    """Plugins, programs of the project and older settings may add files; packages of a flat layout are not named."""
    with pytest.raises(UncertainError, match=reason):
        _find(make_entry, files)


@pytest.mark.parametrize("backend", ["setuptools", "pdm-backend"])
def test_flat_layouts(make_entry: MakeEntry, backend: str) -> None:
    """All folders at the top may be packages, which only the backend decides."""
    root = make_entry({"pyproject.toml": _project(backend), "acme/__init__.py": "", "docs/conf.py": ""})
    with pytest.raises(UncertainError, match="its configuration does not name its packages"):
        find_all_packages(root, read_toml(root / "pyproject.toml"))


def test_packages_of_a_source_archive_alone(make_entry: MakeEntry) -> None:
    """Poetry puts them into no wheel."""
    more = '[tool.poetry]\npackages = [{include = "acme", from = "src"}, {include = "tests", format = "sdist"}]\n'
    assert _find(make_entry, {"pyproject.toml": _project("poetry-core", more)}) == [Move("src/acme", "acme")]
