"""Origins of constructs in the assembly: the lines of the user's files, and manifests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk.aws_lambda import Runtime

from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.assembly.reader import read
from cdk_layers.cdk.model.origins import origin_of
from cdk_layers.findings import Origin
from cdk_layers.system.project_paths import checksum_of, project_path
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
    path.write_text(text)
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
        "Own/base": Origin("stacks/own.py", 3, checksum=checksum_of("Layer(")),
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
    assert origins == {
        "Hub/base": None,
        "Hub/data": Origin("layers/layers.toml", 3, checksum=checksum_of('[layers."data"]')),
    }


def _run(name: str, text: str) -> Origin | None:
    """Return the origin of a construct that code creates, which says that it is from a file of this name."""
    found: dict[str, Any] = {"origin_of": origin_of, "__name__": "stacks"}
    exec(compile(text, name, "exec"), found)  # noqa: S102
    origin: Origin | None = found["origin"]
    return origin


def test_code_whose_line_is_in_no_file_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a cell of a notebook, a module in an archive, or a file that was changed since it was loaded."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("\n")
    text = "\norigin = origin_of(None, None)\n"
    for name in ("app.py", "ipykernel_7/1.py", "app.pyz/__main__.py", "<string>", "x" * 5000):
        assert _run(name, text) is None
    (tmp_path / "app.py").write_text(text)
    assert _run("app.py", text) == Origin("app.py", 2, checksum=checksum_of(text))


def test_a_file_whose_name_is_not_unicode_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No assembly can contain such a name, and the CDK's report would be an error."""
    monkeypatch.chdir(tmp_path)
    assert project_path(tmp_path / "\udcff.py") == ""
    assert project_path(tmp_path / "ä b.py") == "ä b.py"


def test_a_project_that_is_reached_by_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by PYTHONPATH. The assembly is the same as that of the folder itself; installed links are not."""
    project, link = tmp_path / "project", tmp_path / "link"
    project.mkdir()
    link.symlink_to(project)
    installed = tmp_path / "site-packages"
    installed.symlink_to(project)
    monkeypatch.chdir(project)
    text = "origin = origin_of(None, None)\n"
    (project / "app.py").write_text(text)
    assert _run(str(link / "app.py"), text) == Origin("app.py", 1, checksum=checksum_of(text))
    assert _run(str(installed / "app.py"), text) is None


def test_the_standard_library_is_not_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although it is in the project: a thread that creates a layer, in an environment of conda's in that folder."""
    library = Path(os.__file__).parent
    monkeypatch.chdir(library)
    assert _run(str(library / "threading.py"), "origin = origin_of(None, None)\n") is None


def test_a_derived_class_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each layer is at the line that creates it, and what a derived stack creates at its line in the stack."""
    monkeypatch.chdir(tmp_path)
    text = (
        "class Layer:\n    def __init__(self):\n        self.origin = origin_of(None, None)\n"
        "class Own(Layer):\n    def __init__(self, *, name):\n        super().__init__()\n"
        "class Hub:\n    def __init__(self):\n        self.layer = Own(name='a')\n"
    )
    for last, line in {"origin = Own(name='b').origin\n": 10, "origin = Hub().layer.origin\n": 9}.items():
        (tmp_path / "app.py").write_text(text + last)
        origin = _run("app.py", text + last)
        assert origin is not None
        assert (origin.file, origin.line) == ("app.py", line)
