"""Lock files whose own tool cannot export them."""

from __future__ import annotations

from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.uv import process
from cdk_layers.errors import BuildError, CdkLayersError, EntryError, StaleLockError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[[Mapping[str, str]], Path]

_POETRY = {"pyproject.toml": "[tool.poetry]\nname = 'a'\nversion = '1'\n", "poetry.lock": "[metadata]\n"}
_PIPENV = {"Pipfile": "[packages]\n", "Pipfile.lock": "{}"}


@pytest.mark.parametrize(("files", "said", "error", "words"), [
    (_POETRY, "error: No solution found when resolving tool dependencies", BuildError, "could not be installed"),
    (_PIPENV, "error: No solution found when resolving tool dependencies", BuildError, "could not be installed"),
    (_POETRY, "client error (Connect)\n  invalid peer certificate: UnknownIssuer", BuildError, "UV_SYSTEM_CERTS"),
    (_POETRY, "pyproject.toml changed significantly since poetry.lock", StaleLockError, "stale-lock"),
    (_POETRY, "Group(s) not found: docs", EntryError, "Group.s. not found: docs"),
    (_PIPENV, "Pipfile.lock is corrupted", EntryError, "is corrupted"),
    (_PIPENV, "https://user:hunter2@host/simple failed", EntryError, r"host/simple"),
])  # fmt: skip
def test_what_the_tool_says_is_told_in_short(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch, *,
    files: dict[str, str], said: str, error: type[CdkLayersError], words: str,
) -> None:  # fmt: skip
    """Which lock file, which tool, why, and no secret; a tool that cannot be installed is no fault of the entry."""

    def run(*_: Any, **__: Any) -> CompletedProcess[str]:
        return CompletedProcess([], 1, "", f"warning: noise\n{said}\n")

    monkeypatch.setattr(process, "run", run)
    with pytest.raises(error, match=words) as raised:
        build(make_entry(files), Target("3.13", "x86_64"), store=store)

    assert "hunter2" not in str(raised.value)
    assert "noise" not in str(raised.value)
