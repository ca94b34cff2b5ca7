"""Origins of constructs in the assembly: the lines of the user's files, and manifests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk.aws_lambda import Runtime

from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.assembly.reader import read
from cdk_layers.findings import Origin
from tests.cdk.apps import SPOKE, entry, new_app

if TYPE_CHECKING:
    import pytest
    from constructs import Construct

_RUNTIMES = [Runtime.PYTHON_3_13]


def _from_file(scope: Construct, name: str, path: Path) -> None:
    """Create a stack and a layer by a file of the project, as users have them."""
    folder = str(entry(path.parent, name))
    text = (
        f"def make(scope):\n    stack = Stack(scope, {name!r})\n"
        f"    Layer(\n        stack, 'base', entry={folder!r},\n        compatible_runtimes=RUNTIMES)\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    found: dict[str, object] = {"Stack": Stack, "Layer": SharedPythonLayer, "RUNTIMES": _RUNTIMES, "__name__": "stacks"}
    exec(compile(text, str(path), "exec"), found)  # noqa: S102
    found["make"](scope)  # type: ignore[operator]


def test_constructs_remember_the_files_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working folder: not installed code, not what is outside of it, and not in templates."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    app = new_app(project / "cdk.out")
    _from_file(app, "Own", project / "stacks" / "own.py")
    _from_file(app, "Installed", project / ".venv" / "lib" / "python3.13" / "site-packages" / "company" / "stacks.py")
    _from_file(app, "Outside", tmp_path / "outside.py")
    (entry(project, "locked") / "requirements.txt").write_text("# nothing\n")
    stack = Stack(app, "Spoke", env=SPOKE)
    LayeredFunction(stack, "F", runtime=Runtime.PYTHON_3_13, entry="locked", index="locked_code.py", handler="NAME")
    app.synth()

    read_app = read(Path("cdk.out"))
    places = [*(layer.where for layer in read_app.layers), *(function.where for function in read_app.functions)]
    origins = {where.path: where.origin for where in places}
    assert origins == {
        "Own/base": Origin("stacks/own.py", 3),
        "Installed/base": None,
        "Outside/base": None,
        "Spoke/F": Origin(manifest="locked/requirements.txt"),
    }
    assert str(project) not in "".join(file.read_text() for file in Path("cdk.out").glob("*.template.json"))
    assert "own.py" not in Path("cdk.out/Own.template.json").read_text()


def test_a_layer_of_a_folder_is_written_in_its_layers_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the header of its table; without one, it has the line that creates the stack."""
    monkeypatch.chdir(tmp_path)
    for name in ("base", "data"):
        entry(tmp_path / "layers", name)
    (tmp_path / "layers" / "layers.toml").write_text('order = ["base", "data"]\n\n[layers."data"]\ndescription = "D"\n')
    app = new_app(tmp_path / "cdk.out")
    MultiLayerStack.from_directory(app, "Hub", "layers", compatible_runtimes=_RUNTIMES)
    app.synth()

    origins = {layer.where.path: layer.where.origin for layer in read(Path("cdk.out")).layers}
    assert origins == {"Hub/base": None, "Hub/data": Origin("layers/layers.toml", 3)}
