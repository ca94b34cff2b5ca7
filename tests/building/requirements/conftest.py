"""Indexes that the tests of lock files share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.building.distributions import write_wheel
from tests.building.local_index import served, write_index

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve two indexes: "main" has all distributions, "private" has others by the same names and versions."""
    root = tmp_path_factory.mktemp("indexes")
    for index in ("main", "private"):
        wheels = [
            write_wheel(root / index, name, {f"{name}.py": f"index = {index!r}\n"})
            for name in ("alpha", "beta", "gamma")
        ]
        needs = "Requires-Dist: alpha\nRequires-Dist: beta ; python_version >= '3.11'\n"
        wheels.append(write_wheel(root / index, "needy", metadata=needs))
        wheels.append(write_wheel(root / index, "alpha", version="2.0"))
        write_index(root, index, wheels)
    with served(root) as address:
        yield address
