"""References of code to files that look unnecessary: tests that it imports, and files that it reads by name.

The search looks for a few words, since parsing all modules of a layer takes longer than installing it. If it finds too
much, the archive contains more than it needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.trim.kinds import (
    REFERABLE,
    TEST_MODULE,
    enclosing,
    find_modules,
    find_test_folders,
    kind_of,
    module_name,
)
from cdk_layers.building.trim.test_names import ENTRY_POINTS, imported_tests, tests_in_entry_points, widened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

_FILE_END: Final = re.compile(rb"\.(?:%b)(?=['\"])" % b"|".join(end[1:].encode() for end in REFERABLE))
_FILE_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+")
_QUOTES: Final = (b'"', b"'")
_PATH_STARTS: Final = (*_QUOTES, b"/")
_STUB_READERS: Final = (b"attach_stub",)
"""Functions that read the stub of the module that calls them. Source: the documentation of lazy_loader."""


@dataclass(frozen=True, slots=True)
class References:
    """References of the modules of a distribution or an entry."""

    imports: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Dotted names of tests, by the test folder of the modules that import them; "" for all other modules."""

    files: frozenset[str] = frozenset()
    """Names of files, such as "README.md", and extensions, such as ".pxd"."""

    def to_json(self) -> dict[str, Any]:
        """Return the references as JSON."""
        return {"imports": {name: sorted(found) for name, found in self.imports.items()}, "files": sorted(self.files)}

    @classmethod
    def from_json(cls, data: Any) -> References:
        """Return the references from the JSON of `to_json`."""
        imports = {name: frozenset(found) for name, found in data["imports"].items()}
        return cls(imports, frozenset(data["files"]))


def find_references(paths: Collection[str], read: Callable[[str], bytes | None]) -> References:
    """Return the references of the modules of a distribution.

    Args:
        paths: Its files, relative to site-packages.
        read: Returns the bytes of a file.
    """
    folders = find_test_folders(paths)
    modules = find_modules(paths)
    names = {path.rpartition("/")[2] for path in paths if kind_of(path, modules) not in {None, "tests"}}
    plain = sorted(name for name in names if "." not in name)
    imports: dict[str, set[str]] = {}
    files: set[str] = set()
    for path in paths:
        if path.endswith(ENTRY_POINTS):
            imports.setdefault("", set()).update(tests_in_entry_points(read(path) or b""))
        if not path.endswith(".py") or path.endswith(f"/{TEST_MODULE}.py"):
            continue
        source = read(path) or b""
        folder = enclosing(path, folders) or ""
        imports.setdefault(folder, set()).update(imported_tests(path, source))
        if names and not folder:
            files.update(name for name in named_files(source) if name in names or name in REFERABLE)
            files.update(named_documents(source, plain))
    return References({name: frozenset(found) for name, found in imports.items() if found}, frozenset(files))


def needed_tests(references: Iterable[References]) -> frozenset[str]:
    """Return the dotted names of the tests that the code of a layer imports, directly or through other tests."""
    parts = list(references)
    needed = {name for part in parts for name in part.imports.get("", ())}
    waiting = {(number, folder) for number, part in enumerate(parts) for folder in part.imports if folder}
    while found := {(number, folder) for number, folder in waiting if is_named(folder, needed)}:
        waiting -= found
        needed.update(name for number, folder in found for name in parts[number].imports[folder])
    return frozenset(needed)


def is_named(path: str, names: Collection[str]) -> bool:
    """Return whether any of these dotted names is a folder or module, or is in it."""
    own = module_name(path)
    return any(name == own or name.startswith(f"{own}.") for name in names)


def named_documents(source: bytes, names: Collection[str]) -> Iterator[str]:
    """Yield those of the names of files without extension, such as "README", that a string of a module ends with."""
    for name in names:
        at = source.find(name.encode())
        while at >= 0:
            end = at + len(name.encode())
            if source[at - 1 : at] in _PATH_STARTS and source[end : end + 1] in _QUOTES:
                yield name
                break
            at = source.find(name.encode(), end)


def named_files(source: bytes) -> Iterator[str]:
    """Yield the names of files and the extensions that strings of a module end with, such as "README.md" and ".pxd"."""
    if any(word in source for word in _STUB_READERS):
        yield ".pyi"
    for found in _FILE_END.finditer(source):
        start, _ = widened(source, found.start(), found.end(), _FILE_LETTERS)
        yield source[start : found.end()].decode("ascii", "replace")
