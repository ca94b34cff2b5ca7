"""Functions with bytecode that was compiled when they were built."""

from __future__ import annotations

import json
import marshal
import sys
import zipfile
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack

from cdk_layers import LayeredFunction, SharedPythonLayer
from cdk_layers.cli import main
from cdk_layers.local.runner import this_architecture
from tests.local.apps import RUNTIME, error_of, function_of, run_once

if TYPE_CHECKING:
    from cdk_layers.local.runner import Runner

_FILES = {
    "layer/fails.py": "def fail():\n    raise ValueError('on purpose')\n",
    "layer/old.py": "print 'old'\n",
    "layer/slow.py": "x = 1\n" * 3000,
    "function/main.py": "import fails, slow\ndef handler(event, context):\n    fails.fail()\n",
}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app of a layer and a function with bytecode, for the Python and the machine of this process."""
    folder = tmp_path_factory.mktemp("bytecode")
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    app = App(outdir=str(folder / "cdk.out"))
    stack = Stack(app, "S")
    layer = SharedPythonLayer(
        stack, "Layer", entry=folder / "layer", compatible_runtimes=RUNTIME,
        compatible_architectures=this_architecture(), bytecode=True,
    )  # fmt: skip
    LayeredFunction(
        stack, "Report", entry=folder / "function", runtime=RUNTIME, handler="main.handler",
        architecture=this_architecture(), layers=layer, bytecode=True,
    )  # fmt: skip
    return Path(app.synth().directory)


def test_tracebacks_show_the_deployed_paths_and_the_source(assembly: Path, runner: Runner) -> None:
    """A stack trace has the places in Lambda and the lines of the source, nothing of the machine that built it."""
    outcome, _ = run_once(runner, function_of(assembly, "Report"))
    trace = error_of(outcome)["stackTrace"]
    assert trace == [
        '  File "/var/task/main.py", line 3, in handler\n    fails.fail()\n',
        "  File \"/opt/python/fails.py\", line 2, in fail\n    raise ValueError('on purpose')\n",
    ]


def test_bytecode_itself_names_the_deployed_paths(assembly: Path) -> None:
    """Executed without an import, which would set other paths, it shows /opt/python and /var/task on any machine."""
    shown = {}
    for archive in filter(zipfile.is_zipfile, assembly.glob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in (name for name in opened.namelist() if name.endswith(".pyc") and "slow" not in name):
                code = marshal.loads(opened.read(name)[16:])  # noqa: S302 - of this test
                functions = [each for each in code.co_consts if isinstance(each, CodeType)]
                shown[name] = {each.co_filename for each in (code, *functions)}
    tag = sys.implementation.cache_tag
    assert shown == {
        f"python/__pycache__/fails.{tag}.pyc": {"/opt/python/fails.py"},
        f"__pycache__/main.{tag}.pyc": {"/var/task/main.py"},
    }


def test_tracebacks_without_isolation(assembly: Path, by_paths: Runner) -> None:
    """Where the folders cannot be at their places, import sets the paths of what it loads: nothing of the build."""
    outcome, _ = run_once(by_paths, function_of(assembly, "Report"))
    main, fails = error_of(outcome)["stackTrace"]
    assert main.endswith('/content/main.py", line 3, in handler\n    fails.fail()\n')
    assert fails.endswith("/content/python/fails.py\", line 2, in fail\n    raise ValueError('on purpose')\n")
    assert str(assembly.parent) not in main + fails


def test_what_cannot_be_compiled_is_reported(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A module for Python 2 stays a source, and `cdk-layers sizes` names it with the reason."""
    assert main(["sizes", str(assembly), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (module,) = document["layers"][0]["uncompiled"]
    assert module.startswith("python/old.py (line 1: Missing parentheses in call to 'print'")
    assert document["functions"][0]["uncompiled"] == []


def test_bytecode_is_used(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is unpacked here keeps its bytecode valid, so that start-time measures what Lambda does, and the saving."""
    assert main(["start-time", "Report", str(assembly), "--runs", "3", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytecode_saves_seconds"] > 0
