"""What is to be built, from what, for what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.build.cache import BuildCache
from cdk_layers.build.options import BuildOptions
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from cdk_layers.build.target import Target


@dataclass(frozen=True, slots=True)
class Job:
    """One entry folder to build for one target."""

    entry: Path
    """The folder, absolute and without symlinks."""

    target: Target
    options: BuildOptions
    cache: BuildCache


def job_of(
    entry: Path | str, target: Target, options: BuildOptions | None = None, cache: BuildCache | None = None
) -> Job:
    """Return what is to be built, with a layer's default options and the user's own cache where none are given.

    Raises:
        EntryError: The entry is no folder.
    """
    folder = Path(entry)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        message = (
            f"The entry {str(entry)!r} {what}. Give the folder that holds the code or its manifest of dependencies."
        )
        raise EntryError(message)
    return Job(folder.resolve(), target, options or BuildOptions(), cache or BuildCache.default())
