"""Tests of distributions that no module imports, which take more than half of the time to compile pandas or numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.trim.kinds import TEST_MODULE, enclosing, find_test_folders
from cdk_layers.building.trim.references import find_references, is_named, needed_tests
from cdk_layers.contents.inflation import inflated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.contents.zipformat import Entry


def tests_without_importers(archive: Path, entries: Mapping[str, Entry]) -> frozenset[str]:
    """Return the modules of test folders that the other modules of an archive do not import, and those for pytest.

    Args:
        archive: The archive; its names are relative to a folder on Python's search path.
        entries: Its entries by name.
    """
    folders = find_test_folders(entries)
    tests = {name for name in entries if name.endswith(".py") and enclosing(name, folders) is not None}
    pytest = {name for name in entries if name.endswith(f"/{TEST_MODULE}.py")}
    if not tests:
        return frozenset(pytest)
    with archive.open("rb") as file:
        found = find_references(entries, lambda name: b"".join(inflated(file, entries[name], entries[name].size)))
    needed = needed_tests([found])
    used = {folder for folder in folders if is_named(folder, needed)}
    return frozenset(pytest | {name for name in tests if enclosing(name, used) is None})
