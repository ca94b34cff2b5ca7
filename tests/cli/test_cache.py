"""`cdk-layers cache`: what it prints, and its exit status."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.project.user_store import user_store
from cdk_layers.store.local_store import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a cache with two artifacts, a memo and a folder of an older version."""
    monkeypatch.setenv("CDK_LAYERS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    store = LocalStore(tmp_path / "cache")
    for key in ("a", "b"):
        store.get_or_make(key, lambda scratch: _write(scratch / "archive.zip"))
    os.utime(store.folder / "2/artifacts/a", (time.time() - 10 * 24 * 3600,) * 2)
    store.remember("memo", 1)
    store.release()
    (store.folder / "1" / "entries").mkdir(parents=True)
    return store.folder


def _write(path: Path) -> None:
    path.write_bytes(bytes(1024 * 1024))


def test_info(run: Callable[..., Run], folder: Path) -> None:
    """The folder, each kind with its number and size, and the limit."""
    table = run("cache", "info")
    assert table.status == 0
    assert str(folder) in table.out
    assert "Packed parts and records of layers" in table.out
    assert "2.0 MiB of 5.0 GiB (0%)" in table.out
    report = run("cache", "info", "--format", "json").json
    assert report["path"] == str(folder)
    assert report["kinds"]["artifacts"]["count"] == 2
    assert report["kinds"]["older"]["count"] == 1
    assert report["max_bytes"] == 5 * 1024**3


def test_path(run: Callable[..., Run], folder: Path) -> None:
    """The folder alone, for scripts."""
    assert run("cache", "path").out == f"{folder}\n"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ((), ["a", "b"]), (("--max-size", "1500kB"), ["b"]), (("--older-than", "7d"), ["b"]), (("--all",), []),
        (("--all", "--dry-run"), ["a", "b"]), (("--max-size", "1MiB", "--older-than", "7d"), []),
    ],
)  # fmt: skip
def test_prune(run: Callable[..., Run], folder: Path, arguments: tuple[str, ...], left: list[str]) -> None:
    """What the options name goes, and --dry-run only reports it, in a table and as JSON."""
    done = run("cache", "prune", *arguments, "--format", "json")
    assert done.status == 0
    assert sorted(path.name for path in (folder / "2/artifacts").iterdir()) == left
    removed = 2 if "--dry-run" in arguments else 2 - len(left)
    assert done.json["removed"].get("artifacts", {"count": 0})["count"] == removed
    assert done.json["freed_bytes"] >= removed * 1024 * 1024
    assert done.err == ""
    table = run("cache", "prune", *arguments)
    total = table.out.splitlines()[-1]
    assert (total.count("would be freed"), total.count("would be left")) == (
        (1, 1) if "--dry-run" in arguments else (0, 0)
    )


def test_prune_says_what_stays(run: Callable[..., Run], folder: Path) -> None:
    """What a process uses is counted."""
    user_store().find("a")
    assert "In use by running processes, and so not removed: 1 item, 1.0 MiB" in run("cache", "prune", "--all").out
    user_store().release()
    assert folder.is_dir()


def test_prune_that_could_not_remove_everything(
    run: Callable[..., Run], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What belongs to another user is counted, and the exit status is 1."""

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    done = run("cache", "prune", "--all", "--format", "json")
    assert (done.status, done.json["failed"]["count"]) == (1, 1)
    assert [path.name for path in (folder / "2/memos").iterdir()] == ["memo"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--max-size", "5"), "--max-size is '5', which is not a size with its unit"),
        (("--older-than", "7"), "'7' is not an age. Write one such as 90m, 12h, 7d or 4w."),
        (("--all", "--older-than", "7d"), "--all removes everything"),
    ],
)
def test_arguments_that_mean_nothing(
    run: Callable[..., Run], folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Exit status 2, and a sentence."""
    done = run("cache", "prune", *arguments)
    assert done.status == 2
    assert said in done.err
    assert folder.is_dir()


def test_verify(run: Callable[..., Run], folder: Path) -> None:
    """What is damaged is listed with exit status 1, and then removed."""
    assert run("cache", "verify").out == "3 items intact, 0 damaged\n"
    (folder / "2/artifacts/a/archive.zip").write_bytes(b"damaged")
    (folder / "2/memos/memo").write_bytes(b"damaged")
    done = run("cache", "verify", "--dry-run", "--format", "json")
    assert (done.status, done.json["damaged"]) == (1, ["2/artifacts/a", "2/memos/memo"])
    done = run("cache", "verify")
    assert done.status == 1
    assert "Damaged, and removed: 2/artifacts/a\n" in done.out
    assert run("cache", "verify").out == "1 item intact, 0 damaged\n"


@pytest.mark.parametrize(
    ("variable", "setting", "size"),
    [
        (None, None, 5 * 1024**3), ("2 GiB", None, 2 * 1024**3), (None, "1 GiB", 1024**3),
        ("unlimited", "1 GiB", None), (None, "unlimited", None),
    ],
)  # fmt: skip
def test_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, setting: str | None, size: int | None
) -> None:
    """The environment variable overrides the project's setting, which overrides 5 GiB."""
    if variable:
        monkeypatch.setenv("CDK_LAYERS_CACHE_SIZE", variable)
    if setting:
        Path("pyproject.toml").write_text(f'[tool.cdk-layers]\ncache-size = "{setting}"\n')
    assert (user_store().folder, user_store().max_bytes) == (folder, size)


def test_limit_that_means_nothing(run: Callable[..., Run], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named."""
    monkeypatch.setenv("CDK_LAYERS_CACHE_SIZE", "much")
    done = run("cache", "info")
    assert (done.status, folder.is_dir()) == (2, True)
    assert "CDK_LAYERS_CACHE_SIZE is 'much', which is not a size with its unit" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
@pytest.mark.parametrize("put", ["folder", "full folder", "link to nothing", "link to itself"])
def test_verify_finds_what_cannot_be_read(run: Callable[..., Run], folder: Path, put: str) -> None:
    """What takes the place of a file, and cannot be read, is damaged like a file with other bytes."""
    memo = next((folder / "2/memos").iterdir())
    memo.unlink()
    if put.startswith("link"):
        memo.symlink_to("nothing" if put == "link to nothing" else memo.name)
    else:
        memo.mkdir()
        if put == "full folder":
            (memo / "x").touch()
    found = run("cache", "verify", "--format", "json")
    assert (found.status, found.json["intact"]) == (1, 2)
    assert not os.path.lexists(memo)
    assert run("cache", "verify").status == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other limits and messages")
@pytest.mark.parametrize("action", ["info", "verify", "prune"])
def test_a_folder_that_cannot_be_read_is_an_error(
    run: Callable[..., Run], action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that the system does not accept is an error with the folder, the reason and the remedy."""
    monkeypatch.setenv("CDK_LAYERS_CACHE_DIR", "a" * 300)
    found = run("cache", action)
    assert found.status == 2
    assert "cannot be read: File name too long. Let CDK_LAYERS_CACHE_DIR name another folder" in found.err
