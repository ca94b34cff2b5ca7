"""Positions of a project's packages in its wheel, as far as the backend's configuration alone decides them.

Each reader returns moves from a path in the project to the path in the wheel; none for a flat layout. No backend is
run. If only the backend could decide, a reader raises `UncertainError`.

Source: the backends' documentation: setuptools "Package Discovery", hatchling "Wheel builder", uv "Build backend",
poetry "The pyproject.toml file", flit "The pyproject.toml config file", pdm-backend "Build configuration".
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import takewhile
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_layers.building.requirements.setuptools_files import (
    has_options,
    is_stub,
    setup_cfg_packages,
    setup_py_packages,
)
from cdk_layers.contents.names import name_in
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_BACKENDS: Final = frozenset({
    "flit-core", "hatchling", "packaging", "pdm-backend", "poetry-core", "setuptools", "uv-build", "wheel",
})  # fmt: skip
"""Distributions that a build may require without adding files to the wheel. Plugins of backends may do that."""

_ADDITIONS: Final = (
    (("build-system",), ("backend-path",)),
    (("project",), ("scripts", "gui-scripts", "entry-points")),
    (("tool", "setuptools"), ("py-modules", "data-files", "script-files")),
    (("tool", "hatch", "build", "targets", "wheel"), ("shared-data", "shared-scripts", "extra-metadata")),
    (("tool", "uv", "build-backend"), ("data",)),
    (("tool", "poetry"), ("include", "scripts", "plugins")),
    (("tool", "flit"), ("scripts", "entrypoints", "external-data")),
    (("tool", "pdm", "build"), ("wheel-data",)),
    (("tool", "pdm", "version"), ("write_to",)),
)
"""Keys of a pyproject.toml, by their table, that add files to a wheel outside of its packages, or entry points."""


class Move(NamedTuple):
    """A package or module of a project, and its path in the wheel."""

    source: str
    destination: str


class UncertainError(Exception):
    """Only the backend knows where the packages belong. The message gives the reason."""


def find_moves(root: Path, project: Mapping[str, Any]) -> list[Move]:
    """Return the packages that have another path in the wheel than in the project.

    Args:
        root: The project's folder.
        project: Its pyproject.toml; empty if there is none.

    Raises:
        UncertainError: Only the backend knows where they belong.
    """
    moves = _read_packages(root, _with_hatch_toml(root, project))
    return [move for move in moves if move.source != move.destination]


def find_all_packages(root: Path, project: Mapping[str, Any]) -> list[Move]:
    """Return all packages of a project whose wheel contains nothing but their files and metadata.

    Args:
        root: The project's folder.
        project: Its pyproject.toml; empty if there is none.

    Raises:
        UncertainError: The wheel may contain more, or only the backend knows its packages.
    """
    project = _with_hatch_toml(root, project)
    for place, keys in _ADDITIONS:
        if key := next((key for key in keys if mapping(project, *place).get(key)), None):
            reason = (
                f"its pyproject.toml has {'.'.join((*place, key))!r}, which its wheel contains and the layer does not"
            )
            raise UncertainError(reason)
    requires = texts(mapping(project, "build-system").get("requires"))
    if plugin := next((line for line in requires if name_in(line) not in _BACKENDS), None):
        reason = f"its build requires {plugin!r}, which may add files to its wheel"
        raise UncertainError(reason)
    if {"scripts", "gui-scripts", "entry-points"} & {*texts(mapping(project, "project").get("dynamic"))}:
        reason = "only its build backend knows its entry points"
        raise UncertainError(reason)
    if (root / "setup.py").is_file() or has_options(root):
        reason = "its setup.py or setup.cfg may add files to its wheel"
        raise UncertainError(reason)
    if (root / "pdm_build.py").is_file():
        reason = "its pdm_build.py may add files to its wheel"
        raise UncertainError(reason)
    moves = _read_packages(root, project)
    places = texts(mapping(project, "tool", "setuptools", "packages", "find").get("where"))
    if not moves or "." in map(normpath, places):
        reason = "its configuration does not name its packages"
        raise UncertainError(reason)
    return moves


def _read_packages(root: Path, project: Mapping[str, Any]) -> list[Move]:
    """Return the packages of a project as the reader of its backend finds them; some readers omit flat layouts."""
    backend = str(mapping(project, "build-system").get("build-backend", "setuptools.build_meta"))
    is_package = "build-system" in project or any((root / name).is_file() for name in _SETUPTOOLS_FILES)
    if not is_package and not mapping(project, "tool", "uv").get("package"):
        reason = "its pyproject.toml has no [build-system], so it describes no package"
        raise UncertainError(reason)
    for start, reader in _READERS.items():
        if backend.startswith(start):
            try:
                return [Move(*map(normpath, move)) for move in reader(root, project)]
            except (AttributeError, KeyError, TypeError, ValueError):
                reason = f"settings of {backend!r} in its pyproject.toml do not have the documented types"
                raise UncertainError(reason) from None
    reason = f"cdk-layers does not know the build backend {backend!r}"
    raise UncertainError(reason)


def _with_hatch_toml(root: Path, project: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a pyproject.toml with the settings of hatch.toml, whose tables replace those of [tool.hatch]."""
    file = root / "hatch.toml"
    if not file.is_file():
        return project
    return {
        **project,
        "tool": {**mapping(project, "tool"), "hatch": {**mapping(project, "tool", "hatch"), **read_toml(file)}},
    }


def _module_name(project: Mapping[str, Any], *tables: Mapping[str, Any]) -> str:
    names = (each.get("name") for each in (mapping(project, "project"), *tables))
    name = next((name for name in names if isinstance(name, str)), "")
    return re.sub(r"[-.\s]+", "_", name)


def _refuse_keys(backend: str, settings: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        if settings.get(key):
            reason = f"{backend} is configured with {key!r}, whose effect only a build shows"
            raise UncertainError(reason)


def _children(root: Path, folder: str, include: tuple[str, ...] = ("*",), *, regular: bool = False) -> Iterator[Move]:
    """Yield the packages and modules directly in a folder of a project."""
    for path in sorted((root / folder).iterdir()) if (root / folder).is_dir() else ():
        is_package = path.is_dir() and path.name.isidentifier() and not path.name.startswith("__")
        is_package = is_package and (not regular or (path / "__init__.py").is_file())
        is_module = path.is_file() and path.suffix in {".py", ".pyi"} and path.stem.isidentifier()
        if (is_package or is_module) and any(fnmatchcase(path.stem, pattern.split(".")[0]) for pattern in include):
            yield Move(f"{folder}/{path.name}", path.name)


def _find_module(root: Path, folder: str, module: str) -> Move | None:
    """Return the module or package with this (dotted) name in a folder of the project; None if there is none."""
    path = module.replace(".", "/")
    for name in (path, f"{path}.py"):
        if (root / folder / name).exists():
            return Move(join(folder, name), name)
    return None


def _same_name_package(root: Path, module: str, backend: str) -> list[Move]:
    """Return the package with the project's name: at the top if it has an `__init__.py` there, else in src/ first."""
    folders = ("", "src") if (root / module / "__init__.py").is_file() else ("src", "")
    found = next(filter(None, (_find_module(root, folder, module) for folder in folders)), None)
    if module and found:
        return [found]
    reason = f"{backend} finds no package {module!r} by the project's name"
    raise UncertainError(reason)


def _setuptools(root: Path, project: Mapping[str, Any]) -> list[Move]:
    script, own = root / "setup.py", mapping(project, "tool", "setuptools")
    if script.is_file() and not is_stub(script):
        literal = None if own or has_options(root) else setup_py_packages(root)
        if literal is None:
            reason = "its setup.py decides, and cdk-layers does not run it"
            raise UncertainError(reason)
        own = literal
    _refuse_keys("setuptools", own, ("ext-modules", "cmdclass"))
    settings = own or setup_cfg_packages(root)
    folders = mapping(settings, "package-dir")
    packages = settings.get("packages")
    if isinstance(packages, list):
        nested = (_nested_package(str(name), folders) for name in packages if name in folders and "." in str(name))
        return list(dict.fromkeys([*nested, *(_top_package(str(package), folders) for package in packages)]))
    find = mapping(settings, "packages", "find")
    places = texts(find.get("where")) or [str(folders.get("", "src" if (root / "src").is_dir() else "."))]
    include = tuple(texts(find.get("include")) or ("*",))
    is_regular = bool(find) and find.get("namespaces") is False
    named = [_nested_package(str(name), folders) for name in folders if name]
    found = (
        move
        for folder in map(normpath, places)
        if folder != "."
        for move in _children(root, folder, include, regular=is_regular)
    )
    return [*named, *found]


def _top_package(name: str, folders: Mapping[str, Any]) -> Move:
    top = name.partition(".")[0]
    return Move(str(folders.get(top) or join(str(folders.get("", "")), top)), top)


def _nested_package(name: str, folders: Mapping[str, Any]) -> Move:
    """Return the package with its own entry in `package-dir`."""
    return Move(str(folders[name]), name.replace(".", "/"))


def _hatchling(root: Path, project: Mapping[str, Any]) -> list[Move]:
    build = mapping(project, "tool", "hatch", "build")
    wheel = mapping(build, "targets", "wheel")
    for each in (build, wheel):
        _refuse_keys("hatchling", each, ("hooks", "force-include", "only-include", "include"))
        if isinstance(each.get("sources"), dict):
            _refuse_keys("hatchling", each, ("sources",))
    packages, sources = wheel.get("packages") or build.get("packages"), wheel.get("sources") or build.get("sources")
    if packages:
        return [Move(path, path.rpartition("/")[2]) for path in (str(package).strip("/") for package in packages)]
    if sources:
        return [move for source in sources for move in _children(root, str(source).strip("/"))]
    return _same_name_package(root, _module_name(project), "hatchling")


def _uv(root: Path, project: Mapping[str, Any]) -> list[Move]:
    settings = mapping(project, "tool", "uv", "build-backend")
    folder = str(settings.get("module-root", "src"))
    names = settings.get("module-name") or _module_name(project).lower()
    moves = []
    for name in names if isinstance(names, list) else [names]:
        found = _find_module(root, folder, str(name))
        if found is None:
            reason = f"uv finds no module {str(name)!r} in {folder or '.'!r}"
            raise UncertainError(reason)
        moves.append(found)
    return moves


def _poetry(root: Path, project: Mapping[str, Any]) -> list[Move]:
    settings = mapping(project, "tool", "poetry")
    _refuse_keys("poetry", settings, ("build",))
    if settings.get("package-mode") is False:
        reason = "package-mode is false, so it describes no package"
        raise UncertainError(reason)
    packages = settings.get("packages")
    if not packages:
        return _same_name_package(root, _module_name(project, settings), "poetry")
    return [move for package in packages if package.get("format") != "sdist" for move in _poetry_moves(root, package)]


def _poetry_moves(root: Path, package: Mapping[str, Any]) -> Iterator[Move]:
    include, folder = str(package["include"]), str(package.get("from", ""))
    names = list(takewhile(lambda name: "*" not in name, include.split("/")))
    plain = "/".join(names).rstrip("/")
    found = (
        [Move(join(folder, plain), plain)]
        if plain
        else _children(root, folder or ".", (include.split("/", maxsplit=1)[0],))
    )
    for move in found:
        yield Move(move.source, join(str(package.get("to", "")), move.destination))


def _flit(root: Path, project: Mapping[str, Any]) -> list[Move]:
    name = mapping(project, "tool", "flit", "module").get("name") or _module_name(project)
    return _same_name_package(root, str(name), "flit")


def _pdm(root: Path, project: Mapping[str, Any]) -> list[Move]:
    settings = mapping(project, "tool", "pdm", "build")
    _refuse_keys("pdm", settings, ("includes", "run-setuptools", "custom-hook"))
    folder = normpath(str(settings.get("package-dir", "src" if (root / "src").is_dir() else ".")))
    return [] if folder == "." else list(_children(root, folder))


_SETUPTOOLS_FILES: Final = ("setup.py", "setup.cfg")
_READERS: Final[Mapping[str, Callable[[Path, Mapping[str, Any]], list[Move]]]] = {
    "setuptools.": _setuptools,
    "hatchling.": _hatchling,
    "uv_build": _uv,
    "poetry.": _poetry,
    "flit_core.": _flit,
    "pdm.": _pdm,
}
