"""The packages and modules that distributions provide for import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_layers.contents.model import Contents

_MAX_DEPTH: Final = 3
"""Segments of the name of a package in a namespace package, such as google.cloud.storage."""


def top_level_names(contents: Contents, folders: Collection[str]) -> tuple[str, ...]:
    """Return the names of the top-level packages and modules of all distributions of an archive, sorted.

    Of a namespace package, the first regular packages below it take its place.

    Args:
        contents: The archive's contents.
        folders: The folders of the archive that modules are imported from, such as "python".
    """
    names: set[str] = set()
    files = contents.files
    folder_names = {name.rpartition("/")[0] for name in files}
    for distribution in contents.distributions:
        if distribution.folder in folders:
            root = f"{distribution.folder}/" if distribution.folder else ""
            for segment in distribution.top_level:
                names.update(_names(root, segment, files, folder_names))
    return tuple(sorted(names))


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
