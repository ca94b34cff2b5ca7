"""Search for modules as Python does, in archives that are not extracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.rules.facts.search_path import inside, is_folder

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

LONGEST_NAME: Final = 1024
"""The longest dotted name that is looked up: users write no longer ones, and the time is quadratic in the length."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module that exists."""

    name: str
    """Its dotted name."""

    part: Part | None
    """The archive with it; None for a namespace package, which no file defines."""

    path: str | None
    """Its source inside the archive; None for extension modules and bytecode, which have none."""

    package: bool
    """Whether it can have submodules."""


def imported_name(module: Module, statement: ast.ImportFrom) -> str | None:
    """Return the absolute dotted name that a `from` import of a module names; None if it leaves the top-level package.

    Args:
        module: The module that contains the statement.
        statement: The import, absolute or relative.
    """
    if not statement.level:
        return statement.module
    package = module.name.split(".") if module.package else module.name.split(".")[:-1]
    base = package[: len(package) - statement.level + 1]
    return ".".join([*base, *([statement.module] if statement.module else [])]) if base else None


def find_module(name: str, places: Sequence[tuple[Part, str]]) -> Module | None:
    """Return the module of a dotted name; None if it does not exist, or if the name is too long.

    A regular package ends the search for its submodules elsewhere; portions of a namespace package join.
    """
    if len(name) > LONGEST_NAME:
        return None
    found: Module | None = None
    portions = list(places)
    done = ""
    for segment in name.split("."):
        done = f"{done}.{segment}" if done else segment
        found, portions = _step(done, segment, portions)
        if found is None:
            return None
    return found


def misplaced(name: str, known: Sequence[Part]) -> tuple[Part, str] | None:
    """Return the archive and the file of a module in a folder that Python does not search; None if there is none.

    Files of distributions do not count, and neither do modules of packages: `_vendor/requests.py` is another module.

    Args:
        name: The dotted name of a module that the search did not find.
        known: The archives to look at, the first one first.
    """
    ends = tuple(f"{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py"))
    for part in known:
        files = part.contents.files
        for path in sorted((path for path in files if path.endswith(ends)), key=len):
            above = path.removesuffix(ends[0]).removesuffix(ends[1])
            is_whole = not above or above.endswith("/")
            if is_whole and f"{above}__init__.py" not in files and owner(part.contents, path) is None:
                return part, path
    return None


def _step(name: str, segment: str, places: list[tuple[Part, str]]) -> tuple[Module | None, list[tuple[Part, str]]]:
    portions = []
    for part, root in places:
        base, sources = inside(root, segment), _sources(part.contents)
        package = sources.get(f"{base}/__init__")
        if package is not None:
            return Module(name, part, package or None, package=True), [(part, base)]
        module = sources.get(base)
        if module is not None:
            return Module(name, part, module or None, package=False), []
        if is_folder(part.contents, base):
            portions.append((part, base))
    return (Module(name, None, None, package=True) if portions else None), portions


@once_per_archive
def _sources(contents: Contents) -> dict[str, str]:
    """Return the source of each module, "" for those without, by their paths without suffixes.

    Python prefers an extension module to a source, and a source to bytecode.
    """
    split = (path.rpartition("/") for path in contents.files if path.endswith(".so"))
    bytecode = {path.removesuffix(".pyc"): "" for path in contents.files if path.endswith(".pyc")}
    sources = {path.removesuffix(".py"): path for path in contents.files if path.endswith(".py")}
    return bytecode | sources | {f"{folder}{slash}{name.partition('.')[0]}": "" for folder, slash, name in split}
