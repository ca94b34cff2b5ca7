"""What a user reads when a build fails: the construct and the folder first, once, and no traceback of the build."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.aws_lambda import Runtime

from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.errors import BuildError, CdkLayersError, CompatibilityError, DependencyError, EntryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_APP = """
from aws_cdk import App, Stack
from cdk_layers import SharedPythonLayer

stack = Stack(App(outdir="cdk.out"), "Hub")
SharedPythonLayer(stack, "base", entry="layers/base", compatible_runtimes="python3.13")
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack for all tests that only get errors."""
    return Stack(App(outdir=str(tmp_path_factory.mktemp("out"))), "Hub")


def _entry(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"requirements.txt": "no-such-distribution-of-anybody==1.0\n"}, DependencyError),
        ({"requirements.txt": "six==99\n"}, DependencyError),
        ({"requirements.txt": "six ===== 1\n"}, CdkLayersError),
        ({"requirements.txt": "./nowhere.whl\n"}, CdkLayersError),
        ({"pylock.toml": "not toml"}, CdkLayersError),
    ],
)
def test_an_error_begins_with_the_construct_and_the_folder(
    stack: Stack, tmp_path: Path, files: dict[str, str], kind: type[CdkLayersError]
) -> None:
    """Among thirty entries, the first words say which one it is: for a layer, in a stack of layers, for a function."""
    entry = _entry(tmp_path / "entry", files)
    layers = MultiLayerStack(stack, f"L{len(stack.node.children)}", compatible_runtimes="python3.13")
    makers: dict[str, Any] = {
        "Layer 'Hub/Base'": lambda: SharedPythonLayer(stack, "Base", entry=entry, compatible_runtimes="python3.13"),
        f"Layer '{layers.node.path}/base'": lambda: layers.add_layer("base", entry=entry),
        "Function 'Hub/Fn'": lambda: LayeredFunction(stack, "Fn", entry=entry, handler="a.b", runtime="python3.13"),
    }
    for place, make in makers.items():
        with pytest.raises(kind) as caught:
            make()
        assert str(caught.value).startswith(f"{place} (entry {str(entry)!r}): ")
        assert str(caught.value).count("Hub/") == 1
        expected = "".join(traceback.format_exception(caught.value))
        assert "During handling" not in expected
        assert f"cdk_layers{os.sep}building{os.sep}" not in expected


def test_a_layer_that_is_not_right_for_all_targets_begins_so_too(stack: Stack, tmp_path: Path) -> None:
    """So does what is found after the build."""
    entry = _entry(tmp_path / "entry", {"requirements.txt": "orjson==3.11.4\n"})
    with pytest.raises(CompatibilityError) as caught:
        SharedPythonLayer(stack, "Base", entry=entry, compatible_runtimes=["python3.12", "python3.13"])
    assert str(caught.value).startswith(f"Layer 'Hub/Base' (entry {str(entry)!r}): the build for Python 3.12")


@pytest.mark.parametrize("argument", ["entry", "opt_entry"])
def test_a_relative_folder_says_where_it_was_looked_for(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    """A relative path begins where the app was started, which may be another folder than that of the app's file."""
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {argument: "layers/base", "compatible_runtimes": Runtime.PYTHON_3_13}
    with pytest.raises(EntryError) as caught:
        SharedPythonLayer(stack, "Base", **given)
    message = str(caught.value)
    assert message.startswith("Layer 'Hub/Base' (entry ")
    assert f"looked for at {str(tmp_path / 'layers' / 'base')!r}" in message
    assert "Path(__file__).parent / 'layers/base'" in message.replace("\\\\", "/")


def test_a_relative_folder_of_a_function_says_so_too(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function's entry, a file in place of a folder, and an absolute path are named in the same way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.py").touch()
    for entry, expected in (
        ("functions/a", "does not exist: it was looked for at"),
        ("file.py", r"'file\.py' is a file\. Its folder is '\.'\. Pass the folder that"),
        (tmp_path / "file.py", r"file\.py' is a file\. Its folder is "),
        (tmp_path / "b", r"does not exist\. Pass"),
    ):
        with pytest.raises(EntryError, match=rf"^Function 'Hub/Fn' \(entry .*{expected}"):
            LayeredFunction(stack, "Fn", entry=entry, handler="a.b", runtime="python3.13")


def test_docker_that_is_asked_for_and_not_there_is_the_layers(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that names its layer already is left as it is."""
    monkeypatch.setenv("CDK_DOCKER", str(tmp_path / "nothing"))
    with pytest.raises(BuildError, match=r"^Layer 'Hub/Base' needs Docker because of"):
        SharedPythonLayer(stack, "Base", entry=tmp_path, compatible_runtimes="python3.13", docker=True)


def test_a_synthesis_prints_the_error_once(tmp_path: Path) -> None:
    """The whole output of a failing app is a screen, not a book, and ends with the sentence that matters."""
    _entry(tmp_path, {"layers/base/requirements.txt": "six==99\n", "app.py": _APP})
    done = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("b'")]
    assert done.returncode == 1
    assert lines[-1].startswith("cdk_layers.errors.DependencyError: Layer 'Hub/base' (entry ")
    assert done.stderr.count("DependencyError") == 1
    # Newer Pythons quote more lines of each call.
    assert len([line for line in lines if line.startswith('  File "')]) <= 7
