"""Renaming while another program has a file open."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_layers.store.local_store import LocalStore
from cdk_layers.system import renaming


def _refuse(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Path]:
    """Let some renames fail, as Windows does while a virus scanner reads a new file, and return all attempts."""
    attempts: list[Path] = []
    rename = Path.rename

    def refuse(source: Path, target: Path) -> Path:
        attempts.append(source)
        if len(attempts) <= times:
            raise PermissionError(13, "Access is denied", str(source))
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse)
    return attempts


@pytest.mark.parametrize("times", [0, 1, 3])
def test_files_that_are_open_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """A build is kept although another program has opened one of its files for a moment."""
    monkeypatch.setattr(renaming, "_PAUSES", (0.0,) * 3)
    attempts = _refuse(monkeypatch, times)

    def make(folder: Path) -> None:
        (folder / "file").write_bytes(b"1")

    artifact = LocalStore(tmp_path).get_or_make("key", make)
    assert (artifact.folder / "file").read_bytes() == b"1"
    assert len(attempts) == times + 1


@pytest.mark.parametrize("pauses", [(), (0.0, 0.0)])
def test_files_that_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: tuple[float, ...]) -> None:
    """The error is raised in the end; at once where it does not pass by waiting."""
    monkeypatch.setattr(renaming, "_PAUSES", pauses)
    attempts = _refuse(monkeypatch, 9)
    (tmp_path / "a").touch()
    with pytest.raises(PermissionError):
        renaming.rename(tmp_path / "a", tmp_path / "b")
    assert len(attempts) == len(pauses) + 1
