"""The packages and modules that distributions provide for import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.names import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from cdk_layers.contents.model import Contents, Distribution

_MAX_DEPTH: Final = 3
"""Segments of the name of a package in a namespace package, such as google.cloud.storage."""

_REQUIRED: Final = re.compile(r"[A-Za-z0-9._-]+")
"""The name at the start of a Requires-Dist line."""


def top_level_names(contents: Contents, folders: Collection[str]) -> tuple[str, ...]:
    """Return the names of the top-level packages and modules of all distributions of an archive, sorted.

    Of a namespace package, the first regular packages below it take its place.

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
    files = contents.files
    folder_names = {name.rpartition("/")[0] for name in files}
    for distribution in contents.distributions:
        if distribution.folder in folders:
            root = f"{distribution.folder}/" if distribution.folder else ""
            segments = distribution.top_level
            yield distribution, {name for segment in segments for name in _names(root, segment, files, folder_names)}


def _names(root: str, segment: str, files: Collection[str], folders: Collection[str]) -> Iterator[str]:
    """Yield the names that one entry at the top of a folder of modules provides."""
    path = f"{root}{segment}"
    if path in files:
        if segment.endswith((".py", ".so")) and (name := segment.partition(".")[0]).isidentifier():
            yield name
        return
    if segment.isidentifier():
        yield from (found.replace("/", ".") for found in _packages(root, segment, files, folders))


def _packages(root: str, path: str, files: Collection[str], folders: Collection[str]) -> Iterator[str]:
    if f"{root}{path}/__init__.py" in files:
        yield path
        return
    if path.count("/") + 1 >= _MAX_DEPTH:
        return
    begin = f"{root}{path}/"
    below = {folder[len(begin) :].partition("/")[0] for folder in folders if folder.startswith(begin)}
    for name in sorted(below):
        if name.isidentifier():
            yield from _packages(root, f"{path}/{name}", files, folders)
