"""What a function's process leaves behind, and what isolates it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.local.execution import ExecutionEnvironment
from cdk_layers.local.sandbox import Sandbox
from cdk_layers.system import temporary_folders
from tests.local.apps import Log, error_of, function_of, invoke, run_once, write_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.local.runner import Runner

_MAIN: Final = """
import os, subprocess, sys, time

def handler(event, context):
    return eval(event["code"])
"""
_SLEEPER: Final = "subprocess.Popen(['sleep', '987654'], start_new_session=True).pid and 1"
_PATIENCE_SECONDS: Final = 20.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with one function and one layer."""
    return write_app(
        tmp_path_factory.mktemp("sandbox"),
        {"Report": {"Code": {"main.py": _MAIN}, "Layers": [{"Ref": "Base"}], "Timeout": 30}},
        {"Base": {"bin/greet": "#!/bin/sh\necho hello", "python/shared.py": "origin = 'base'"}},
    )


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _processes_with(marker: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in command:
            found.append(command)
    return found


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep temporary folders of this test apart."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_what_differs_without_isolation_is_said(app: Path, by_paths: Runner) -> None:
    """By paths, modules and programs of layers are found as well, and the differences are sentences."""
    log = Log()
    environment = by_paths.start(function_of(app, "Report"), log)
    try:
        assert "isolation is switched off" in environment.differences[0]
        assert "nothing is read-only" in environment.differences[1]
        assert invoke(environment, {"code": "__import__('shared').origin"}) == "base"
        greeting = "subprocess.run(['greet'], capture_output=True).stdout.decode()"
        assert invoke(environment, {"code": greeting}) == "hello\n"
        path = invoke(environment, {"code": "sys.path"})
        assert not [folder for folder in path if folder.startswith(sys.prefix)]
        assert path[0] == invoke(environment, {"code": "os.getcwd()"})
    finally:
        environment.close()


@pytest.mark.parametrize("name", ["runner", "by_paths"])
def test_a_closed_environment_leaves_nothing(
    app: Path, own_temporary_folder: Path, request: pytest.FixtureRequest, name: str
) -> None:
    """Processes that a handler started in a session of their own end with it, and its /tmp is removed."""
    if name == "by_paths" and not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("this kernel lists no children")
    seconds = str(time.time_ns() % 10**9 + 10**9)
    code = _SLEEPER.replace("987654", seconds)
    outcome, _ = run_once(request.getfixturevalue(name), function_of(app, "Report"), {"code": code})
    assert outcome.error is None
    assert _until(lambda: not _processes_with(seconds))
    assert list(own_temporary_folder.iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--no-isolation"]])
def test_a_killed_run_leaves_no_process_and_no_mount(
    app: Path, runner: Runner, own_temporary_folder: Path, options: list[str]
) -> None:
    """After SIGKILL everything ends by itself, and the next run removes the folder that became /tmp."""
    seconds = str(time.time_ns() % 10**9 + 10**9)
    event = json.dumps({"code": f"subprocess.run(['sleep', '{seconds}'])"})
    command = [sys.executable, "-m", "cdk_layers.cli", "run", "Report", str(app), "--event", event, *options]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert _until(lambda: any(line.startswith("sleep") for line in _processes_with(seconds)))
    finally:
        run.kill()
        run.wait()
    assert _until(lambda: not _processes_with(seconds))
    assert str(own_temporary_folder) not in Path("/proc/self/mounts").read_text()
    (left,) = own_temporary_folder.iterdir()
    os.utime(left, (0, 0))
    temporary_folders._remove_stale.cache_clear()
    run_once(runner, function_of(app, "Report"), {"code": "None"})
    assert list(own_temporary_folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_cleans_up(app: Path, own_temporary_folder: Path, number: signal.Signals) -> None:
    """SIGTERM and Ctrl+C end the function, remove its /tmp and give no traceback."""
    seconds = str(time.time_ns() % 10**9 + 10**9)
    event = json.dumps({"code": f"subprocess.run(['sleep', '{seconds}'])"})
    command = [sys.executable, "-m", "cdk_layers.cli", "run", "Report", str(app), "--event", event]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert _until(lambda: any(line.startswith("sleep") for line in _processes_with(seconds)))
    run.send_signal(number)
    _, error = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "Traceback" not in error
    assert list(own_temporary_folder.iterdir()) == []
    assert _until(lambda: not _processes_with(seconds))


def test_other_functions_run_while_one_is_started_by_a_thread_that_ended(app: Path, runner: Runner) -> None:
    """A process lives on when the thread that started it has ended."""
    found: list[Any] = []
    thread = Thread(target=lambda: found.append(runner.start(function_of(app, "Report"), Log())))
    thread.start()
    thread.join()
    (environment,) = found
    try:
        assert invoke(environment, {"code": "1 + 1"}) == 2
    finally:
        environment.close()


def test_no_event_and_no_value_is_in_a_log_of_ours(app: Path) -> None:
    """The command writes neither the event nor values of variables, also when the function fails."""
    event = json.dumps({"code": "sys.exit(4)", "secret": "s3cret-event"})
    for options in ([], ["--no-isolation"]):
        done = subprocess.run(
            [sys.executable, "-m", "cdk_layers.cli", "run", "Report", str(app), "--event", event,
             "--env", "TOKEN=s3cret-value", *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "Runtime.ExitError" in done.stdout
        assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="takes root to give up privileges")
def test_isolation_without_privileges(app: Path) -> None:
    """Without CAP_SYS_ADMIN a user namespace permits the same; where it is refused too, that is said."""
    code = "[os.getcwd(), os.listdir('/tmp'), sorted(os.listdir('/opt')), os.getpid() < 5]"
    done = subprocess.run(
        ["setpriv", "--bounding-set", "-sys_admin", sys.executable, "-m", "cdk_layers.cli", "run", "Report", str(app),
         "--event", json.dumps({"code": code})],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "not isolated" not in done.stderr:
        assert json.loads(done.stdout) == ["/var/task", [], ["bin", "python"], True]


def test_a_refused_namespace_is_said(app: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel refuses is named, and the function runs by paths."""
    monkeypatch.setattr(Sandbox, "_isolated", lambda sandbox: {**sandbox._by_paths(), "is_isolated": True, "mounts": {
        "/opt": "/not/there"}, "temporary": "/not/there"})  # fmt: skip
    environment = runner.start(function_of(app, "Report"), Log())
    try:
        assert invoke(environment, {"code": "1"}) == 1
        assert "No such file or directory" in environment.differences[0]
    finally:
        environment.close()


def test_without_the_native_part_of_the_runtime_client(app: Path, by_paths: Runner, tmp_path: Path) -> None:
    """Where awslambdaric has no compiled module for the system, events, results and errors are the same."""
    prepared = by_paths.prepare(function_of(app, "Report"))
    ignored = shutil.ignore_patterns("runtime_client.*", "boto*", "__pycache__")
    runtime = shutil.copytree(prepared.folders.runtime, tmp_path / "runtime", ignore=ignored)
    log = Log()
    environment = ExecutionEnvironment(replace(prepared, folders=replace(prepared.folders, runtime=runtime)), sink=log)
    try:
        assert invoke(environment, {"code": "[sys.modules['runtime_client'].__file__[-26:], 'ü']"}) == [
            "fallback/runtime_client.py", "ü",
        ]  # fmt: skip
        assert error_of(environment.invoke(b'{"code": "1 / 0"}'))["errorType"] == "ZeroDivisionError"
        assert invoke(environment, {"code": "context.function_name"}) == "Report"
        large = environment.invoke(b'{"code": "7_000_000 * \'x\'"}')
        assert error_of(large)["errorType"] == "Function.ResponseSizeTooLarge"
    finally:
        environment.close()
