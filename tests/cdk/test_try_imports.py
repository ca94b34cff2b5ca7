"""The option `try_imports`: packages are imported at synthesis, and an error names what breaks."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import App, Stack

from cdk_layers import BrokenImportError, LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.cli import main
from cdk_layers.errors import BuildError
from cdk_layers.local import runner
from cdk_layers.local.runner import this_architecture
from cdk_layers.system.interpreters import find_python
from tests.building.distributions import write_wheel
from tests.local.apps import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OTHER: Final = "arm64" if this_architecture() == "x86_64" else "x86_64"
_FOREIGN: Final = {"compatible_runtimes": [RUNTIME], "compatible_architectures": [_OTHER]}
_TRIED: Final[dict[str, Any]] = {
    "compatible_runtimes": [RUNTIME], "compatible_architectures": [this_architecture()], "try_imports": True
}  # fmt: skip


def _elf(machine: int) -> bytes:
    """Return the header of a shared library for a machine, by its number in e_machine."""
    head = struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0)
    return b"\x7fELF\x02\x01\x01" + bytes(9) + head


def _entry(folder: Path, name: str, wheels: Mapping[str, Mapping[str, str]]) -> Path:
    entry = folder / name
    for wheel, files in wheels.items():
        write_wheel(entry, wheel, files)
    entry.mkdir(exist_ok=True)
    lines = [f"./{wheel}-1.0-py3-none-any.whl\n" for wheel in wheels]
    (entry / "requirements.txt").write_text("".join(lines), encoding="utf-8")
    return entry


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An entry with a package that needs one of its modules, one that needs nothing, and one that never works."""
    return _entry(tmp_path, "data", {
        "fine": {"fine.py": ""},
        "needy": {"needy/__init__.py": "from needy import words", "needy/words.py": "", "needy/more/a.py": ""},
        "never": {"never.py": "import no_such_library"},
    })  # fmt: skip


def test_names_what_trimming_broke(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names layer, entry, module, exception, what was left out of it, and what to do; the rest is noted."""
    stack = Stack(App(), "Hub")
    excludes = ["needy/words.py", "needy/more/"]
    with pytest.raises(BrokenImportError) as caught:
        SharedPythonLayer(stack, "Data", entry=data, dependency_excludes=excludes, **_TRIED)
    message = str(caught.value)
    assert message.startswith(
        f"Layer 'Hub/Data' (entry {str(data)!r}): 1 of 3 packages cannot be imported in {RUNTIME}"
    )
    assert "\n  needy: ImportError: cannot import name 'words' from " in message
    assert "(left out: python/needy/words.py)" in message
    assert "Left out: excluded" in message
    assert "Change the patterns in dependency_excludes." in message
    assert "To build it as it is, pass try_imports=False." in message
    assert not stack.node.try_find_child("Data")
    assert "Layer 'Hub/Data': never cannot be imported, untrimmed neither: ModuleNotFound" in capsys.readouterr().err


def test_the_command_compares_with_the_untrimmed_build(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in the build cache of the machine that built both, so nothing has to be named."""
    app = App(outdir=str(tmp_path / "out"))
    options = {**_TRIED, "try_imports": False, "entry": data}
    for name, excludes in (("Whole", []), ("Trimmed", ["needy/words.py"])):
        SharedPythonLayer(Stack(app, name), "Data", dependency_excludes=excludes, **options)
    app.synth()
    capsys.readouterr()
    assert main(["try-imports", "Trimmed/Data", str(tmp_path / "out"), "--format", "json"]) == 1
    failed = json.loads(capsys.readouterr().out)["failed"]
    assert {each["name"]: each["fails_untrimmed"] for each in failed} == {"needy": False, "never": True}


def test_every_failure_counts_where_nothing_was_trimmed(data: Path) -> None:
    """There is no untrimmed content to compare with then, and the remedy is another one."""
    with pytest.raises(
        BrokenImportError, match="never: ModuleNotFoundError: No module named 'no_such_library'"
    ) as caught:
        MultiLayerStack(App(), "Hub", layers={"data": {"entry": data}}, **_TRIED)
    assert "Nothing was trimmed. Add what is missing to the requirements, or drop the distribution." in str(
        caught.value
    )


def test_imports_once_for_each_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A synthesis without changes imports nothing, and the option changes no key, digest or asset hash."""
    entry = _entry(tmp_path, "fine", {"lucky": {"lucky.py": ""}})
    layer = SharedPythonLayer(Stack(App(), "S"), "L", entry=entry, **_TRIED)

    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(runner.Runner, "find_runtime", fail)
    again = SharedPythonLayer(Stack(App(), "S"), "L", entry=entry, **_TRIED)
    plain = SharedPythonLayer(Stack(App(), "S"), "L", entry=entry, **{**_TRIED, "try_imports": False})
    assert capsys.readouterr().err.count("Built layer") == 1
    assert layer.digest == again.digest == plain.digest
    assert layer.asset_hash == again.asset_hash == plain.asset_hash
    other = "python3.13" if RUNTIME != "python3.13" else "python3.12"
    with pytest.raises(AssertionError):  # the same content, and no import in this Python so far
        SharedPythonLayer(Stack(App(), "S"), "L", entry=entry, **{**_TRIED, "compatible_runtimes": [other]})


def test_imports_nothing_where_there_are_no_distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry's own files are not imported, so that neither a Python nor the runtime client is looked for."""
    monkeypatch.setattr(runner.Runner, "find_runtime", _fail)
    (_entry(tmp_path, "own", {}) / "own.py").write_text("raise ValueError", encoding="utf-8")
    layer = SharedPythonLayer(Stack(App(), "S"), "L", entry=tmp_path / "own", **_TRIED)
    assert layer.distributions == {}


@pytest.mark.parametrize("reason", ["architecture", "python", "client"])
def test_says_once_where_it_cannot_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """Another architecture, or no such Python here, is one warning that says what to do, and nothing is claimed."""
    files = {f"odd_{reason}.py": "raise ValueError"}
    options: dict[str, Any] = dict(_TRIED)
    if reason == "architecture":
        options |= _FOREIGN
    if reason == "python":
        monkeypatch.setattr(runner, "find_python", lambda *_: None)
    if reason == "client":
        monkeypatch.setattr(runner, "runtime_folder", _fail)
    entry = _entry(tmp_path, "odd", {"odd": files})
    (entry / "native.so").write_bytes(_elf(62 if _OTHER == "x86_64" else 183) if reason == "architecture" else b"")
    MultiLayerStack(App(), "Hub", layers={"a": {"entry": entry}, "b": {"entry": entry}}, **options)
    lines = [line for line in capsys.readouterr().err.splitlines() if "try_imports" in line]
    assert len(lines) == 1, lines
    assert "Layer 'Hub/a': try_imports is set, and nothing was imported: " in lines[0]
    assert {
        "architecture": f"it is for {_OTHER}, and this machine is {this_architecture()}: it cannot load 1 native file",
        "python": f"Install one: `uv python install {RUNTIME.removeprefix('python')}`. Other layers and functions",
        "client": "Connect to the index once",
    }[reason] in lines[0]
    if reason == "python":
        monkeypatch.undo()
        with pytest.raises(BrokenImportError, match="odd_python: ValueError"):
            SharedPythonLayer(Stack(App(), "Later"), "a", entry=entry, **options)


def test_one_python_that_is_not_here_excuses_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages of the next layer, or for the next Python of the same layer, are imported."""
    missing = "python3.10" if RUNTIME != "python3.10" else "python3.11"

    def find(version: str, *rest: Any) -> Path | None:
        return None if version == missing.removeprefix("python") else find_python(version, *rest)

    monkeypatch.setattr(runner, "find_python", find)
    entry = _entry(tmp_path, "odd", {"odd": {"odd_here.py": "raise ValueError"}})
    with pytest.raises(BrokenImportError, match="odd_here: ValueError"):
        SharedPythonLayer(Stack(App(), "S"), "L", entry=entry, **{**_TRIED, "compatible_runtimes": [missing, RUNTIME]})


def _fail(*_: object, **__: object) -> None:
    message = "Lambda's runtime client cannot be installed. Connect to the index once."
    raise BuildError(message)


def test_functions_import_next_to_their_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The packages of the code find those of the layers; an imported layer is not here, which a warning says."""
    base = _entry(tmp_path, "base", {"base": {"base.py": "", "broken.py": "raise ValueError('not of the code')"}})
    code = _entry(tmp_path, "code", {"tool": {"tool/__init__.py": "import base, tool.words", "tool/words.py": ""}})
    (code / "main.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    stack = Stack(App(), "Spoke")
    layer = SharedPythonLayer(stack, "Base", entry=base, **{**_TRIED, "try_imports": None})
    options: dict[str, Any] = {
        "entry": code, "handler": "main.handler", "runtime": RUNTIME, "architecture": this_architecture(),
        "try_imports": True,
    }  # fmt: skip
    LayeredFunction(stack, "Fine", layers=[layer], **options)
    with pytest.raises(BrokenImportError, match=r"(?s)1 of 1 package cannot be.*tool: ModuleNotFoundError.*'base'"):
        LayeredFunction(stack, "Alone", **options)
    listed = Stack(App(context={"aws:cdk:bundling-stacks": []}), "Spoke")
    LayeredFunction(listed, "Alone", **options)  # `cdk list` imports nothing, although the build is in the store
    with pytest.raises(BrokenImportError, match=r"tool: .*'tool\.words' \(left out: tool/words\.py\)"):
        LayeredFunction(stack, "Trimmed", layers=[layer], dependency_excludes="words.py", **options)
    arn = "arn:aws:lambda:eu-west-1:333333333333:layer:agent:7"
    LayeredFunction(stack, "Imported", layers=[layer, arn], **options)
    assert f"its layer {arn} is not on this machine. After `cdk synth`, run `cdk-layers" in capsys.readouterr().err


def test_a_layer_whose_content_is_unknown_is_not_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The CDK stages the entry folder of a layer that it does not bundle, and that folder is not the layer."""
    app = App(context={"aws:cdk:bundling-stacks": ["Spoke"]})
    base = _entry(tmp_path, "base", {"base": {"base.py": ""}})
    layer = SharedPythonLayer(Stack(app, "Hub"), "Base", entry=base, docker=True, compatible_runtimes=[RUNTIME])
    code = _entry(tmp_path, "code", {"tool": {"tool.py": "import base"}})
    LayeredFunction(
        Stack(app, "Spoke"), "F", entry=code, handler="main.handler", runtime=RUNTIME, layers=[layer], try_imports=True,
        architecture=this_architecture(),
    )  # fmt: skip
    assert "its layer Hub/Base is not on this machine" in capsys.readouterr().err
