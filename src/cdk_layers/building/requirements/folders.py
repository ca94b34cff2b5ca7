"""Folders on this machine with distributions; their content is part of the keys of the build cache."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.file_urls import paths_in
from cdk_layers.building.requirements.requirement_line import ARCHIVES, SCHEME
from cdk_layers.building.uv.indexes import indexes_in
from cdk_layers.contents.names import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.building.requirements.requirements_file import Option
    from cdk_layers.building.uv.settings import UvSettings

_PAGES: Final = (".html", ".htm", ".json", ".metadata")


def local_folders(options: Iterable[Option], settings: UvSettings, base: Path) -> tuple[Path, ...]:
    """Return the folders of wheels, and the indexes on this machine, that a manifest and uv's settings name.

    They are paths or file URLs in --find-links, index options, variables, uv.toml and pyproject.toml. Those that do not
    exist are left out.

    Args:
        options: The options of a requirements file.
        settings: uv's settings.
        base: The folder that relative paths are relative to.
    """
    paths = filter(None, (_path(index.place.strip()) for index in indexes_in(settings, options)))
    return tuple(dict.fromkeys(path for path in (base / path for path in paths) if path.exists()))


def _path(place: str) -> Path | None:
    if place.lower().startswith("file:"):
        return Path(paths_in(place)[0])
    return None if not place or (SCHEME.match(place) and not Path(place).is_absolute()) else Path(place)


def folders_digest(folders: Iterable[Path]) -> list[str]:
    """Return a digest of each folder, made of the names and bytes of its distributions and index pages.

    All symlinks are followed, as uv does.
    """
    return [_digest(folder) for folder in folders]


def _digest(folder: Path) -> str:
    seen = hashlib.sha256()
    for name, path in _files(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        seen.update(f"{len(name)}:{name}:{content}:".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()


def names_in(folders: Iterable[Path]) -> frozenset[str]:
    """Return the normalized names of the distributions in folders."""
    return frozenset(canonical(path.name.partition("-")[0]) for folder in folders for _, path in _files(folder))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the distributions and pages of a folder and of its direct subfolders, which an index has, sorted."""
    top = folder if folder.is_dir() else folder.parent
    for place, inner, files in os.walk(top, followlinks=True):
        inner[:] = sorted(inner) if place == str(top) else []
        for name in sorted(files):
            path = Path(place, name)
            if name.lower().endswith((*ARCHIVES, *_PAGES)) and path.is_file():
                yield path.relative_to(top).as_posix(), path
