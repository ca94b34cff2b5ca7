"""Tests that a module imports, names in a string, or reads files of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.building.trim.kinds import TEST_FOLDERS, TEST_MODULE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ENTRY_POINTS: Final = ".dist-info/entry_points.txt"

_TEST_NAMES: Final = frozenset({*TEST_FOLDERS, TEST_MODULE})
_TEST_WORD: Final = re.compile(rb"tests?(?!\w)")
"""The pattern begins with plain letters, which is many times faster than to begin with alternatives."""

_NAME_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
_PATH_LETTERS: Final = _NAME_LETTERS | frozenset(b"/-")
_MAX_NAME: Final = 200
_MAX_STATEMENT: Final = 4_000
"""Maximum bytes of an import statement."""

_LIST_LETTERS: Final = bytes(_NAME_LETTERS) + b" \t\f,\r"
"""Letters of a line of a statement that begins in another line."""

_SPACE: Final = rb"(?:[ \t\f]|\\\r?\n)"
_FROM: Final = re.compile(
    rb"from(?P<module>(?:[.\w]|%b)*?)\bimport\b%b*(?:\((?:[\w\s,\\]|#[^\n]*\n)*|(?:[\w,]|%b)*)$" % ((_SPACE,) * 3)
)
_FROM_MODULE: Final = re.compile(rb"\bfrom(?P<module>(?:[.\w]|%b)*)$" % _SPACE)
_IMPORT: Final = re.compile(rb"\bimport(?P<module>(?:[.\w,]|%b)*)$" % _SPACE)
_MAX_KEYWORDS: Final = 4
"""How many words "from" before a name may begin its statement; comments contain the word as well."""

_JOINED: Final = re.compile(rb"['\"]\s*(?:/\s*[\w'\"(]|,\s*f?['\"])")
"""What follows the name of a folder in `path / "tests" / "x.json"` and `join(path, "tests", "x.json")`."""

_JOIN: Final = re.compile(rb"(?:/\s*|join(?:path)?\s*\(.{,200})['\"]$", re.DOTALL)
_QUOTES: Final = (b'"', b"'")
_PATH_STARTS: Final = (*_QUOTES, b"/")


def tests_in_entry_points(text: bytes) -> Iterator[str]:
    """Yield the dotted names of tests that entry points of a distribution name."""
    for line in text.splitlines():
        yield from _tests_of(line.partition(b"=")[2].partition(b":")[0].strip().decode("ascii", "replace").split("."))


def imported_tests(path: str, source: bytes) -> Iterator[str]:
    """Yield the dotted names of tests that a module imports or names in a string, alone or as a folder of a path.

    Args:
        path: The module, relative to site-packages. Relative imports are resolved by it.
        source: Its bytes.
    """
    for found in _TEST_WORD.finditer(source):
        start, end = widened(source, found.start(), found.end(), _NAME_LETTERS)
        for name in _names(path, source, start, end):
            yield from _tests_of(_absolute(path, name))


def _tests_of(parts: list[str]) -> Iterator[str]:
    last = max((number for number, part in enumerate(parts) if part in _TEST_NAMES), default=-1)
    if last >= 0:
        yield ".".join(parts[: last + 1])


def _names(path: str, source: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield the modules that a word may stand for, relative ones with dots in front."""
    word, before, after = source[start:end], source[start - 1 : start], source[end : end + 1]
    if before == b"}" and after in _QUOTES and word.startswith(b"."):
        yield word  # the end of f"{__name__}.tests"
    elif before in _QUOTES and after == before and b"." in word:
        yield word
    elif (folder := _folder(source, start, end)) is not None:
        yield from (b"." * depth + folder for depth in range(1, path.count("/") + 1))
    elif (parent := _parent(source, start, word)) is not None:
        name = word.removeprefix(b"from") if word.startswith(b"from.") else word
        yield parent + name if parent.endswith(b".") or not parent else b"%b.%b" % (parent, name)


def _folder(source: bytes, start: int, end: int) -> bytes | None:
    """Return the dotted name of a folder in the path of a file: "tests/x", "tests" / "x" or join("tests", "x")."""
    if source[start - 1 : start] not in _PATH_STARTS or source[end : end + 1] not in _PATH_STARTS:
        return None
    first, _ = widened(source, start, end, _PATH_LETTERS)
    if source[first - 1 : first] not in _QUOTES or _is_example(_line(source, start)):
        return None
    is_begun = source[end : end + 1] == b"/" and source[end + 1 : end + 2] not in (*_QUOTES, b"")
    is_joined = _JOINED.match(source, end) and _JOIN.search(source, max(0, first - _MAX_NAME), first)
    return source[first:end].lstrip(b"./").replace(b"/", b".") if is_begun or is_joined else None


def _parent(source: bytes, start: int, word: bytes) -> bytes | None:
    """Return the package that an imported name is relative to: b"" if it is absolute; None if it is not imported."""
    line = _line(source, start)
    if b"#" in line or _is_example(line):
        return None
    if word.startswith(b"from."):
        return b""
    if b"import" not in line and b"from" not in line and line.translate(None, _LIST_LETTERS):
        return None  # nearly all words
    first, at = max(0, start - _MAX_STATEMENT), start
    if (newest := source.rfind(b"import", first, start)) < 0 and b"from" not in line:
        return None
    for _ in range(_MAX_KEYWORDS if newest >= 0 else 0):
        at = source.rfind(b"from", first, at)
        if at >= 0 and (found := _FROM.match(source, at, start)):
            return _compact(found["module"])
    names = (pattern.search(source, max(first, start - _MAX_NAME), start) for pattern in (_FROM_MODULE, _IMPORT))
    parents = (_compact(found["module"].rpartition(b",")[2]) for found in names if found)
    return next((parent for parent in parents if not parent or parent.endswith(b".")), None)


def _line(source: bytes, end: int) -> bytes:
    """Return the line before a position."""
    return source[source.rfind(b"\n", 0, end) + 1 : end]


def _is_example(line: bytes) -> bool:
    """Return whether a line belongs to an example in a docstring."""
    return line.lstrip().startswith((b">>>", b"... "))


def _compact(name: bytes) -> bytes:
    """Return a dotted name without the spaces and continued lines that Python permits in it."""
    return b"".join(name.replace(b"\\", b"").split())


def _absolute(path: str, name: bytes) -> list[str]:
    """Return the segments of a dotted name that the module at a path imports, with its packages if it is relative."""
    text = name.decode("ascii", "replace")
    relative = text.lstrip(".")
    up = len(text) - len(relative)
    package = path.split("/")[:-up] if up else []
    return [*package, *relative.split(".")]


def widened(source: bytes, start: int, end: int, letters: Collection[int]) -> tuple[int, int]:
    """Return the bounds of the word that contains a match."""
    first, last = max(0, start - _MAX_NAME), min(len(source), end + _MAX_NAME)
    while start > first and source[start - 1] in letters:
        start -= 1
    while end < last and source[end] in letters:
        end += 1
    return start, end
