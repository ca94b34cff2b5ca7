"""Lambda's Invoke API on this machine, asked by the real SDK."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_layers.cli.error_output import labelled_log
from cdk_layers.local.app_service import AppService, _stamp
from cdk_layers.local.event import MAX_EVENT_BYTES
from cdk_layers.local.service import MAX_ASYNCHRONOUS_BYTES, Service
from tests.local.apps import Log, write_app
from tests.processes import is_running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.local.runner import Runner

_MAIN: Final = """
import os, time

calls = 0

def handler(event, context):
    if event.get("fail"):
        raise KeyError("table")
    if event.get("mark"):
        open(event["mark"], "x").close()
    time.sleep(event.get("sleep", 0))
    return {"event": event, "pid": os.getpid(), "arn": context.invoked_function_arn, "stage": os.environ.get("STAGE"),
            "custom": context.client_context and context.client_context.custom}
"""
_WORKERS: Final = 2


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with a function that has a name, and one that cannot run here."""
    functions = {
        "Report": {"Code": {"main.py": _MAIN}, "FunctionName": "monthly-report", "Timeout": 20},
        "Deployed": {"Code": {"main.py": _MAIN}, "Environment": {"Variables": {"TABLE": {"Ref": "AWS::StackId"}}}},
        "Node": {"Code": {"index.js": ""}, "Runtime": "nodejs22.x", "Handler": "index.handler"},
    }
    return write_app(tmp_path_factory.mktemp("service"), functions)


@pytest.fixture(scope="module")
def log() -> Log:
    """What the service reported, and what functions wrote."""
    return Log()


@pytest.fixture(scope="module")
def url(app: Path, runner: Runner, log: Log) -> Iterator[str]:
    """The address of a service."""
    functions = AppService(
        app, _WORKERS, lambda function: runner.start(function, log), report=lambda text: log(text.encode())
    )
    service = Service(("127.0.0.1", 0), functions.known, functions.invoke, lambda text: log(text.encode()))
    Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{service.server_address[1]}"
    service.shutdown()
    service.server_close()
    functions.close()


def _client(url: str) -> Any:
    return boto3.client(
        "lambda", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",  # noqa: S106
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
    )  # fmt: skip


@pytest.fixture(scope="module")
def client(url: str) -> Any:
    """The SDK's client of the service."""
    return _client(url)


def _string(size: int) -> str:
    """Return a JSON string of so many bytes."""
    return '"' + "x" * (size - 2) + '"'


def _encoded(text: str) -> str:
    """Return a text as Base64."""
    return base64.b64encode(text.encode()).decode()


def _payload(answer: Any) -> Any:
    return json.loads(answer["Payload"].read())


def test_variables_that_only_a_deploy_knows_are_reported_once(client: Any, log: Log) -> None:
    """A handler that reads one fails by a KeyError, so the service says why it is not set, as `run` does."""
    for _ in range(2):
        client.invoke(FunctionName="Deployed")
    assert log.text.count("the value of TABLE is known only at deploy") == 1
    assert "--env TABLE=VALUE" in log.text


@pytest.mark.parametrize(
    "name",
    [
        "Report", "monthly-report", "template.yaml#Report", "123456789012:function:monthly-report",
        "arn:aws:lambda:us-east-1:123456789012:function:monthly-report",
    ],
)  # fmt: skip
def test_a_function_is_found_by_each_of_its_names(client: Any, name: str) -> None:
    """A construct path, a logical id, a name, a partial and a full ARN name a function."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"key": "ü"}))
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert _payload(answer)["event"] == {"key": "ü"}


def test_qualifiers(client: Any) -> None:
    """A version or an alias is in the context's ARN, however the caller names it."""
    for names in ({"FunctionName": "monthly-report", "Qualifier": "live"}, {"FunctionName": "monthly-report:live"}):
        assert _payload(client.invoke(**names))["arn"].endswith(":function:monthly-report:live")


@pytest.mark.parametrize("name", ["a", "é", "中"])
def test_client_context(client: Any, name: str) -> None:
    """A client context, which SDKs send as Base64, is in the context of the function.

    Source: the Lambda API reference, Invoke, ClientContext.
    """
    context = _encoded(json.dumps({"custom": {"team": name}}, ensure_ascii=False))
    answer = client.invoke(FunctionName="Report", ClientContext=context)
    assert _payload(answer)["custom"] == {"team": name}


def test_no_payload_is_an_empty_object(client: Any) -> None:
    """Without a payload the event is {}."""
    assert _payload(client.invoke(FunctionName="Report"))["event"] == {}


def test_function_errors(client: Any) -> None:
    """A function that fails is a success of the call, with the error as its payload."""
    answer = client.invoke(FunctionName="Report", Payload='{"fail": true}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert _payload(answer)["errorType"] == "KeyError"


def test_log_tail(client: Any) -> None:
    """The end of the log comes with the answer when the caller wants it."""
    answer = client.invoke(FunctionName="Report", LogType="Tail")
    text = base64.b64decode(answer["LogResult"]).decode()
    request = answer["ResponseMetadata"]["RequestId"]
    assert text.startswith(f"START RequestId: {request} Version: $LATEST\n")
    assert "LogResult" not in client.invoke(FunctionName="Report")


def test_dry_run(client: Any, tmp_path: Path) -> None:
    """A dry run answers without running the function."""
    mark = tmp_path / "mark"
    payload = json.dumps({"mark": str(mark)})
    assert client.invoke(FunctionName="Report", InvocationType="DryRun", Payload=payload)["StatusCode"] == 204
    assert not mark.exists()


def test_events(client: Any, log: Log) -> None:
    """An asynchronous invocation is accepted at once, and runs."""
    before = log.text.count("END RequestId")
    assert client.invoke(FunctionName="Report", InvocationType="Event", Payload='{"a": 1}')["StatusCode"] == 202
    deadline = time.monotonic() + 20
    while log.text.count("END RequestId") == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert log.text.count("END RequestId") == before + 1


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        ({"FunctionName": "Other"}, "ResourceNotFoundException", 404),
        ({"FunctionName": "Report", "Payload": "{"}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "Payload": '{"rows": NaN}'}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "Payload": "[" * 100_000}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "Payload": "{}".encode("utf-16")}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "ClientContext": "string"}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "ClientContext": _encoded("{")}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "ClientContext": _encoded("[]")}, "InvalidRequestContentException", 400),
        ({"FunctionName": "Report", "InvocationType": "Later"}, "InvalidParameterValueException", 400),
        ({"FunctionName": "Node"}, "InvalidParameterValueException", 400),
        ({"FunctionName": "Report", "Payload": _string(MAX_EVENT_BYTES + 1)}, "RequestTooLargeException", 413),
        (
            {"FunctionName": "Report", "InvocationType": "Event", "Payload": _string(MAX_ASYNCHRONOUS_BYTES + 1)},
            "RequestTooLargeException", 413,
        ),
    ],
)  # fmt: skip
def test_errors_of_the_service(client: Any, arguments: dict[str, Any], code: str, status: int) -> None:
    """What AWS rejects is rejected with AWS's error."""
    with pytest.raises(ClientError) as caught:
        client.invoke(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_the_largest_event_is_accepted(client: Any) -> None:
    """An event of exactly 6 MB runs."""
    assert client.invoke(FunctionName="Report", Payload=_string(MAX_EVENT_BYTES))["FunctionError"] == "Unhandled"


def test_100_concurrent_invocations(client: Any) -> None:
    """None is lost, each gets its own answer, and no more processes run than there are workers."""
    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(
            lambda number: _payload(client.invoke(FunctionName="Report", Payload=json.dumps({"number": number}))),
            range(100),
        ))  # fmt: skip
    assert [answer["event"]["number"] for answer in answers] == list(range(100))


def test_requests_of_web_pages_are_refused(url: str) -> None:
    """A page that the user visits cannot run functions."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", "/2015-03-31/functions/Report/invocations", "{}", {"Origin": "https://example.com"})
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize(
    "headers", [{"Transfer-Encoding": "chunked"}, {"Content-Length": "many"}, {"Content-Length": "-1"}]
)
def test_a_request_without_a_length_is_refused(url: str, headers: dict[str, str]) -> None:
    """A body whose length is not known is an error, not an empty event."""
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as connection:
        connection.request("POST", "/2015-03-31/functions/Report/invocations", headers=headers)
        with connection.getresponse() as answer:
            assert answer.status == 411
            assert answer.headers["Connection"] == "close"


def test_a_connection_outlives_unknown_operations(url: str) -> None:
    """SDKs keep connections: one that is closed without notice fails the next request, if that is sent too early."""
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as connection:
        for method, path in [("GET", ""), ("PUT", "/concurrency"), ("DELETE", ""), ("POST", "/invocations")]:
            connection.request(method, f"/2015-03-31/functions/Report{path}", body=b"{}")
            with connection.getresponse() as answer:
                answer.read()
            assert connection.sock is not None
    assert answer.status == 200


@pytest.mark.parametrize("operation", ["get_function", "delete_function", "put_function_concurrency"])
def test_other_operations_are_unknown(client: Any, operation: str) -> None:
    """Only Invoke is there."""
    options = {"ReservedConcurrentExecutions": 1} if operation.startswith("put") else {}
    with pytest.raises(ClientError, match=r"UnknownOperationException.*Only Invoke is available here\.") as caught:
        getattr(client, operation)(FunctionName="Report", **options)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_an_environment_that_died_is_replaced(client: Any) -> None:
    """A process that was killed while it waited is not given an invocation."""
    for answer in [_payload(client.invoke(FunctionName="Report")) for _ in range(2)]:
        assert answer["pid"] > 0
    launchers = [
        int(child)
        for children in Path("/proc/self/task").glob("*/children")
        for child in children.read_text().split()
        if is_running(int(child)) and b"launch.py" in Path("/proc", child, "cmdline").read_bytes()
    ]
    for launcher in launchers:
        os.kill(launcher, signal.SIGKILL)
    while any(map(is_running, launchers)):
        time.sleep(0.01)
    assert _payload(client.invoke(FunctionName="Report"))["event"] == {}


def test_a_changed_assembly_is_read_again(app: Path, client: Any, log: Log) -> None:
    """The next invocation after a synthesis uses the new code and settings; a broken assembly leaves the old ones."""
    template = app / "template.yaml"
    document = json.loads(template.read_text())
    assert _payload(client.invoke(FunctionName="Report"))["stage"] is None
    app.rename(app.with_name("away"))
    assert _payload(client.invoke(FunctionName="Report"))["stage"] is None
    assert "cannot be read yet: There is no file or folder" in log.text
    app.with_name("away").rename(app)
    template.write_text("{")
    assert _payload(client.invoke(FunctionName="Report"))["stage"] is None
    assert "cannot be read yet" in log.text
    document["Resources"]["Report"]["Properties"]["Environment"] = {"Variables": {"STAGE": "new"}}
    template.write_text(json.dumps(document))
    assert _payload(client.invoke(FunctionName="Report"))["stage"] == "new"
    assert "was read again" in log.text
    shutil.rmtree(app / "Report")
    (app / "Report").mkdir()
    (app / "Report" / "main.py").write_text(_MAIN.replace('{"event"', '{"code": "new", "event"'))
    assert _payload(client.invoke(FunctionName="Report"))["code"] == "new", "the template is the same"


@pytest.mark.parametrize("name", ["cdk.out", "cdk.out/assembly-Prod", "cdk.out/assembly-Prod/assembly-Inner"])
def test_a_template_of_a_stage_that_changed(tmp_path: Path, name: str) -> None:
    """Stages have folders of their own, an edit may leave the size as it is, and a dead link changes nothing."""
    (tmp_path / name).mkdir(parents=True)
    template = tmp_path / name / "Stack.template.json"
    template.write_text("{}")
    template.with_name("gone.json").symlink_to("nowhere")
    before = _stamp(tmp_path / "cdk.out")
    assert _stamp(tmp_path / "cdk.out") == before
    os.utime(template, ns=(1, 1))
    assert _stamp(tmp_path / "cdk.out") != before


def test_lines_of_labelled_logs(capfd: pytest.CaptureFixture[str]) -> None:
    """A line that a function writes in parts has one label, and lines of another function do not interrupt it."""
    first, second = labelled_log("App/First"), labelled_log("App/Second")
    first(b"one\nha")
    second(b"other\n")
    first(b"lf\n\n")
    assert capfd.readouterr().err == "App/First | one\nApp/Second | other\nApp/First | half\nApp/First | \n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_stopped(app: Path, tmp_path: Path, number: signal.Signals) -> None:
    """`serve` says where it listens, answers, and leaves nothing when it ends."""
    (tmp_path / "t").mkdir()
    command = [sys.executable, "-m", "cdk_layers.cli", "serve", str(app), "--port", "0", "--env", "STAGE=here"]
    server = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(tmp_path / "t")}
    )
    assert server.stderr is not None
    line = server.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    assert _payload(_client(found[0]).invoke(FunctionName="Report"))["stage"] == "here"
    server.send_signal(number)
    _, rest = server.communicate(timeout=30)
    assert server.returncode == 0
    assert "Stopped." in rest
    assert "Traceback" not in rest
    log = [line for line in rest.splitlines() if not line.startswith("cdk-layers: ")]
    assert re.match(r"template\.yaml#Report \| START RequestId: ", log[0])
    assert all(line.startswith("template.yaml#Report | ") for line in log)
    assert list((tmp_path / "t").iterdir()) == []
