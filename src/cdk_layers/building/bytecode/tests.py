"""Tests of distributions that no module imports, which take more than half of the time to compile pandas or numpy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.building.trim.kinds import TEST_MODULE, enclosing, find_test_folders
from cdk_layers.building.trim.references import find_references, is_named, needed_tests
from cdk_layers.contents.inflation import inflated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.contents.zipformat import Entry


_TEST: Final = re.compile(rb"tests?_\w+")
"""Name of a module that pytest collects."""


def tests_without_importers(archive: Path, entries: Mapping[str, Entry]) -> frozenset[str]:
    """Return the modules of test folders that the other modules of an archive do not import, and those for pytest.

    Where modules import something of a folder, such as helpers, the tests in it whose names no other module contains
    are among them.

    Args:
        archive: The archive; its names are relative to a folder on Python's search path.
        entries: Its entries by name.
    """
    folders = find_test_folders(entries)
    tests = {name for name in entries if name.endswith(".py") and enclosing(name, folders) is not None}
    pytest = {name for name in entries if name.endswith(f"/{TEST_MODULE}.py")}
    if not tests:
        return frozenset(pytest)
    named: set[bytes] = set()
    with archive.open("rb") as file:

        def read(name: str) -> bytes:
            source = b"".join(inflated(file, entries[name], entries[name].size))
            if name not in tests or not _TEST.fullmatch(_stem(name)):
                named.update(_TEST.findall(source))
            return source

        needed = needed_tests([find_references(entries, read)])
    used = {folder for folder in folders if is_named(folder, needed)}
    collected = {name for name in tests if _TEST.fullmatch(_stem(name)) and _stem(name) not in named}
    return frozenset(pytest | collected | {name for name in tests if enclosing(name, used) is None})


def _stem(name: str) -> bytes:
    return name.rpartition("/")[2].removesuffix(".py").encode()
