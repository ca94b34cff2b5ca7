"""Python projects on this machine: their names, and the other projects that they refer to."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.setuptools_files import setup_cfg, setup_py_arguments
from cdk_layers.building.requirements.workspace import includes, uv_project
from cdk_layers.contents.names import canonical, name_in
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_REFERENCE: Final = re.compile(r"[^@;]{1,200}@\s*(?P<url>file:[^;\s]+|\{root:(?:uri|parent)[^;\s]+)")
PDM_ROOT: Final = "file:///${PROJECT_ROOT}"
"""The URL of a project's folder in its own dependencies, as PDM writes it and pdm-backend expands it.

Source: PDM, "Manage Dependencies", "Local dependencies"; `expand_vars` of pdm-backend.
"""

_PLACES: Final = (("project",), ("tool", "poetry"), ("tool", "flit", "metadata"))


def name_of(folder: Path) -> str | None:
    """Return the normalized name of a project from its files; that of its folder if the files have none."""
    document = read_toml(folder / PROJECT)
    stated = [mapping(document, *place).get(key) for place in _PLACES for key in ("name", "dist-name")]
    names = (
        *stated,
        mapping(setup_cfg(folder), "metadata").get("name"),
        _setup_py_name(folder),
        _metadata_name(folder),
        folder.name,
    )
    return next(canonical(name.strip()) for name in names if isinstance(name, str) and name.strip())


def _setup_py_name(folder: Path) -> str | None:
    """Return the name that setup.py passes to setup() as a string."""
    names = (
        argument.value.value
        for argument in setup_py_arguments(folder)
        if (argument.function, argument.name) == ("setup", "name") and isinstance(argument.value, ast.Constant)
    )
    return next((name for name in names if isinstance(name, str)), None)


def _metadata_name(folder: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        for line in (folder / "PKG-INFO").read_text(encoding="utf-8").splitlines():
            if line.startswith("Name:"):
                return line.partition(":")[2].strip()
    return None


def reachable(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the projects and wheels that projects refer to, including themselves, with their normalized names.

    References are `[tool.uv.sources]`, members of the same workspace, Poetry's path dependencies, and requirements
    with a file URL.
    """
    found: dict[Path, str] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = (name_of(path) if path.is_dir() else None) or canonical(path.name.partition("-")[0])
            waiting += [step for _, step in steps(path)]
    return found


def steps(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files and folders that one project refers to, each with the string that refers to it."""
    if not folder.is_dir():
        return
    document = read_toml(folder / PROJECT)
    root = uv_project(folder).root
    wanted = set(_names(document))
    for name, source in _sources(document):
        yield from _of_source(folder, root, name, source)
    if root != folder:
        for name, source in _sources(read_toml(root / PROJECT)):
            if name in wanted:
                yield from _of_source(root, root, name, source)
    for written in _written_paths(document, folder):
        path = Path(written) if Path(written).is_absolute() else folder / written
        if path.resolve().exists():
            yield written, path.resolve()


def _of_source(base: Path, root: Path, name: str, source: Mapping[str, object]) -> Iterator[tuple[str, Path]]:
    written = source.get("path")
    if isinstance(written, str) and (path := (base / written).resolve()).exists():
        yield written, path
    if source.get("workspace") is True:
        yield from ((str(member), member) for member in members(root) if name_of(member) == name)


def _sources(document: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    for name, value in mapping(document, "tool", "uv", "sources").items():
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                yield canonical(name), source


def _written_paths(document: Mapping[str, object], folder: Path) -> Iterator[str]:
    """Yield the paths of Poetry's path dependencies and of requirements that name a file."""
    for value in mapping(document, "tool", "poetry", "dependencies").values():
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict) and isinstance(source.get("path"), str):
                yield source["path"]
    for line in _requirements(document):
        if found := _REFERENCE.match(line):
            url = found["url"].replace("{root:uri}", folder.as_uri()).replace(PDM_ROOT, folder.as_uri())
            url = url.replace("{root:parent:uri}", folder.parent.as_uri())
            from cdk_layers.building.requirements.file_urls import paths_in  # noqa: PLC0415 - most projects have none

            yield paths_in(url)[0]


def _requirements(document: Mapping[str, object]) -> Iterator[str]:
    project = mapping(document, "project")
    yield from texts(project.get("dependencies"))
    for listed in mapping(project, "optional-dependencies").values():
        yield from texts(listed)
    yield from texts(mapping(document, "build-system").get("requires"))


def _names(document: Mapping[str, object]) -> Iterator[str]:
    return filter(None, map(name_in, _requirements(document)))


def members(root: Path) -> Iterator[Path]:
    """Yield the members of a uv workspace, sorted."""
    workspace = mapping(read_toml(root / PROJECT), "tool", "uv", "workspace")
    for pattern in texts(workspace.get("members")):
        with suppress(ValueError, NotImplementedError, OSError):
            for folder in sorted(root.glob(pattern)):
                if (folder / PROJECT).is_file() and includes(workspace, folder.relative_to(root)):
                    yield folder.resolve()
