"""The distributions that imported modules belong to."""

from __future__ import annotations

import csv
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.contents.names import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Owner(NamedTuple):
    """A distribution, or where modules come from that belong to none."""

    name: str
    version: str | None = None
    is_deployed: bool = True
    """Whether it is in the function's code or layers, and not provided by the runtime."""


STANDARD_LIBRARY: Final = Owner("standard library", is_deployed=False)


class ModuleOwners:
    """The owners of the modules in some folders of a function's import path."""

    def __init__(self, places: Sequence[tuple[Owner, Path]]) -> None:
        """Read the RECORDs in some folders.

        Args:
            places: The folders in the order of the import path, each with the owner of what is in no distribution.
        """
        self._places = [(own, folder, dict(_recorded(folder, own.is_deployed))) for own, folder in places]
        self._known: dict[str, Owner] = {}

    def owner(self, module: str) -> Owner:
        """Return the owner of a module. A module that is in none of the folders is of the standard library."""
        if module not in self._known:
            self._known[module] = self._found(module)
        return self._known[module]

    def _found(self, module: str) -> Owner:
        for own, folder, recorded in self._places:
            if module in recorded:
                return recorded[module]
            if _exists(folder.joinpath(*module.split("."))):
                return own
        return STANDARD_LIBRARY


def _recorded(folder: Path, is_deployed: bool) -> Iterator[tuple[str, Owner]]:
    """Yield the modules that the RECORDs in a folder list."""
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
        owner = Owner(canonical(name), version, is_deployed)
        with record.open(encoding="utf-8", newline="") as lines:
            yield from ((module, owner) for row in csv.reader(lines) if row and (module := _module(row[0])))


def _module(path: str) -> str | None:
    """Return the name of the module in a file; None for other files."""
    parts = PurePosixPath(path).parts
    stem, _, suffix = parts[-1].partition(".")
    if suffix != "py" and not suffix.endswith("so"):
        return None
    return ".".join(parts[:-1] if stem == "__init__" else (*parts[:-1], stem))


def _exists(path: Path) -> bool:
    return path.is_dir() or path.with_name(f"{path.name}.py").is_file() or any(path.parent.glob(f"{path.name}.*so"))
