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
    TEST_FOLDERS,
    TEST_MODULE,
    enclosing,
    find_modules,
    find_test_folders,
    kind_of,
    module_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

_TEST_NAMES: Final = frozenset({*TEST_FOLDERS, TEST_MODULE})
_TEST_WORD: Final = re.compile(rb"tests?(?!\w)")
"""The pattern begins with plain letters, which is many times faster than to begin with alternatives."""

_FILE_END: Final = re.compile(rb"\.(?:%b)(?=['\"])" % b"|".join(end[1:].encode() for end in REFERABLE))
_FILE_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+")
_NAME_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
_MAX_NAME: Final = 200
_MAX_STATEMENT: Final = 4_000
"""Maximum bytes of an import statement."""

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
    imports: dict[str, set[str]] = {}
    files: set[str] = set()
    for path in paths:
        if not path.endswith(".py") or path.endswith(f"/{TEST_MODULE}.py"):
            continue
        source = read(path) or b""
        folder = enclosing(path, folders) or ""
        imports.setdefault(folder, set()).update(imported_tests(path, source))
        if names and not folder:
            files.update(name for name in named_files(source) if name in names or name in REFERABLE)
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


def imported_tests(path: str, source: bytes) -> Iterator[str]:
    """Yield the dotted names of tests that a module imports or names in a string.

    Args:
        path: The module, relative to site-packages. Relative imports are resolved by it.
        source: Its bytes.
    """
    for found in _TEST_WORD.finditer(source):
        start, end = _widened(source, found.start(), found.end(), _NAME_LETTERS)
        name = source[start:end]
        if (base := _imported_from(source, start, end)) is None:
            continue
        parts = _absolute(path, base + name if base.endswith(b".") or not base else b"%b.%b" % (base, name)).split(".")
        last = max((number for number, part in enumerate(parts) if part in _TEST_NAMES), default=-1)
        if last >= 0:
            yield ".".join(parts[: last + 1])


def _imported_from(source: bytes, start: int, end: int) -> bytes | None:
    """Return the package that an imported name is relative to: b"" if it is absolute; None if it is not imported."""
    before = source[source.rfind(b"\n", 0, start) + 1 : start].lstrip()
    quote = source[start - 1 : start]
    if quote in {b'"', b"'"} and source[end : end + 1] == quote:
        return b"" if b"." in source[start:end].strip(b".") else None
    if b"#" in before:
        return None
    words = before.split()
    if words[:1] == [b"import"] or words == [b"from"]:
        return b""
    if words[:1] == [b"from"] and words[2:3] == [b"import"]:
        return words[1]
    return _open_import(source, start)


def _open_import(source: bytes, start: int) -> bytes | None:
    """Return the module of a `from ... import (` that is not closed before a position."""
    first = max(0, start - _MAX_STATEMENT)
    at = source.rfind(b"(", first, start)
    if at < 0 or source.find(b")", at, start) >= 0:
        return None
    words = source[source.rfind(b"\n", 0, at) + 1 : at].split()
    return words[1] if len(words) == 3 and words[0] == b"from" and words[2] == b"import" else None  # noqa: PLR2004


def _absolute(path: str, name: bytes) -> str:
    text = name.decode("ascii", "replace")
    relative = text.lstrip(".")
    up = len(text) - len(relative)
    if not up:
        return text
    package = path.split("/")[:-up]
    return ".".join([*package, relative])


def named_files(source: bytes) -> Iterator[str]:
    """Yield the names of files and the extensions that strings of a module end with, such as "README.md" and ".pxd"."""
    if any(word in source for word in _STUB_READERS):
        yield ".pyi"
    for found in _FILE_END.finditer(source):
        start, _ = _widened(source, found.start(), found.end(), _FILE_LETTERS)
        yield source[start : found.end()].decode("ascii", "replace")


def _widened(source: bytes, start: int, end: int, letters: Collection[int]) -> tuple[int, int]:
    """Return the bounds of the word that contains a match."""
    first, last = max(0, start - _MAX_NAME), min(len(source), end + _MAX_NAME)
    while start > first and source[start - 1] in letters:
        start -= 1
    while end < last and source[end] in letters:
        end += 1
    return start, end
