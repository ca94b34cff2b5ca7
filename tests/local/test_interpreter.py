"""The interpreter of a function on machines that differ from a developer's."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.errors import BuildError
from cdk_layers.local import runtime_folder as runtime_module
from cdk_layers.local.execution import ExecutionEnvironment
from cdk_layers.local.runtime_folder import runtime_folder
from tests.local.apps import Log, function_of, invoke, write_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_layers.local.runner import Runner
    from cdk_layers.store.local_store import LocalStore

_NEEDS_ITS_LIBRARY = """#!/bin/sh
case ":$LD_LIBRARY_PATH:" in
    *":{lib}:"*) exec "{python}" "$@" ;;
esac
echo "error while loading shared libraries: libpython3.so" >&2
exit 127
"""


@pytest.mark.parametrize("name", ["runner", "by_paths"])
@pytest.mark.parametrize("before", ["", "/usr/local/cuda/lib64:", ":/usr/lib:"])
def test_python_that_finds_its_library_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, name: str, before: str
) -> None:
    """Functions run with a Python that was moved after it was linked, as on self-hosted runners of GitHub."""
    runner: Runner = request.getfixturevalue(name)
    code = {"main.py": "def handler(event, context):\n    return event"}
    prepared = runner.prepare(function_of(write_app(tmp_path / "app", {"Report": {"Code": code}}), "Report"))
    python, lib = tmp_path / "moved" / "bin" / "python3", tmp_path / "moved" / "lib"
    python.parent.mkdir(parents=True)
    python.write_text(_NEEDS_ITS_LIBRARY.format(lib=lib, python=prepared.python), encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{before}{lib}")
    environment = ExecutionEnvironment(replace(prepared, python=python), sink=Log())
    try:
        assert invoke(environment, 7) == 7
    finally:
        environment.close()


@pytest.mark.parametrize("folder", ["file/uv", "file"])
def test_runtime_without_a_cache_of_uv(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """A cache of uv that cannot be written is not blamed on the connection to the index."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / folder))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(BuildError, match=r"cannot use its cache: .*UV_CACHE_DIR") as caught:
        runtime_folder(store, tmp_path / sys.executable, version)
    assert "Connect" not in str(caught.value)


def test_what_each_runtime_needs_is_in_a_folder_of_its_own(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A debugger is installed although the folder without one is there, and so is what another Python needs."""
    installed: list[tuple[bool, str]] = []

    def install(wanted: Sequence[str], python: Path, folder: Path) -> None:
        folder.mkdir()
        installed.append((runtime_module.DEBUGGER in wanted, str(python)))

    monkeypatch.setattr(runtime_module, "_install", install)
    calls = [("a", False), ("a", True), ("b", False), ("a", False), ("a", True)]
    folders = [runtime_folder(store, Path(python), "3.13", debugger=debugger) for python, debugger in calls]
    assert installed == [(False, "a"), (True, "a"), (False, "b")]
    assert folders[:2] == folders[3:]
