"""The search path of Python functions, and the content of archives on it.

Facts about an archive are computed once, since many functions share few layers.

Source: the runtime's bootstrap for `sys.path`: /var/task, /opt/python/lib/pythonX.Y/site-packages, /opt/python, then
the runtime's own packages.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.natives import native_index
from cdk_layers.contents.owners import in_folder, owner
from cdk_layers.lambda_service.search_path import layer_folders
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.app.model import Function, Layer, Sources
    from cdk_layers.contents.model import Contents, Distribution
    from cdk_layers.contents.natives import NativeIndex
    from cdk_layers.findings import Where


_MODULE: Final = re.compile(r"(?P<name>[^/.]+)(?:\.py|\.pyc|(?:\.[^/]+)?\.so)")
_MOST_LISTED: Final = 3
LINKS_FOLLOWED: Final = 40
"""As many links in turn as Linux follows. Source: path_resolution(7)."""

_HARMLESS_PATH_FILES: Final = ("distutils-precedence.pth",)
"""Path files that add no folder: that of setuptools."""

_PYTHON_RUNTIME: Final = re.compile(r"python3\.[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Part:
    """An archive of a function: its code or a layer."""

    label: str
    """Its name in messages."""

    mount: str
    """Where it is extracted: "/var/task" or "/opt"."""

    contents: Contents
    sources: Sources | None
    layer: Layer | None
    """None for the function's code."""

    where: Where
    """The place of the layer, or of the function whose code it is."""

    @property
    def modules_below(self) -> str:
        """The start of the paths of modules that can be imported."""
        return "" if self.layer is None else "python/"

    @property
    def natives(self) -> NativeIndex:
        """Its native files."""
        return native_index(self.contents, self.modules_below)

    def at(self, path: str) -> str:
        """Return a path inside the archive for people."""
        return f"{path} in {self.label}"


Installed = dict[str, list[tuple["Distribution", Part]]]
"""Distributions with the archives that contain them, by name, in the order of `sys.path`."""


def is_python(function: Function) -> bool:
    """Return whether a function is known to run on a Python 3 runtime and can have layers."""
    return not function.image and function.runtime is not None and bool(_PYTHON_RUNTIME.fullmatch(function.runtime))


def python_version(function: Function) -> str:
    """Return the language version of a Python function, such as "3.13"."""
    return (function.runtime or "").removeprefix("python")


def parts(function: Function) -> tuple[Part, ...]:
    """Return the archives of a function whose contents are known: its code, then its layers, lowest first."""
    return (*code_parts(function), *layer_parts(function.used_layers))


def code_parts(function: Function) -> Iterator[Part]:
    """Yield the code of a function if its contents are known."""
    if function.code is not None:
        yield Part("the function's code", "/var/task", function.code, function.sources, None, function.where)


def layer_parts(layers: Iterable[Layer]) -> Iterator[Part]:
    """Yield the layers whose contents are known, each once."""
    for layer in dict.fromkeys(layers):
        if layer.contents is not None:
            yield Part(f"layer {layer.label!r}", "/opt", layer.contents, layer.sources, layer, layer.where)


def unknown_parts(function: Function) -> list[str]:
    """Return the names in messages of the parts of a function whose contents are not known."""
    code = ["the function's code"] if function.code is None else []
    layers = ["layers that are not known"] if function.layers is None else []
    layers += [f"layer {layer.label!r}" for layer in function.used_layers if layer.contents is None]
    return code + layers + [f"the macro {name!r}" for name in function.macros]


def roots(part: Part, python: str) -> tuple[str, ...]:
    """Return the folders of an archive that are on `sys.path` for a language version, in its order."""
    return ("",) if part.layer is None else layer_folders(python)


def inside(root: str, path: str) -> str:
    """Return a path below a folder of an archive."""
    return f"{root}/{path}" if root else path


def search_path(function: Function) -> Iterator[tuple[Part, str]]:
    """Yield the folders on a function's `sys.path` whose contents are known, in the order of the path.

    Layers merge into /opt file by file and the last one wins, so for one folder the highest layer comes first. The
    folders of a literal PYTHONPATH come before those of layers.
    """
    known, of_layers = parts(function), layer_folders(python_version(function))
    yield from ((part, "") for part in known if part.layer is None)
    for path in dict.fromkeys(_python_path(function)):
        for part in reversed(known):
            root = path.removeprefix(f"{part.mount}/")
            if root != path and (part.layer is None or root not in of_layers):
                yield part, root
    for root in of_layers:
        yield from ((part, _behind_links(part, root)) for part in reversed(known) if part.layer is not None)


def _behind_links(part: Part, folder: str) -> str:
    """Return the folder that a folder of an archive leads to, if it or one above it is a link."""
    links = part.contents.links
    for _ in range(LINKS_FOLLOWED):
        link = next((link for link in links if f"{folder}/".startswith(f"{link}/")), None)
        if link is None:
            break
        target = normpath(join(part.mount, dirname(link), links[link]))
        folder = target.removeprefix(f"{part.mount}/") + folder.removeprefix(link)
    return folder


def _python_path(function: Function) -> Iterator[str]:
    """Yield the absolute folders of a literal PYTHONPATH, in its order. The process starts in /var/task."""
    value = (function.environment or {}).get("PYTHONPATH")
    yield from (normpath(join("/var/task", entry)) for entry in (value or "").split(":"))


def has_unknown_path(function: Function) -> bool:
    """Return whether a function has a PYTHONPATH whose value is not known."""
    environment = function.environment or {}
    return "PYTHONPATH" in environment and environment["PYTHONPATH"] is None


def has_path_files(places: Iterable[tuple[Part, str]]) -> bool:
    """Return whether a folder on the search path has a .pth file, which the runtime reads and which may add others.

    Source: the runtime's bootstrap, add_default_site_directories.
    """
    files = (name for part, folder in places for name in names(part.contents, folder) if name.endswith(".pth"))
    return any(name not in _HARMLESS_PATH_FILES for name in files)


def installed(function: Function) -> Installed:
    """Return the distributions on a function's path, by name, in the order of the path."""
    found: Installed = {}
    for part, root in search_path(function):
        for distribution in in_folder(part.contents, root):
            found.setdefault(distribution.name, []).append((distribution, part))
    return found


def visible(part: Part, python: str) -> dict[str, Distribution]:
    """Return the distributions of an archive on the path of a language version, by name; the first one wins."""
    found: dict[str, Distribution] = {}
    for root in roots(part, python):
        for distribution in in_folder(part.contents, root):
            found.setdefault(distribution.name, distribution)
    return found


@once_per_archive
def names(contents: Contents, folder: str) -> frozenset[str]:
    """Return the names of the files and folders directly in a folder of an archive."""
    start = len(folder) + 1 if folder else 0
    below = (path for path in contents.files if path.startswith(f"{folder}/")) if folder else contents.files
    return frozenset(path[start:].partition("/")[0] for path in below)


def is_folder(contents: Contents, path: str) -> bool:
    """Return whether a folder of an archive contains a file, at any depth."""
    paths = _sorted(contents)
    at = bisect_left(paths, f"{path}/")
    return at < len(paths) and paths[at].startswith(f"{path}/")


@once_per_archive
def _sorted(contents: Contents) -> tuple[str, ...]:
    return tuple(sorted(contents.files))


@once_per_archive
def modules(contents: Contents, folder: str) -> frozenset[str]:
    """Return the top-level modules and packages in a folder of an archive, without namespace packages."""
    found = set()
    for name in names(contents, folder):
        match = _MODULE.fullmatch(name)
        if match:
            found.add(match["name"])
        elif any(inside(folder, f"{name}/__init__{suffix}") in contents.files for suffix in (".py", ".pyc")):
            found.add(name)
    return frozenset(found)


def listed_files(contents: Contents, paths: Sequence[str]) -> str:
    """Return files as a message names them: by their distributions where these are known, the first three of them."""
    by_owner: dict[str, list[str]] = {}
    for path in paths:
        by_owner.setdefault(owner(contents, path) or path, []).append(path)
    names = (name if files == [name] else f"{name} ({listed(files, 1)})" for name, files in by_owner.items())
    return listed(names, _MOST_LISTED)
