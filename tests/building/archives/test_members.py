"""Executable files of an entry, on systems with and without modes of files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from cdk_layers.building.archives import members
from cdk_layers.building.archives.members import collect
from cdk_layers.errors import EntryChangedError

if TYPE_CHECKING:
    from pathlib import Path

_FILES: Final = {
    "bin/script": b"#!/bin/sh\n", "bin/native": b"\x7fELF\2\1", "run.py": b"#!/usr/bin/env python3\r\n",
    "main.py": b"# !\n", "empty": b"", "text.md": b"# Title\n", "data.bin": b"\x7fEL",
}  # fmt: skip
_PROGRAMS: Final = {"bin/native", "bin/script", "run.py"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with programs and other files."""
    for name, data in _FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def _executable(folder: Path) -> set[str]:
    return {member.name for member in collect(folder) if member.executable}


def test_programs_without_modes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows records no executable files, so they are recognized by their first bytes."""
    monkeypatch.setattr(members, "_IS_WINDOWS", True)
    assert _executable(folder) == _PROGRAMS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_programs_where_every_file_has_one_mode(folder: Path) -> None:
    """On exFAT and /mnt/c of WSL each file has mode 777, and the archive is the same as of another file system."""
    for name in _FILES:
        (folder / name).chmod(0o777)
    assert _executable(folder) == _PROGRAMS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("plain", [0o644, 0o666])
def test_programs_by_their_modes(folder: Path, plain: int) -> None:
    """Elsewhere modes decide, also where new files get mode 666 and 777, as in jobs of GitLab."""
    for name in _FILES:
        (folder / name).chmod(0o777 if name in {"main.py", "bin/script"} else plain)
    assert _executable(folder) == {"main.py", "bin/script"}


@pytest.mark.parametrize(("asked", "removed"), [("run.py", "text.md"), ("bin/", "bin")])
def test_what_disappears_meanwhile(folder: Path, asked: str, removed: str) -> None:
    """A file that an editor removes while the folder is listed is not an obstacle, but a change."""

    def remove(path: str) -> bool:
        if path == asked:
            (folder / removed).rename(folder.parent / removed)
        return False

    with pytest.raises(EntryChangedError, match=rf"^'{removed}' in .* was removed\."):
        collect(folder, excluded=remove)
