"""Which project's settings `cdk-layers check` uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import TODAY, function, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Run

_IGNORING = '[tool.cdk-layers]\nignore = ["handler-not-found"]\n'


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], ["handler-not-found"]),
        (["app"], []),
        (["work"], []),
        (["app", "work"], []),
        (["elsewhere"], ["handler-not-found"]),
    ],
)
def test_the_project_of_the_app_and_that_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run], places: list[str], expected: list[str]
) -> None:
    """A CI job checks the output of an app from a folder of its own, which may have the settings instead."""
    for name in ("app", "work", "elsewhere"):
        (tmp_path / name).mkdir()
    for name in places:
        (tmp_path / name / "pyproject.toml").write_text(_IGNORING)
    path = write(tmp_path / "app", Report=function(handler="nowhere.handler"))
    monkeypatch.chdir(tmp_path / "work")

    assert run("check", path, *TODAY, "--format", "json").rules == expected
