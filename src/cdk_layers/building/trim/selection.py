"""Selection of the files of a distribution that are trimmed, and the reason for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cdk_layers.building.content_options import SERVICES
from cdk_layers.building.trim.kinds import (
    enclosing,
    find_modules,
    find_test_folders,
    is_metadata,
    is_protected,
    kind_of,
)
from cdk_layers.building.trim.references import is_named
from cdk_layers.building.trim.services import NEEDED, service_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pathspec import GitIgnoreSpec

EXCLUDED: Final = "excluded"
"""The kind that reports list for files that `dependency_excludes` matches."""


@dataclass(frozen=True)
class Trimming:
    """The files that the user wants to leave out of distributions."""

    kinds: frozenset[str] = frozenset()
    excludes: tuple[str, ...] = ()
    """Patterns as in a .gitignore."""

    services: frozenset[str] = frozenset()
    """AWS services whose data are included; all if empty."""

    def __bool__(self) -> bool:
        """Return whether anything is left out."""
        return bool(self.kinds or self.excludes or self.services)

    def find_trimmed(
        self, paths: Collection[str], *, needed: Collection[str] = (), files: Collection[str] = ()
    ) -> dict[str, str]:
        """Return the files of a distribution to leave out, each with its kind.

        Args:
            paths: All of its files, relative to site-packages.
            needed: Dotted names of tests that code of the layer imports.
            files: Names and extensions of files that the distribution's code reads.
        """
        excluded = dict.fromkeys(self._excluded(paths), EXCLUDED)
        services = dict.fromkeys(self._of_other_services(paths), SERVICES)
        return {**dict(self._of_kinds(paths, needed, files)), **services, **excluded}

    def _excluded(self, paths: Collection[str]) -> Iterator[str]:
        if self.excludes:
            yield from (path for path in paths if not is_metadata(path) and self._spec.match_file(path))

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        # Few layers have patterns, and loading it takes as long as finding a build in the store.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        return GitIgnoreSpec.from_lines(self.excludes)

    def _of_other_services(self, paths: Collection[str]) -> Iterator[str]:
        if self.services:
            included = {*self.services, *NEEDED, None}
            yield from (path for path in paths if service_of(path) not in included)

    def _of_kinds(
        self, paths: Collection[str], needed: Collection[str], files: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        if not self.kinds:
            return
        folders = {folder for folder in find_test_folders(paths) if not is_named(folder, needed)}
        modules = find_modules(paths)
        for path in (path for path in paths if not is_protected(path)):
            kind = "tests" if enclosing(path, folders) else kind_of(path, modules)
            if kind in self.kinds and not _is_needed(path, kind, needed, files):
                yield path, kind


def _is_needed(path: str, kind: str, needed: Collection[str], files: Collection[str]) -> bool:
    if kind == "tests":
        return is_named(path, needed)
    name = path.rpartition("/")[2]
    return name in files or f".{name.rpartition('.')[2]}" in files
