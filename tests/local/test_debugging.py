"""A function under a debugger, driven by the debug adapter protocol as editors do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.local.runner import Runner
from cdk_layers.project.user_store import user_store
from tests.local.apps import Log, function_of, write_app
from tests.processes import connect, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
_MAIN: Final = """
import shared

def handler(event, context):
    answer = shared.double(event["n"])
    return answer
"""
_PATIENCE_SECONDS: Final = 180.0


class Editor:
    """A client of the debug adapter protocol.

    Source: https://microsoft.github.io/debug-adapter-protocol/specification.
    """

    def __init__(self, port: int) -> None:
        """Connect, as soon as the debugger listens."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self._socket = connect(port, _PATIENCE_SECONDS)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self._stream = self._socket.makefile("rb")
        self._number = 0

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request and return its number."""
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self._number

    def wait(self, is_it: Callable[[dict[str, Any]], bool]) -> Any:
        """Return the body of the next message that is the one."""
        while True:
            length = 0
            while line := self._stream.readline().strip():
                length = int(line.partition(b":")[2])
            message = json.loads(self._stream.read(length))
            if is_it(message):
                return message.get("body")

    def wait_for_event(self, name: str) -> Any:
        """Return the body of the next event of this name."""
        return self.wait(lambda message: message.get("event") == name)

    def ask(self, command: str, **arguments: Any) -> Any:
        """Return the body of the answer to a request."""
        number = self.send(command, **arguments)
        return self.wait(lambda message: message.get("request_seq") == number)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app whose handler calls into its layer, with the debugger installed."""
    folder = write_app(
        tmp_path_factory.mktemp("debug"),
        {"Report": {"Code": {"main.py": _MAIN}, "Layers": [{"Ref": "Base"}], "Timeout": 1}},
        {"Base": {"python/shared.py": "def double(n):\n    return 2 * n\n"}},
    )
    Runner(user_store(), debug_port=1).prepare(function_of(folder, "Report"))
    return folder


def _unpacked_layer(app: Path) -> Path:
    command = [sys.executable, "-m", "cdk_layers.cli", "paths", "Report", str(app)]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1])


@pytest.mark.parametrize("options", [[], ["--no-isolation"]])
def test_a_breakpoint_in_a_layer(app: Path, options: list[str]) -> None:
    """The function waits for a debugger, stops at breakpoints of sources here, and has no timeout meanwhile."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "cdk_layers.cli",
        "run",
        "Report",
        str(app),
        "--event",
        '{"n": 21}',
        "--debug",
        str(port),
    ]
    run = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        editor = Editor(port)
        editor.ask("initialize", adapterID="python", pathFormat="path")
        mappings = [{"localRoot": str(app / "Base" / "python"), "remoteRoot": "/opt/python"}]
        editor.send("attach", pathMappings=[] if options else mappings, justMyCode=False)
        editor.wait_for_event("initialized")
        source = (_unpacked_layer(app) if options else app / "Base" / "python") / "shared.py"
        editor.ask("setBreakpoints", source={"path": str(source)}, breakpoints=[{"line": 2}])
        editor.ask("configurationDone")
        thread = editor.wait_for_event("stopped")["threadId"]
        frame = editor.ask("stackTrace", threadId=thread)["stackFrames"][0]
        assert (frame["name"], frame["source"]["path"]) == ("double", str(source))
        assert editor.ask("evaluate", expression="n", frameId=frame["id"])["result"] == "21"
        time.sleep(1.2)
        # No answer is read: the function may end, and the debugger with it, before one is sent.
        editor.send("continue", threadId=thread)
        output, error = run.communicate(timeout=_PATIENCE_SECONDS)
        editor.close()
    finally:
        run.kill()
        run.wait()
    assert output == "42\n", error
    assert f"Waiting for a debugger on 127.0.0.1:{port}" in error
    assert "Debugger warning" not in error


def test_a_late_debugger(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time until the debugger is attached is not reported as too slow an initialization."""
    monkeypatch.setattr("cdk_layers.local.execution.INIT_SECONDS", 0.0)
    port, log = free_port(), Log()
    environment = Runner(user_store(), debug_port=port).start(function_of(app, "Report"), log)
    try:
        with ThreadPoolExecutor() as threads:
            outcome = threads.submit(environment.invoke, b'{"n": 21}')
            editor = Editor(port)
            editor.ask("initialize", adapterID="python", pathFormat="path")
            editor.send("attach", pathMappings=[], justMyCode=False)
            editor.wait_for_event("initialized")
            editor.ask("configurationDone")
            assert outcome.result(_PATIENCE_SECONDS).payload == b"42"
        editor.close()
    finally:
        environment.close()
    assert "INIT_REPORT" not in log.text
