"""Lock files whose own tool cannot export them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.manifests import read_requirements, stored_requirements
from cdk_layers.building.uv import process
from cdk_layers.errors import (
    BuildError,
    CdkLayersError,
    DependencyError,
    EntryChangedError,
    EntryError,
    StaleLockError,
)
from cdk_layers.lambda_service.target import Target
from tests.building.requirements.locks import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


_PROJECT = {
    "pyproject.toml": "[tool.poetry]\nname = 'a'\nversion = '1'\n[tool.poetry.extras]\nx = []\n"
    "[tool.poetry.group.docs.dependencies]\n",
    "poetry.lock": "[metadata]\npython-versions = '>=3.12'\n",
}


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what Poetry exports, of which the last text is the next one; each export adds an empty text before it."""
    texts = ["six==1.17.0\n"]

    def run(command: list[str], **_: Any) -> CompletedProcess[str]:
        Path(command[command.index("--output") + 1]).write_text(texts[-1], encoding="utf-8")
        texts.insert(0, "")
        return CompletedProcess([], 0, "", "")

    monkeypatch.setattr(process, "run", run)
    return texts


def test_what_an_export_depends_on(make_entry: MakeEntry, store: LocalStore, exports: list[str]) -> None:
    """The lock file, its project, and the options that select from it; nothing else makes Poetry run again."""
    entry = make_entry(_PROJECT)
    options = [
        BuildOptions(), BuildOptions(groups=("docs",)), BuildOptions(extras=("x",)),
        BuildOptions(poetry_include_hashes=False), BuildOptions(poetry_without_urls=True),
    ]  # fmt: skip
    for number, each in enumerate(options, start=1):
        for _ in range(2):
            assert [line.name for line in read(entry, store, each).lines] == ["six"]
        assert len(exports) == 1 + number
    for name in _PROJECT:
        before = len(exports)
        with (entry / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        read(entry, store)
        assert len(exports) == 1 + before


def test_an_export_for_another_target(make_entry: MakeEntry, store: LocalStore, exports: list[str]) -> None:
    """That a lock file fits one Python says nothing about others."""
    entry = make_entry(_PROJECT)
    other = Job(entry, Target("3.11", "x86_64"), BuildOptions(), store)
    read(entry, store)
    assert stored_requirements(replace(other, target=Target("3.13", "arm64"))) is None
    assert stored_requirements(other) is None
    assert stored_requirements(Job(entry, Target("3.13", "x86_64"), BuildOptions(), store)) is not None
    with pytest.raises(DependencyError, match=r"3\.11"):
        read_requirements(other)


def test_a_requirement_for_other_targets(make_entry: MakeEntry, store: LocalStore, exports: list[str]) -> None:
    """What the lock file has for others only is known as left out."""
    exports[-1] = "six==1.17.0 ; sys_platform == 'win32'\nidna==3.10\n"
    found = read(make_entry(_PROJECT), store)
    assert [line.name for line in found.lines] == ["idna"]
    assert found.left_out == {"six"}


def test_an_export_with_credentials(make_entry: MakeEntry, store: LocalStore, exports: list[str]) -> None:
    """They are not stored, so each build exports again."""
    exports[-1] = "--index-url https://me:hunter2@a.example/simple\nsix==1.17.0\n"
    entry = make_entry(_PROJECT)
    for number in (1, 2):
        (option,) = read(entry, store).options
        assert "hunter2" in option.value
        assert len(exports) == 1 + number
    stored = [path.read_bytes() for path in store.folder.rglob("*") if path.is_file()]
    assert stored
    assert not any(b"hunter2" in content for content in stored)


def test_a_lock_that_changes_while_it_is_exported(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was exported may be of neither of the two."""
    entry = make_entry(_PROJECT)

    def run(command: list[str], **_: Any) -> CompletedProcess[str]:
        Path(command[command.index("--output") + 1]).touch()
        with (entry / "poetry.lock").open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        return CompletedProcess([], 0, "", "")

    monkeypatch.setattr(process, "run", run)
    with pytest.raises(EntryChangedError, match="changed while it was exported"):
        read(entry, store)
