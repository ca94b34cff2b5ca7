"""What happens between the environment of a function and its handler, as in bootstrap.py of the managed runtimes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.system.interpreters import find_python
from tests.local.apps import error_of, function_of, invoke, run_once, write_app

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.local.runner import Runner

_MAIN: Final = """
import builtins, os, pathlib, sys

started = sys.modules["__main__"]


def handler(event, context):
    return {
        "options": sys._xoptions, "site": getattr(builtins, "customized", None), "home": str(pathlib.Path.home()),
        "client": started.awslambdaricmain.bootstrap.__name__,
        "variables": dict(os.environ), "path": sys.path, "arguments": sys.argv[1:],
    }
"""
_OTHER_HANDLER: Final = """
import importlib, os

def handler(event, context):
    module, _, name = os.environ["ORIGINAL"].rpartition(".")
    return {"wrapped": True, **getattr(importlib.import_module(module), name)(event, context)}
"""
_WRAPPERS: Final = {
    # The developer guide, "Modifying the runtime environment": options before the last argument.
    "options": """#!/bin/bash
args=("$@")
extra_args=("-X" "dev")
args=("${args[@]:0:$#-1}" "${extra_args[@]}" "${args[@]: -1}")
exec "${args[@]}"
""",
    # open-telemetry/opentelemetry-lambda, otel-instrument: another handler, and the arguments in one line of a shell.
    "handler": """#!/usr/bin/env python3
import os, sys
os.environ["ORIGINAL"] = os.environ["_HANDLER"]
os.environ["_HANDLER"] = "wrapped.handler"
sys.exit(os.system(" ".join(sys.argv[1:])) >> 8)
""",
    # The same in newer versions: a search path that leads to a sitecustomize.
    "path": """#!/bin/sh
export PYTHONPATH="/opt/instrumentation:/opt/python:$PYTHONPATH"
exec "$@"
""",
    "without_interpreter": 'export OPTION=given\nexec "$@"\n',
    "not_executable": "exit 0\n",
}
_LAYER: Final = {
    **_WRAPPERS,
    "python/wrapped.py": _OTHER_HANDLER,
    "instrumentation/sitecustomize.py": "import builtins\nbuiltins.customized = True\n",
    "python/links.pth": "/opt/vendored\nimport noted\n",
    "python/noted.py": "",
    "vendored/from_layer.py": "",
}
_CODE: Final = {"main.py": _MAIN, "own.pth": "vendored\n", "vendored/from_code.py": ""}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app whose functions have a layer of wrappers."""
    folder = tmp_path_factory.mktemp("wrappers")
    functions: dict[str, Any] = {
        "Plain": {"Code": _CODE, "Layers": [{"Ref": "Wrappers"}]},
        "Hidden": {"Code": {
            "main.py": "def handler(event, context): return 'fine'", "email.py": "", "random.py": "", "urllib3.py": "",
            "awslambdaric/__init__.py": "",
        }},
    }  # fmt: skip
    write_app(folder, functions, {"Wrappers": _LAYER})
    for name in _WRAPPERS:
        (folder / "Wrappers" / name).chmod(0o644 if name == "not_executable" else 0o755)
    return folder


def _run(runner: Runner, app: Path, wrapper: str | None = None, **variables: str) -> Any:
    if wrapper is not None:
        variables["AWS_LAMBDA_EXEC_WRAPPER"] = f"/opt/{wrapper}"
    outcome, log = run_once(runner, function_of(app, "Plain", **variables))
    assert outcome.error is None, log
    return json.loads(outcome.payload)


def test_wrappers_add_options(app: Path, runner: Runner) -> None:
    """The last argument of a wrapper is the program of the runtime, so options of Python go before it."""
    assert _run(runner, app, "options")["options"] == {"dev": True}


@pytest.mark.parametrize("kind", ["runner", "by_paths"])
def test_wrappers_change_the_handler(app: Path, kind: str, request: pytest.FixtureRequest) -> None:
    """The handler is read from _HANDLER when the runtime starts, and no argument needs quotes."""
    outcome = _run(request.getfixturevalue(kind), app, "handler")
    assert (outcome["wrapped"], outcome["variables"]["_HANDLER"]) == (True, "wrapped.handler")
    assert outcome["arguments"] == []
    assert "_CDK_LAYERS_START" not in outcome["variables"]


def test_wrappers_set_the_search_path(app: Path, runner: Runner) -> None:
    """A wrapper sees no PYTHONPATH. One that it sets counts as the function's own, and may have a sitecustomize."""
    outcome = _run(runner, app, "path")
    assert outcome["site"] is True
    assert outcome["variables"]["PYTHONPATH"] == "/opt/instrumentation:/opt/python:"
    assert outcome["path"][:3] == ["/var/task", "/opt/instrumentation", "/opt/python"]
    assert _run(runner, app)["variables"]["PYTHONPATH"] == "/var/runtime"


def test_wrappers_without_an_interpreter(app: Path, runner: Runner) -> None:
    """A wrapper without a "#!" line is run by a shell."""
    assert _run(runner, app, "without_interpreter")["variables"]["OPTION"] == "given"


@pytest.mark.parametrize(
    ("wrapper", "reason", "status"),
    [("missing", "does not exist", 127), ("instrumentation", "does not exist", 127),
     ("not_executable", "is not an executable", 126)],
)  # fmt: skip
def test_wrappers_that_cannot_be_started(app: Path, runner: Runner, wrapper: str, reason: str, status: int) -> None:
    """A wrapper that is missing or not executable ends the runtime with a line that says so."""
    path = f"/opt/{wrapper}"
    outcome, log = run_once(runner, function_of(app, "Plain", AWS_LAMBDA_EXEC_WRAPPER=path))
    assert error_of(outcome)["errorMessage"].endswith(f"Runtime exited with error: exit status {status}")
    assert log.splitlines()[0] == f"{path}: {reason}"
    assert "Traceback" not in log


def test_path_files(app: Path, runner: Runner) -> None:
    """The .pth files of the code and of layers are read: their folders are searched, their imports are done."""
    assert {"/var/task/vendored", "/opt/vendored"} <= set(_run(runner, app)["path"])
    with_own_path = _run(runner, app, PYTHONPATH="/opt/other")["path"]
    assert "/var/task/vendored" in with_own_path
    assert "/opt/vendored" not in with_own_path


def test_modules_that_hide_what_the_runtime_client_imports(app: Path, runner: Runner) -> None:
    """The runtime client is loaded before the function's folders are searched, so they cannot break it."""
    environment = runner.start(function_of(app, "Hidden"), lambda _: None)
    try:
        assert invoke(environment, {}) == "fine"
    finally:
        environment.close()


def test_the_runtime_client_is_where_error_trackers_look_for_it(app: Path, runner: Runner) -> None:
    """The main module names the runtime client as bootstrap.py does, so that SDKs can find and patch it.

    Source: sentry-sdk, integrations/aws_lambda.py, get_lambda_bootstrap.
    """
    assert _run(runner, app)["client"] == "awslambdaric.bootstrap"


@pytest.mark.parametrize("kind", ["runner", "by_paths"])
def test_variables_and_the_home_folder(
    app: Path, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A function sees the variables of X-Ray, and not the home folder of the user, nor what is in it.

    Source: the developer guide, defined runtime environment variables; a Python function that printed `Path.home()`.
    """
    monkeypatch.setenv("HOME", str(tmp_path))
    outcome = _run(request.getfixturevalue(kind), app)
    variables = outcome["variables"]
    assert (variables["AWS_XRAY_CONTEXT_MISSING"], variables["_AWS_XRAY_DAEMON_PORT"]) == ("LOG_ERROR", "2000")
    assert variables["AWS_XRAY_DAEMON_ADDRESS"] == "127.0.0.1:2000"
    assert outcome["home"] == "/home/sbx_user1051"
    assert _run(request.getfixturevalue(kind), app, HOME="/tmp")["home"] == "/tmp"  # noqa: S108


@pytest.mark.parametrize("version", ["3.13", "3.14"])
def test_the_durable_execution_sdk(tmp_path: Path, runner: Runner, version: str) -> None:
    """Functions of newer runtimes import the durable execution SDK without containing it.

    Source: the developer guide, "Supported runtimes for durable functions".
    """
    if find_python(version, runner.store) is None:
        pytest.skip(f"there is no Python {version}")
    code = {
        "main.py": "import aws_durable_execution_sdk_python as sdk\ndef handler(event, context): return sdk.__name__"
    }
    app = write_app(tmp_path, {"Durable": {"Code": code, "Runtime": f"python{version}", "Timeout": 30}})
    outcome, log = run_once(runner, function_of(app, "Durable"))
    assert outcome.payload == b'"aws_durable_execution_sdk_python"', log
