"""Parts of earlier installations that are used instead of an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.parts.reuse import KnownParts, are_independent
from cdk_layers.building.parts.split import Group
from cdk_layers.building.requirements.requirement_line import Place, read_requirement
from cdk_layers.building.requirements.resolution import Basis, Resolution
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], True),
        ([["a.py"], ["b.py"]], True),
        ([["a/b.py", "a/c.py"], ["a/d.py"]], True),
        ([["ab"], ["a/b.py"]], True),
        ([["a/b.py"], ["c.py"], ["a/b.py"]], False),
        ([["a"], ["a/b/c.py"]], False),
        ([["a/b/c.py"], ["a/b"]], False),
    ],
)
def test_distributions_that_share_files(groups: list[list[str]], *, expected: bool) -> None:
    """What uv installs for a pin depends on others if two have one file, or a file and a folder at one place."""
    assert are_independent(groups) == expected


@pytest.mark.parametrize(
    ("line", "platform", "allowed", "is_known"),
    [
        ("six==1.17.0", None, (), True),
        ("six @ https://a.example/six-1.17.0-py3-none-any.whl --hash=sha256:00", None, (), True),
        ("six @ https://a.example/six-1.17.0-py3-none-any.whl", None, (), False),
        ("six==1.17.0", "x86_64-manylinux_2_17", (), False),
        ("six==1.17.0", None, ("other",), False),
    ],
)
def test_pins_whose_files_never_change(
    tmp_path: Path, store: LocalStore, *, line: str, platform: str | None, allowed: tuple[str, ...], is_known: bool
) -> None:
    """A wheel at an address may change, and what other platforms or source builds provide depends on all pins."""
    pin = read_requirement(line, Place("here", (tmp_path,)))
    job = Job(tmp_path, Target("3.13", "x86_64"), BuildOptions(allow_source_builds=allowed), store)
    known = KnownParts(Resolution((pin,), Basis.RESOLVED, platform), job, "")
    store.get_or_make("part", lambda folder: (folder / "archive.zip").touch())
    known.remember([Group("six", ())], ["part"])
    assert known.find() == ({"six": "part"} if is_known else {})
