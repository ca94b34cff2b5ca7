"""Tests in distributions, which are seldom imported and take more than half of the time to compile pandas or numpy."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final

from cdk_layers.building.trim.kinds import TEST_MODULE, enclosing, find_test_folders
from cdk_layers.building.trim.references import find_references, is_named, needed_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_TEST: Final = re.compile(rb"tests?_\w+")
"""Name of a module that pytest collects as a test."""


def find_tests(names: Collection[str]) -> frozenset[str]:
    """Return the modules in test folders, and the conftest modules of pytest.

    Args:
        names: The files of an archive, relative to a folder on Python's search path.
    """
    folders = find_test_folders(names)
    return frozenset(
        name
        for name in names
        if name.endswith(".py") and (name.endswith(f"/{TEST_MODULE}.py") or enclosing(name, folders) is not None)
    )


def find_imported_tests(names: Collection[str], tests: Collection[str], read: Callable[[str], bytes]) -> frozenset[str]:
    """Return the modules of test folders that other modules import.

    If modules import anything from a test folder, such as helpers, all of its modules count as imported, except tests
    whose names no other module contains.

    Args:
        names: The files of an archive, relative to a folder on Python's search path.
        tests: The result of `find_tests`.
        read: Returns the bytes of a file.
    """
    if not tests:
        return frozenset()
    named: set[bytes] = set()

    def read_with_names(name: str) -> bytes:
        source = read(name)
        if name not in tests or not _TEST.fullmatch(_stem(name)):
            named.update(_TEST.findall(source))
        return source

    folders = find_test_folders(names)
    modules: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if name.endswith(".py"):
            modules[enclosing(name, folders) or ""].append(name)
    # Few test folders are imported, and most words "test" are in the others, which need no search.
    references = [find_references(modules.pop("", []), read_with_names)]
    while found := [folder for folder in modules if is_named(folder, needed_tests(references))]:
        references += [find_references(modules.pop(folder), read_with_names) for folder in found]
    used = folders - modules.keys()
    for name in chain.from_iterable(modules.values()) if used else ():
        if not _TEST.fullmatch(_stem(name)):
            read_with_names(name)
    return frozenset(name for name in tests if enclosing(name, used) is not None and _is_needed(name, named))


def _is_needed(name: str, named: Collection[bytes]) -> bool:
    stem = _stem(name)
    return stem != TEST_MODULE.encode() and (stem in named or not _TEST.fullmatch(stem))


def _stem(name: str) -> bytes:
    return name.rpartition("/")[2].removesuffix(".py").encode()
