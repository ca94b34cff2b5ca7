"""Small apps of SAM builds, whose functions run here."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.reader import read
from cdk_layers.local.runner import this_architecture
from cdk_layers.local.selection import find_function, local_function

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.local.execution import ExecutionEnvironment, Outcome
    from cdk_layers.local.function import LocalFunction
    from cdk_layers.local.runner import Runner

RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"


def write_app(
    folder: Path, functions: Mapping[str, Any], layers: Mapping[str, Mapping[str, str]] | None = None
) -> Path:
    """Write an app and return its folder.

    Args:
        folder: Where.
        functions: Properties of each function by its name; "Code" are the files of its code, or the folder of another
            function's.
        layers: The files of each layer by its name; a text that begins with "#!" is a program.
    """
    resources: dict[str, Any] = {}
    for name, files in (layers or {}).items():
        _write_files(folder / name, files)
        resources[name] = {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {"ContentUri": name},
            "Metadata": {"SamResourceId": name},
        }
    for name, properties in functions.items():
        code = properties.get("Code", {})
        if not isinstance(code, str):
            _write_files(folder / name, code)
        resources[name] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": code if isinstance(code, str) else name,
                "Handler": "main.handler",
                "Runtime": RUNTIME,
                "Architectures": [this_architecture()],
                **{key: value for key, value in properties.items() if key != "Code"},
            },
            "Metadata": {"SamResourceId": name},
        }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    (folder / "template.yaml").write_text(json.dumps(template))
    return folder


def _write_files(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755 if text.startswith("#!") else 0o644)


def function_of(app: Path, name: str, **environment: str) -> LocalFunction:
    """Return a function of an app."""
    function, _ = local_function(find_function(read(app), name), environment=environment)
    return function


class Log:
    """What a process wrote."""

    def __init__(self) -> None:
        """Begin empty."""
        self.text = ""

    def __call__(self, data: bytes) -> None:
        """Take more."""
        self.text += data.decode()


def invoke(environment: ExecutionEnvironment, event: object, **options: str) -> Any:
    """Return what a handler returned for an event."""
    outcome = environment.invoke(json.dumps(event).encode(), **options)
    assert outcome.error is None, outcome.payload
    return json.loads(outcome.payload)


def error_of(outcome: Outcome) -> Any:
    """Return Lambda's form of an error."""
    assert outcome.error == "Unhandled"
    return json.loads(outcome.payload)


def run_once(runner: Runner, function: LocalFunction, event: object = None) -> tuple[Outcome, str]:
    """Return the outcome of the first invocation in a new environment, and its log."""
    log = Log()
    environment = runner.start(function, log)
    try:
        return environment.invoke(json.dumps(event).encode()), log.text
    finally:
        environment.close()
