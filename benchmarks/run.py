"""Running a function: a new process, a warm process through the service, and many at once."""

from __future__ import annotations

import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.pairs import Pair, alternate, seconds_of, show
from cdk_layers.assembly.reader import read
from cdk_layers.local.runner import Runner, this_architecture
from cdk_layers.local.selection import find_function, local_function
from cdk_layers.project.user_store import user_store

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
_HANDLER: Final = "import boto3\n\ndef handler(event, context):\n    return event\n"
_ROUNDS: Final = 5
_INVOCATIONS: Final = 200
_CONCURRENT: Final = 100
_WORKERS: Final = 4
_COLD_SECONDS: Final = 0.5
_WARM_MILLISECONDS: Final = 10.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        app = _write_app(Path(name))
        imports = _imports(app)
        imported, run = alternate(_ROUNDS, lambda: seconds_of(imports), lambda: seconds_of(_command("run", app)))
        pairs = [
            Pair("run over the handler's imports", run - imported, _COLD_SECONDS, "the limit that we set ourselves", 1),
            Pair("run", run, imported, "importing the handler's module alone", None),
            *_of_service(app),
        ]
        show("Running a function that imports boto3, layers unpacked before", pairs)


def _of_service(app: Path) -> Iterator[Pair]:
    log = app / "log.txt"
    command = [*map(str, _command("serve", app)), "--port", "0", "--workers", str(_WORKERS)]
    with log.open("w") as output:
        server = subprocess.Popen(command, stderr=output)
    try:
        address = _address(server, log)
        connection = http.client.HTTPConnection(address)
        seconds = [_invoke(connection, number)[0] for number in range(_INVOCATIONS)]
        warm = statistics.median(seconds[1:]) * 1000
        yield Pair("a warm invocation", warm, _WARM_MILLISECONDS, "the limit that we set ourselves", 1, unit="ms")
        with ThreadPoolExecutor(_CONCURRENT) as threads:
            answers = list(
                threads.map(lambda n: _invoke(http.client.HTTPConnection(address), n)[1], range(_CONCURRENT))
            )
        answered = float(sum(answer == {"number": number} for number, answer in enumerate(answers)))
        subject = f"answers to {_CONCURRENT} at once, {_WORKERS} workers"
        yield Pair(subject, answered, float(_CONCURRENT), "invocations; none may be lost", None, unit="")
        if answered < _CONCURRENT:
            sys.exit(f"{_CONCURRENT - answered:.0f} invocations were lost")
    finally:
        server.terminate()
        server.wait()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the service listens, as soon as it does."""
    while server.poll() is None:
        if found := re.search(r"http://(\S+)\. ", log.read_text()):
            return found[1]
        time.sleep(0.05)
    sys.exit(f"the service did not start:\n{log.read_text()}")


def _invoke(connection: http.client.HTTPConnection, number: int) -> tuple[float, Any]:
    started = time.perf_counter()
    connection.request("POST", "/2015-03-31/functions/Report/invocations", json.dumps({"number": number}))
    answer = json.loads(connection.getresponse().read())
    return time.perf_counter() - started, answer


def _imports(app: Path) -> list[str | Path]:
    """Return a command that imports the handler's module in the function's Python, and warm the caches of `run`."""
    seconds_of(_command("run", app))
    function, _ = local_function(find_function(read(app), "Report"))
    prepared = Runner(user_store()).prepare(function)
    paths = [str(prepared.folders.task), str(prepared.folders.runtime)]
    return [prepared.python, "-S", "-B", "-c", f"import sys; sys.path[:0] = {paths!r}; import main"]


def _command(name: str, app: Path) -> list[str | Path]:
    command: list[str | Path] = [sys.executable, "-m", "cdk_layers.cli", name]
    return [*command, "Report", app] if name == "run" else [*command, app]


def _write_app(folder: Path) -> Path:
    (folder / "Report").mkdir()
    (folder / "Report" / "main.py").write_text(_HANDLER)
    (folder / "Base" / "python").mkdir(parents=True)
    (folder / "Base" / "python" / "shared.py").write_text("origin = 'base'\n")
    layer = {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {"ContentUri": "Base"},
        "Metadata": {"SamResourceId": "Base"},
    }
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": "Report", "Handler": "main.handler", "Runtime": _RUNTIME, "Timeout": 60,
            "Architectures": [this_architecture()], "Layers": [{"Ref": "Base"}],
        },
        "Metadata": {"SamResourceId": "Report"},
    }  # fmt: skip
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Base": layer, "Report": function}}
    (folder / "template.yaml").write_text(json.dumps(template))
    return folder


if __name__ == "__main__":
    main()
