"""The distributions that files of an archive belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.contents.caching import once_per_archive

if TYPE_CHECKING:
    from cdk_layers.contents.model import Contents, Distribution


@once_per_archive
def in_folder(contents: Contents, folder: str) -> tuple[Distribution, ...]:
    """Return the distributions whose metadata is in one folder of an archive."""
    return tuple(distribution for distribution in contents.distributions if distribution.folder == folder)


def owner(contents: Contents, path: str) -> str | None:
    """Return the name of the distribution that a file was installed by, as far as its top-level name shows it."""
    for folder in _folders(contents):
        if not folder or path.startswith(f"{folder}/"):
            name = path[len(folder) + 1 if folder else 0 :].partition("/")[0]
            if name in _owners(contents, folder):
                return _owners(contents, folder)[name]
    return None


@once_per_archive
def _owners(contents: Contents, folder: str) -> dict[str, str]:
    """Return the distributions in a folder by the top-level names that they installed there."""
    return {name: distribution.name for distribution in in_folder(contents, folder) for name in distribution.top_level}


@once_per_archive
def _folders(contents: Contents) -> tuple[str, ...]:
    """Return the folders with distributions, the longest path first."""
    return tuple(sorted({distribution.folder for distribution in contents.distributions}, key=len, reverse=True))
