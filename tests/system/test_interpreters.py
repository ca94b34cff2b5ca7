"""The Pythons of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.system import interpreters
from cdk_layers.system.interpreters import find_python

if TYPE_CHECKING:
    from cdk_layers.store.local_store import LocalStore

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose only other Pythons are those of a pyenv; its program on the PATH does not start one."""
    folder = tmp_path / "pyenv"
    _program(folder / "shims" / "python2.99", "exit 127")
    monkeypatch.setenv("PYENV_ROOT", str(folder))
    monkeypatch.setenv("PATH", f"{folder / 'shims'}{os.pathsep}{os.defpath}")
    return folder


def test_the_running_python_is_found_outside_of_its_environment(store: LocalStore) -> None:
    """A virtual environment's own packages do not belong to the interpreter."""
    found = find_python(f"{sys.version_info.major}.{sys.version_info.minor}", store)
    assert found is not None
    assert Path(sys.prefix) not in found.parents or sys.prefix == sys.base_prefix


def test_a_python_of_pyenv_is_found_behind_a_program_that_does_not_start(pyenv: Path, store: LocalStore) -> None:
    """It is found again by what is remembered, until it is gone."""
    place = pyenv / "versions" / "2.99.1" / "bin" / "python2.99"
    real = _program(place, f"echo 2.99 cpython {place}")
    assert find_python("2.99", store) == real
    real.write_text("exit 1")
    real.unlink()
    assert find_python("2.99", store) is None


@pytest.mark.parametrize("said", ["echo 2.98 cpython /x", "echo 2.99 pypy /x", "exit 1"])
def test_another_python_is_not_taken_for_it(pyenv: Path, store: LocalStore, said: str) -> None:
    """The folder's name alone says neither the version nor the implementation."""
    _program(pyenv / "versions" / "2.99.1" / "bin" / "python2.99", said)
    assert find_python("2.99", store) is None


def test_programs_on_the_path_are_not_run_where_pyenv_has_the_version(
    pyenv: Path, store: LocalStore, tmp_path: Path
) -> None:
    """They are shell scripts of pyenv, and to run all of them takes longer than to install most layers."""
    place = pyenv / "versions" / "2.99.1" / "bin" / "python2.99"
    real = _program(place, f"echo 2.99 cpython {place}")
    _program(pyenv / "shims" / "python2.99", f"touch {tmp_path / 'run'}; exit 127")
    assert find_python("2.99", store) == real
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("pyenv")
@pytest.mark.parametrize("which", ["--managed-python", "cpython@2.99"])
def test_a_python_that_uv_finds(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    """It may be one that uv installed, or one on the PATH."""
    real = _program(tmp_path / "python2.99", f"echo 2.99 cpython {tmp_path / 'python2.99'}")
    uv = _program(tmp_path / "uv", f'case "$*" in *{which}*) echo {real};; *) exit 2;; esac')
    monkeypatch.setattr(interpreters, "find_uv_bin", lambda: str(uv))
    assert find_python("2.99", store) == real


@pytest.mark.parametrize("error", [FileNotFoundError("Could not find the uv binary"), BlockingIOError(11, "busy")])
def test_uv_that_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, store: LocalStore, tmp_path: Path, error: OSError
) -> None:
    """Without uv, or without another process, no interpreter of another version is found."""

    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(interpreters, "find_uv_bin", fail)
    monkeypatch.setenv("PYENV_ROOT", os.fspath(tmp_path / "none"))
    assert find_python("3.1", store) is None
