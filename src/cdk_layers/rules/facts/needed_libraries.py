"""Shared libraries that native files need, and that no archive of a function provides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.names import canonical
from cdk_layers.contents.owners import owner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

_OFTEN_MISSING: Final = re.compile(
    r"lib(?:GL|EGL|GLX|X11|Xext|Xrender|SM|ICE|xcb[\w-]*|gthread-2\.0|gomp|pq|odbc|aio|cairo|mysqlclient|mariadb)\.so\.\d+"
    r"|lib(?:ssl|crypto)\.so\.(?:10|1\.0\.0|1\.1)"
)
_OF_THE_IMAGE: Final = re.compile(
    r"ld-linux[\w.-]*|lib(?:c|m|dl|rt|util|pthread|resolv|crypt|gcc_s|stdc\+\+|z)\.so\.\d+"
)
"""Libraries that a runtime may have itself, so that a distribution's own copy can be left out."""

_RECORD: Final = ".dist-info/RECORD"


@dataclass(frozen=True, slots=True)
class MissingLibrary:
    """A library that is needed and that no archive contains."""

    name: str
    """As the native files name it, such as "libGL.so.1"."""

    part: Part
    """The first archive with files that need it."""

    needed_by: Sequence[str]
    """These files."""

    distribution: str | None
    """The distribution that installs it according to its RECORD; None for one that runtimes are known to lack."""


def missing_libraries(known: Sequence[Part]) -> Iterator[MissingLibrary]:
    """Yield the libraries that the archives of a function need and that are known to be missing, sorted by name.

    Other libraries that no archive contains may be in the image of the runtime, or needed for optional features.
    """
    needed: dict[str, tuple[Part, list[str]]] = {}
    for part in known:
        for name, paths in _needed(part.contents).items():
            needed.setdefault(name, (part, paths))
    for name, (part, paths) in sorted(needed.items()):
        if any(name in _file_names(other.contents) for other in known):
            continue
        distribution = _installer(part, paths[0], name)
        if distribution or _OFTEN_MISSING.fullmatch(name):
            yield MissingLibrary(name, part, paths, distribution)


@once_per_archive
def _needed(contents: Contents) -> dict[str, list[str]]:
    """Return the libraries that native files need, with these files, without those of the runtime's image."""
    found: dict[str, list[str]] = {}
    for native in contents.natives:
        for name in native.needed:
            if not _OF_THE_IMAGE.fullmatch(name):
                found.setdefault(name, []).append(native.path)
    return found


@once_per_archive
def _file_names(contents: Contents) -> frozenset[str]:
    return frozenset(path.rpartition("/")[2] for path in (*contents.files, *contents.links))


def _installer(part: Part, path: str, name: str) -> str | None:
    """Return the distribution of a file if its RECORD lists a file of that name."""
    distribution = owner(part.contents, path)
    if distribution is None or part.sources is None:
        return None
    for record in _records(part.contents).get(distribution, ()):
        lines = (part.sources.read(record) or b"").decode(errors="replace").splitlines()
        if any(line.partition(",")[0].strip('"').rpartition("/")[2] == name for line in lines):
            return distribution
    return None


@once_per_archive
def _records(contents: Contents) -> dict[str, list[str]]:
    """Return the RECORD files of an archive by the canonical names of their distributions."""
    found: dict[str, list[str]] = {}
    for path in contents.files:
        if path.endswith(_RECORD):
            folder = path.removesuffix(_RECORD).rpartition("/")[2]
            found.setdefault(canonical(folder.rpartition("-")[0]), []).append(path)
    return found
