"""Functions with bytecode that was compiled when they were built."""

from __future__ import annotations

import json
from pathlib import Path
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


def test_bytecode_is_used(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is unpacked here keeps its bytecode valid, so that start-time measures what Lambda does, and the saving."""
    assert main(["start-time", "Report", str(assembly), "--runs", "3", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytecodeSavesSeconds"] > 0
