"""The workspace of uv that a folder belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from cdk_layers.building.requirements.workspace import uv_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PROJECT: Final = '[project]\nname = "a"\n'


def _is_member(make_entry: Callable[..., Path], workspace: str, path: str, own: str = "") -> bool:
    root = make_entry(
        {"pyproject.toml": f"[tool.uv.workspace]\n{workspace}\n", f"{path}/pyproject.toml": _PROJECT + own}
    )
    return uv_project(root / path).is_member


@pytest.mark.parametrize(
    ("workspace", "path", "is_member"),
    [
        ("members = ['a/*']", "a/b", True),
        ("members = ['./a/*/']", "a/b", True),
        ("members = ['a/*']", "a/b/c", False),
        ("members = ['a/**']", "a/b/c", True),
        ("members = ['**/c']", "c", True),
        ("members = ['**/c']", "a/b/c", True),
        ("members = ['a/**/c']", "a/b", False),
        ("members = ['a/[bc]', 'x']", "a/c", True),
        ("members = ['a/*']\nexclude = ['a/b']", "a/b", False),
        ("members = 'a/*'", "a/b", False),
        ("", "a/b", False),
    ],
)
def test_members(make_entry: Callable[..., Path], workspace: str, path: str, is_member: bool) -> None:
    """They are named by patterns, where "*" is part of one folder's name and "**" is any number of folders."""
    assert _is_member(make_entry, workspace, path) is is_member


@pytest.mark.parametrize("own", ["[tool.uv.workspace]\nmembers = []\n", "[tool.uv]\nmanaged = false\n"])
def test_a_folder_with_its_own_lock_file(make_entry: Callable[..., Path], own: str) -> None:
    """The root of another workspace, and what uv does not manage, belongs to no workspace above."""
    assert not _is_member(make_entry, "members = ['a']", "a", own)


@pytest.mark.parametrize(
    ("locks", "is_detached"),
    [(("a/uv.lock",), True), (("a/uv.lock", "uv.lock"), False), (("uv.lock",), False), ((), False)],
)
def test_the_lock_file_of_a_member(make_entry: Callable[..., Path], locks: tuple[str, ...], is_detached: bool) -> None:
    """It is that of the workspace, unless only the member has one."""
    files = {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['a']\n", "a/pyproject.toml": _PROJECT}
    root = make_entry({**files, **dict.fromkeys(locks, "")})
    project = uv_project(root / "a")
    assert project.is_detached is is_detached
    assert project.lock == (root / "a" if is_detached else root) / "uv.lock"
