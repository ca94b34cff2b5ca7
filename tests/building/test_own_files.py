"""Which files of an entry are its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from cdk_layers.building import excludes
from cdk_layers.building.excludes import DEFAULT_EXCLUDES, TOP_EXCLUDES
from cdk_layers.building.requirements.manifest_names import NEVER_ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = [
    *(pattern.strip("*/") for pattern in (*DEFAULT_EXCLUDES, *TOP_EXCLUDES)), "requirements-dev.txt", *NEVER_ARCHIVED,
    "a.pyc", "b.egg-info", "a", "lib dir", "x[1]", "!y",
]  # fmt: skip
_PLACES = (*NEVER_ARCHIVED, "lib dir", "a/x[1]", "!y")


def _judges() -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    lines = [*DEFAULT_EXCLUDES, *(f"/{one}" for one in TOP_EXCLUDES), *map(excludes._escaped, _PLACES)]
    return excludes.exclusion(Path("nowhere"), _PLACES, ()), GitIgnoreSpec.from_lines(lines).match_file


@given(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3), st.sampled_from(["", "/"]))
def test_without_escapeds_as_with_them(parts: list[str], end: str) -> None:
    """Without patterns of the user, what stays out is what a .gitignore of the same lines would keep out."""
    ours, gitignore = _judges()
    above = ["/".join(parts[:count]) + "/" for count in range(1, len(parts))]
    # The content of a folder that stays out is not read.
    if not any(map(ours, above)):
        path = "/".join(parts) + end
        assert not any(map(gitignore, above))
        assert ours(path) == bool(gitignore(path))
