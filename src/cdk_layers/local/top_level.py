"""The packages and modules that distributions provide for import."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from cdk_layers.building.trim.kinds import TEST_FOLDERS, enclosing
from cdk_layers.contents.names import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from cdk_layers.contents.model import Contents, Distribution

_INIT: Final = "/__init__.py"
_REQUIRED: Final = re.compile(r"[A-Za-z0-9._-]+")
"""The name at the start of a Requires-Dist line."""


def top_level_names(contents: Contents, folders: Collection[str]) -> tuple[str, ...]:
    """Return the names of the top-level packages and modules of all distributions of an archive, sorted.

    Of a namespace package, the first regular packages below it take its place, at any depth, such as
    opentelemetry.exporter.otlp.proto.grpc. The tests that some distributions install next to their packages by mistake
    are left out: a folder test/ without an `__init__.py` is hidden by the standard library's.

    Args:
        contents: The archive's contents.
        folders: The folders of the archive that modules are imported from, such as "python".
    """
    return tuple(sorted({name for _, names in _by_distribution(contents, folders) for name in names}))


def requiring_names(archives: Iterable[tuple[Contents, Collection[str]]]) -> dict[str, tuple[str, ...]]:
    """Return for each top-level name those of the distributions that require its own, in any extra.

    Args:
        archives: The contents of archives, each with the folders that modules are imported from.
    """
    found = [pair for contents, folders in archives for pair in _by_distribution(contents, folders)]
    requiring: dict[str, set[str]] = {}
    for distribution, names in found:
        for required in _required(distribution):
            requiring.setdefault(required, set()).update(names)
    every: dict[str, set[str]] = {}
    for distribution, names in found:
        for name in names:
            every.setdefault(name, set()).update(requiring.get(distribution.name, ()))
    return {name: tuple(sorted(others - {name})) for name, others in every.items() if others - {name}}


def _required(distribution: Distribution) -> set[str]:
    lines = map(_REQUIRED.match, distribution.requires)
    return {canonical(line.group()) for line in lines if line}


def _by_distribution(contents: Contents, folders: Collection[str]) -> Iterator[tuple[Distribution, set[str]]]:
    """Yield the distributions of an archive with their top-level names."""
    names = {folder: _names(contents.files, f"{folder}/" if folder else "") for folder in folders}
    for distribution in contents.distributions:
        if distribution.folder in folders:
            found = names[distribution.folder]
            yield distribution, {name for entry in distribution.top_level for name in found.get(entry, ())}


def _names(files: Collection[str], root: str) -> dict[str, set[str]]:
    """Return the names that each entry at the top of a folder of modules provides."""
    paths = [path.removeprefix(root) for path in files if path.startswith(root)]
    names = defaultdict(set)
    for path in paths:
        if "/" not in path and path.endswith((".py", ".so")) and (name := path.partition(".")[0]).isidentifier():
            names[path].add(name)
    for package in _outermost(path.removesuffix(_INIT) for path in paths if path.endswith(_INIT)):
        if all(map(str.isidentifier, segments := package.split("/"))) and segments[0] not in TEST_FOLDERS:
            names[segments[0]].add(".".join(segments))
    return names


def _outermost(packages: Iterable[str]) -> set[str]:
    """Return the folders of packages that are in no other package."""
    found: set[str] = set()
    for package in sorted(packages):
        if enclosing(package, found) is None:
            found.add(package)
    return found
