"""The distributions that files of an archive belong to."""

from __future__ import annotations

import pytest

from cdk_layers.contents.model import Contents, Distribution
from cdk_layers.contents.owners import in_folder, owner

LOWER = Distribution("lower", "1", "python", 0, top_level=("lower", "shared.py"))
DEEPER = Distribution("deeper", "1", "python/lib/python3.13/site-packages", 0, top_level=("deeper", "lib"))
ROOT = Distribution("root", "1", "", 0, top_level=("root", "bin"))
CONTENTS = Contents(0, {}, (DEEPER, LOWER, ROOT))


def test_distributions_of_a_folder() -> None:
    """Only the distributions whose metadata is directly in a folder are in it."""
    assert [in_folder(CONTENTS, folder) for folder in ("python", "", "bin")] == [(LOWER,), (ROOT,), ()]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("python/lower/a.py", "lower"),
        ("python/lower", "lower"),
        ("python/shared.py", "lower"),
        ("python/other/a.py", None),
        ("python/lib/python3.13/site-packages/deeper/a.so", "deeper"),
        ("python/lib/python3.13/site-packages/lower/a.so", None),
        ("root/a.py", "root"),
        ("bin/tool", "root"),
        ("pythonic/lower/a.py", None),
        ("lower/a.py", None),
    ],
)
def test_owner_of_a_file(path: str, name: str | None) -> None:
    """A file belongs to the distribution with its top-level name in the folder that it is in."""
    assert owner(CONTENTS, path) == name


def test_the_deepest_folder_decides() -> None:
    """A folder of an outer distribution does not take the files of an inner one."""
    outer = Distribution("outer", "1", "python", 0, top_level=("lib",))
    assert owner(Contents(0, {}, (outer, DEEPER)), "python/lib/python3.13/site-packages/deeper/a.py") == "deeper"
