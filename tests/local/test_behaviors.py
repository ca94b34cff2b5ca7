"""Behaviors of the service that functions see here too, each with the source of the fact."""

from __future__ import annotations

import _ctypes
import base64
import json
import os
import re
import shutil
import socket
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.assembly.reader import read
from cdk_layers.cli.commands.serve import _start
from cdk_layers.errors import UsageError
from cdk_layers.local.runtime_api import MAX_PAYLOAD_BYTES
from cdk_layers.local.selection import find_function, local_function
from cdk_layers.local.variables import Roots, variables_of
from tests.local.apps import RUNTIME, Log, error_of, function_of, invoke, run_once, write_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.local.execution import ExecutionEnvironment
    from cdk_layers.local.runner import Runner

_MAIN: Final = """
import ctypes, datetime, decimal, json, logging, os, subprocess, sys, threading, time

calls = 0
logger = logging.getLogger()


def handler(event, context):
    return globals()[event["do"]](event, context)


def describe_context(event, context):
    return {
        "name": context.function_name, "version": context.function_version, "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn, "group": context.log_group_name, "stream": context.log_stream_name,
        "request": context.aws_request_id, "left": context.get_remaining_time_in_millis(),
        "client": context.client_context and context.client_context.custom,
    }


def evaluate(event, context):
    return eval(event["code"])


def execute(event, context):
    exec(event["code"], globals())


def count(event, context):
    global calls
    calls += 1
    return calls


def fail(event, context):
    raise ValueError("no rows")


def tell(event, context):
    print(event["text"])


def log(event, context):
    logger.setLevel(event.get("level", logger.level))
    logger.info("quiet")
    logger.warning("loud")


def respond(event, context):
    return "x" * event["size"]


def generate(event, context):
    yield 1


async def wait(event, context):
    return 1
"""
_LAYERS: Final = {
    "Base": {
        "bin/greet": "#!/bin/sh\necho hello from /opt",
        "python/shared.py": "origin = 'base'",
        "python/base_only.py": "handler = lambda event, context: ['from a layer', event]",
        f"python/lib/{RUNTIME}/site-packages/deep.py": "origin = 'site-packages'",
        "python/deep.py": "origin = 'python'",
    },
    "Top": {"python/shared.py": "origin = 'top'", "python/main.py": "origin = 'hidden by the code'"},
}
_BOTH: Final = [{"Ref": "Base"}, {"Ref": "Top"}]


def _code(text: str) -> dict[str, str]:
    return {"main.py": text}


_FUNCTIONS: Final = {
    "Report": {
        "Code": _code(_MAIN), "Layers": _BOTH, "Timeout": 30, "MemorySize": 256,
        "Environment": {"Variables": {"TABLE": "sales ü"}},
    },
    "Slow": {"Code": _code("import time\ndef handler(event, context): time.sleep(60)"), "Timeout": 1},
    "Json": {"Code": "Report", "LoggingConfig": {"LogFormat": "JSON"}},
    "Quiet": {"Code": "Report",
              "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"}},
    "InLayer": {"Code": {"unused.py": ""}, "Handler": "base_only.handler", "Layers": _BOTH},
    "InFolder": {"Code": {"src/app/main.py": "def handler(event, context): return __name__"},
                 "Handler": "src/app/main.handler"},
    "Reserved": {"Code": "Report", "Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}},
    "Path": {"Code": "Report", "Layers": _BOTH, "Environment": {"Variables": {"PYTHONPATH": "/opt/other"}}},
    "NoModule": {"Code": _code("import not_there\n")},
    "NoSyntax": {"Code": _code("def handler(:\n")},
    "NoHandler": {"Code": _code("")},
    "NoDot": {"Code": _code(""), "Handler": "handler"},
    "Raises": {"Code": _code("raise RuntimeError('at import')\n")},
    "Wrapped": {"Code": "Report", "Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}},
                "Layers": [{"Ref": "Wrapper"}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with a function for each behavior that needs one of its own."""
    folder = tmp_path_factory.mktemp("behaviors")
    wrapper = {"wrapper": '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n'}
    return write_app(folder, _FUNCTIONS, {**_LAYERS, "Wrapper": wrapper})


@pytest.fixture(scope="module")
def log() -> Log:
    """What the shared environment wrote."""
    return Log()


@pytest.fixture(scope="module")
def report(app: Path, runner: Runner, log: Log) -> Iterator[ExecutionEnvironment]:
    """A warm environment that the tests share."""
    environment = runner.start(function_of(app, "Report"), log)
    if environment.differences:
        pytest.skip("this machine has no namespaces")
    yield environment
    environment.close()


def _evaluate(environment: ExecutionEnvironment, code: str) -> Any:
    return invoke(environment, {"do": "evaluate", "code": code})


def test_context(report: ExecutionEnvironment) -> None:
    """The context has the function's names, its memory and what is left of its timeout.

    Source: the developer guide, "Using the Lambda context object to retrieve Python function information".
    """
    context = invoke(report, {"do": "describe_context"})
    assert context["name"] == "Report"
    assert (context["version"], context["memory"]) == ("$LATEST", "256")
    assert context["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:Report"
    assert context["group"] == "/aws/lambda/Report"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context["stream"])
    assert 0 < context["left"] <= 30_000
    assert context["client"] is None


def test_client_context_and_qualifier(report: ExecutionEnvironment) -> None:
    """The caller's client context and qualifier are in the context.

    Source: the Lambda API reference, Invoke.
    """
    context = invoke(
        report, {"do": "describe_context"}, client_context=json.dumps({"custom": {"team": "a"}}), qualifier="live"
    )
    assert context["client"] == {"team": "a"}
    assert context["arn"].endswith(":function:Report:live")


def test_each_invocation_has_its_own_request_and_trace(report: ExecutionEnvironment) -> None:
    """The request id and the trace id change with each invocation.

    Source: the developer guide, "Defined runtime environment variables", _X_AMZN_TRACE_ID.
    """
    first, second = (report.invoke(b'{"do": "evaluate", "code": "os.environ[\'_X_AMZN_TRACE_ID\']"}') for _ in "12")
    assert first.request_id != second.request_id
    assert first.payload != second.payload
    assert re.match(rb'"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0"', first.payload)


def test_variables(report: ExecutionEnvironment) -> None:
    """A function sees its own variables and those of the runtime.

    Source: the developer guide, "Defined runtime environment variables".
    """
    variables = _evaluate(report, "dict(os.environ)")
    assert variables["TABLE"] == "sales ü"
    assert variables["_HANDLER"] == "main.handler"
    assert variables["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{RUNTIME}"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "Report"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert (variables["LAMBDA_TASK_ROOT"], variables["LAMBDA_RUNTIME_DIR"]) == ("/var/task", "/var/runtime")
    assert (variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"]) == ("us-east-1", "us-east-1")
    assert (variables["TZ"], variables["LANG"]) == (":UTC", "en_US.UTF-8")


def test_only_credentials_and_endpoints_of_this_machine_are_passed_on(
    app: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function gets AWS credentials and the endpoints of a local AWS, and no other variable of this machine.

    Source: the developer guide: the execution role's credentials are in these three variables.
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "MY_TOKEN"):
        monkeypatch.setenv(name, f"value of {name}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    outcome, _ = run_once(runner, function_of(app, "Report"), {"do": "evaluate", "code": "dict(os.environ)"})
    variables = json.loads(outcome.payload)
    assert variables["AWS_SESSION_TOKEN"] == os.environ["AWS_SESSION_TOKEN"]
    assert variables["AWS_ENDPOINT_URL"] == "http://localhost:4566"
    assert not {"AWS_PROFILE", "MY_TOKEN"} & variables.keys()
    own = function_of(app, "Report", AWS_ENDPOINT_URL="http://localhost:1")
    variables = variables_of(own, Roots(), "api", {"AWS_ENDPOINT_URL": "http://localhost:2", "AWS_SESSION_TOKEN": ""})
    assert variables["AWS_ENDPOINT_URL"] == "http://localhost:1", "a variable of the function overrides this machine's"
    assert "AWS_SESSION_TOKEN" not in variables


@pytest.mark.parametrize(("variables", "is_requested"), [({}, False), ({"AWS_EC2_METADATA_DISABLED": "false"}, True)])
def test_the_role_of_the_machine_is_only_used_on_request(
    app: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_requested: bool
) -> None:
    """Without credentials, the SDK does not request those of an EC2 instance from its metadata service.

    Source: the AWS SDKs and Tools reference guide, "IMDS credential provider".
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        metadata.setblocking(False)
        address = f"http://127.0.0.1:{metadata.getsockname()[1]}"
        function = function_of(app, "Report", AWS_EC2_METADATA_SERVICE_ENDPOINT=address, **variables)
        code = "__import__('botocore.session').session.get_session().get_credentials()"
        outcome, _ = run_once(runner, function, {"do": "evaluate", "code": code})
        with nullcontext() if is_requested else pytest.raises(BlockingIOError):
            metadata.accept()[0].close()
    assert outcome.payload == b"null"


def test_reserved_variables_are_an_error(app: Path, runner: Runner) -> None:
    """A function that sets a reserved variable does not start.

    Source: the developer guide, "Defined runtime environment variables"; AWS rejects it at deploy.
    """
    with pytest.raises(UsageError, match=r"Reserved' sets AWS_REGION, which Lambda reserves"):
        runner.start(function_of(app, "Reserved"), Log())


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_credentials_by_an_option_are_an_error_that_names_the_way(app: Path, runner: Runner, name: str) -> None:
    """Credentials cannot be a variable of the function: the error says where to set them instead."""
    with pytest.raises(UsageError, match=f"sets {name}, which Lambda reserves.*set them in your own environment"):
        runner.start(function_of(app, "Report", **{name: "x"}), Log())
    with pytest.raises(UsageError, match=r"Rename them\.$"):
        runner.start(function_of(app, "Report", LAMBDA_TASK_ROOT="/srv"), Log())


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_DEFAULT_REGION": "eu-west-2", "AWS_REGION": "eu-west-3"}, "eu-west-3"),
    ],
)
def test_the_region_of_a_stack_without_one(
    app: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    """A function of a stack without a Region has this machine's, as its credentials; a stack's own Region stays."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    function = find_function(read(app), "Report")
    assert local_function(function)[0].region == region
    assert local_function(replace(function, region="eu-west-1"))[0].region == "eu-west-1"


def test_a_region_by_an_option_is_an_error_that_names_the_way(app: Path, runner: Runner) -> None:
    """The Region cannot be a variable of the function: the error says where to set it instead."""
    with pytest.raises(UsageError, match="If the stack has none, set AWS_REGION in your own environment"):
        runner.start(function_of(app, "Report", AWS_DEFAULT_REGION="eu-west-1"), Log())


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"extensions/agent": "#!/bin/sh\n", "extensions/secrets": "#!/bin/sh\n"}, "agent, secrets"),
        ({"extensions/agent/data.txt": ""}, None),
        ({"python/extensions/__init__.py": ""}, None),
    ],
)
def test_extensions_are_named(
    tmp_path: Path, runner: Runner, files: dict[str, str], names: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    """A function whose layers have extensions is reported as running without them, once by a service."""
    function = {"Code": {"main.py": "def handler(event, context): return 1"}, "Layers": [{"Ref": "Agent"}]}
    app = write_app(tmp_path, {"Report": function}, {"Agent": files})
    said: set[str] = set()
    for _ in range(2):
        _start(runner, function_of(app, "Report"), said).close()
    assert capfd.readouterr().err.count("Extensions of layers are not started here") == (names is not None)
    assert all(f"does not work: {names}." in sentence for sentence in said if "Extensions" in sentence)


def test_default_timeout_and_memory(app: Path) -> None:
    """Without its own settings a function has 3 seconds and 128 MB.

    Source: the Lambda API reference, CreateFunction.
    """
    function = function_of(app, "Json")
    assert (function.timeout_seconds, function.memory_mib) == (3, 128)


def test_working_folder_and_interpreter(report: ExecutionEnvironment) -> None:
    """A function starts in /var/task, with Python in /var/lang.

    Source: the developer guide: PATH and LAMBDA_TASK_ROOT.
    """
    folder, executable, found = _evaluate(
        report,
        "[os.getcwd(), sys.executable, subprocess.run(['which', 'python3'], capture_output=True).stdout.decode()]",
    )
    assert folder == "/var/task"
    assert executable == f"/var/lang/bin/{RUNTIME}"
    assert found == "/var/lang/bin/python3\n"


def test_search_path(report: ExecutionEnvironment) -> None:
    """Modules come from the code, then the layers, then the runtime, and never from this machine's packages.

    Source: the developer guide, "Working with layers for Python Lambda functions".
    """
    path = _evaluate(report, "sys.path")
    assert path[:3] == ["/var/task", f"/opt/python/lib/{RUNTIME}/site-packages", "/opt/python"]
    assert path[3] == "/var/runtime"
    assert not [folder for folder in path[3:] if folder.endswith("site-packages")]
    assert _evaluate(report, "__import__('deep').origin") == "site-packages"
    assert _evaluate(report, "__import__('boto3').__file__").startswith("/var/runtime/boto3/")


def test_a_pythonpath_replaces_the_folders_of_layers(app: Path, runner: Runner) -> None:
    """A PYTHONPATH of the function is used in place of the layers' folders.

    Source: a function with PYTHONPATH that printed its `sys.path`; see the rule pythonpath-hides-layers.
    """
    outcome, _ = run_once(runner, function_of(app, "Path"), {"do": "evaluate", "code": "sys.path"})
    path = json.loads(outcome.payload)
    assert path[:2] == ["/var/task", "/opt/other"]
    assert "/opt/python" not in path


def test_later_layers_win(report: ExecutionEnvironment) -> None:
    """Layers are merged in their order: a file of a later one replaces that of an earlier one.

    Source: the developer guide, "Adding layers to functions".
    """
    assert _evaluate(report, "__import__('shared').origin") == "top"
    assert _evaluate(report, "__import__('base_only').__name__") == "base_only"


def test_programs_of_layers(report: ExecutionEnvironment) -> None:
    """Programs in bin/ of a layer are on the PATH and keep their mode.

    Source: the developer guide, "Layer paths for each Lambda runtime".
    """
    assert _evaluate(report, "subprocess.run(['greet'], capture_output=True).stdout.decode()") == "hello from /opt\n"


def test_libraries_of_layers(app: Path, runner: Runner) -> None:
    """Shared libraries in lib/ of a layer are found by the loader.

    Source: the developer guide, LD_LIBRARY_PATH.
    """
    if not Path(_ctypes.__file__ or "").is_file():
        pytest.skip("this Python has no shared library to copy")
    (app / "Libraries" / "lib").mkdir(parents=True)
    shutil.copyfile(_ctypes.__file__, app / "Libraries" / "lib" / "libours.so")
    document = json.loads((app / "template.yaml").read_text())
    resources = document["Resources"]
    resources["Libraries"] = {**resources["Base"], "Properties": {"ContentUri": "Libraries"}}
    resources["Linked"] = json.loads(json.dumps(resources["Report"]))
    resources["Linked"]["Properties"]["Layers"] = [{"Ref": "Libraries"}]
    (app / "linked.yaml").write_text(json.dumps(document))
    code = "ctypes.CDLL('libours.so')._name"
    outcome, _ = run_once(runner, function_of(app / "linked.yaml", "Linked"), {"do": "evaluate", "code": code})
    assert json.loads(outcome.payload) == "libours.so"


@pytest.mark.parametrize("path", ["/opt/new", "/var/task/new", "/var/runtime/new", "/usr/new", "/etc/new"])
def test_only_tmp_is_writable(report: ExecutionEnvironment, path: str) -> None:
    """Everything but /tmp is read-only, this machine's own files included.

    Source: the developer guide, "Lambda execution environment": the file system is read-only but for /tmp.
    """
    outcome = report.invoke(json.dumps({"do": "evaluate", "code": f"open({path!r}, 'w')"}).encode())
    assert error_of(outcome)["errorType"] == "OSError"
    assert "Read-only file system" in error_of(outcome)["errorMessage"]


@pytest.mark.parametrize("name", ["Lock", "Queue", "Pool"])
def test_there_is_no_shared_memory(report: ExecutionEnvironment, name: str) -> None:
    """What of `multiprocessing` needs semaphores fails, as in Lambda, which has no /dev/shm.

    Source: the AWS Compute Blog, "Parallel Processing in Python with AWS Lambda".
    """
    code = f"__import__('multiprocessing').{name}()"
    assert error_of(report.invoke(json.dumps({"do": "evaluate", "code": code}).encode()))["errorType"] == "OSError"


def test_tmp_lives_as_long_as_the_environment(app: Path, runner: Runner, report: ExecutionEnvironment) -> None:
    """The folder /tmp begins empty, is kept between invocations, and is private to the environment.

    Source: the developer guide, "Understanding the Lambda execution environment lifecycle".
    """
    invoke(report, {"do": "execute", "code": "open('/tmp/kept', 'w').close()"})
    assert _evaluate(report, "os.listdir('/tmp')") == ["kept"]
    outcome, _ = run_once(runner, function_of(app, "Report"), {"do": "evaluate", "code": "os.listdir('/tmp')"})
    assert json.loads(outcome.payload) == []
    assert not Path("/tmp/kept").exists()  # noqa: S108


def test_global_variables_are_kept(report: ExecutionEnvironment) -> None:
    """What the module keeps lives from one invocation to the next.

    Source: the developer guide, "Best practices": execution environment reuse.
    """
    first = invoke(report, {"do": "count"})
    assert invoke(report, {"do": "count"}) == first + 1


def test_processes_are_its_own(report: ExecutionEnvironment) -> None:
    """A function sees its own processes only, and cannot regain privileges.

    Source: the developer guide, "Security overview": isolation of execution environments.
    """
    processes = _evaluate(report, "[name for name in os.listdir('/proc') if name.isdecimal()]")
    assert len(processes) <= 3
    assert (
        _evaluate(report, "[l for l in open('/proc/self/status') if l.startswith('NoNewPrivs')][0].split()[1]") == "1"
    )
    assert _evaluate(report, "subprocess.run(['mount', '-o', 'remount,rw', '/']).returncode") != 0


def test_standard_input_is_empty(report: ExecutionEnvironment) -> None:
    """A handler that reads the standard input does not wait.

    Source: the runtime client, which reads events from the Runtime API.
    """
    assert _evaluate(report, "sys.stdin.read()") == ""


@pytest.mark.parametrize(
    ("code", "expected"),
    [("'ü漢\\U0001f600'", "ü漢\U0001f600"), ("None", None), ("decimal.Decimal('1.5')", 1.5), ("(1, 2)", [1, 2])],
)
def test_results(report: ExecutionEnvironment, code: str, expected: object) -> None:
    """Results are written as JSON, with all of Unicode.

    Source: the runtime client, lambda_runtime_marshaller.
    """
    assert _evaluate(report, code) == expected


def test_unicode_events(report: ExecutionEnvironment) -> None:
    """An event keeps all of Unicode."""
    assert invoke(report, {"do": "evaluate", "code": "event['text']", "text": "ü漢\U0001f600\0"}) == "ü漢\U0001f600\0"


@pytest.mark.parametrize("code", ["{1, 2}", "object()", "datetime.datetime.now()", "(n for n in [1])"])
def test_results_that_are_not_json(report: ExecutionEnvironment, code: str) -> None:
    """A result that JSON cannot express is Runtime.MarshalError, and the environment lives on.

    Source: the developer guide, "Define Lambda function handler in Python": returning a value.
    """
    error = error_of(report.invoke(json.dumps({"do": "evaluate", "code": code}).encode()))
    assert error["errorType"] == "Runtime.MarshalError"
    assert "is not JSON serializable" in error["errorMessage"]


@pytest.mark.parametrize(("name", "kind"), [("generate", "generator"), ("wait", "coroutine")])
def test_generators_and_coroutines(report: ExecutionEnvironment, name: str, kind: str) -> None:
    """A handler that is a generator or a coroutine function returns nothing that JSON can express.

    Source: as above; the Python runtime neither iterates nor awaits.
    """
    error = error_of(report.invoke(json.dumps({"do": name}).encode()))
    assert error["errorType"] == "Runtime.MarshalError"
    assert f"type {kind} is not JSON serializable" in error["errorMessage"]


def test_exceptions(report: ExecutionEnvironment, log: Log) -> None:
    """An exception is returned with its type, message and stack trace, is logged, and the environment lives on.

    Source: the developer guide, "Lambda function errors in Python".
    """
    outcome = report.invoke(b'{"do": "fail"}')
    error = error_of(outcome)
    assert (error["errorMessage"], error["errorType"], error["requestId"]) == (
        "no rows",
        "ValueError",
        outcome.request_id,
    )
    assert [frame.splitlines()[0].split(",")[0] for frame in error["stackTrace"]] == ['  File "/var/task/main.py"'] * 2
    assert "[ERROR] ValueError: no rows\nTraceback (most recent call last):\n" in log.text
    assert report.is_usable


@pytest.mark.parametrize(
    ("name", "error_type", "message"),
    [
        ("NoModule", "Runtime.ImportModuleError", "Unable to import module 'main': No module named 'not_there'"),
        ("NoSyntax", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
        ("NoHandler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
        ("NoDot", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("Raises", "RuntimeError", "at import"),
    ],
)
def test_errors_of_the_initialization(app: Path, runner: Runner, name: str, error_type: str, message: str) -> None:
    """What fails before the first invocation is that invocation's error.

    Source: the developer guide, "Troubleshoot invocation issues in Lambda".
    """
    outcome, log = run_once(runner, function_of(app, name))
    error = error_of(outcome)
    assert error["errorType"] == error_type
    assert message in error["errorMessage"]
    assert f"[ERROR] {error_type}: " in log
    init, start, end, report = log.splitlines()[-4:]
    assert init.endswith(f"\tPhase: init\tStatus: error\tError Type: {error_type}")
    assert start == f"START RequestId: {outcome.request_id} Version: $LATEST"
    assert end == f"END RequestId: {outcome.request_id}"
    assert report.endswith(f"MB\tStatus: error\tError Type: {error_type}")


def test_timeouts(app: Path, runner: Runner) -> None:
    """A function that takes too long is ended, and both its answer and its log tell so.

    Source: the developer guide, "Troubleshoot invocation issues in Lambda"; the runtime interface emulator.
    """
    log = Log()
    environment = runner.start(function_of(app, "Slow"), log)
    outcome = environment.invoke(b"{}")
    text = "Task timed out after 1.00 seconds"
    assert error_of(outcome) == {
        "errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {outcome.request_id} Error: {text}"
    }  # fmt: skip
    assert re.search(rf"^\d{{4}}-\d\d-\d\dT[\d:.]+Z {outcome.request_id} {text}$", log.text, re.MULTILINE)
    assert "\tDuration: 1000.00 ms\t" in log.text
    assert log.text.endswith("\tStatus: timeout\n")
    assert not environment.is_usable


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(1)", "Runtime exited with error: exit status 1"),
        ("sys.exit(-1)", "Runtime exited with error: exit status 255"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_the_end_of_the_process(app: Path, runner: Runner, code: str, reason: str) -> None:
    """A handler that ends or crashes its process is Runtime.ExitError.

    Source: the developer guide, "Troubleshoot invocation issues in Lambda".
    """
    outcome, log = run_once(runner, function_of(app, "Report"), {"do": "execute", "code": code})
    error = error_of(outcome)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"] == f"RequestId: {outcome.request_id} Error: {reason}"
    assert f"{error['errorMessage']}\nRuntime.ExitError\nEND " in log
    assert log.endswith("\tStatus: error\tError Type: Runtime.ExitError\n")


def test_large_responses(app: Path, runner: Runner, report: ExecutionEnvironment) -> None:
    """A response may have 6 MB and some bytes; a larger one is an error and ends the process, which cannot post it.

    Source: the developer guide, "Lambda quotas", and AWS's error text, which names 6291556 bytes.
    """
    quotes = 2
    largest = MAX_PAYLOAD_BYTES - quotes
    assert len(report.invoke(json.dumps({"do": "respond", "size": largest}).encode()).payload) == MAX_PAYLOAD_BYTES
    outcome, log = run_once(runner, function_of(app, "Report"), {"do": "respond", "size": largest + 1})
    assert error_of(outcome) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert '"errorMessage": "Exceeded maximum allowed payload size (6291556 bytes)."' in log


def test_large_events(report: ExecutionEnvironment) -> None:
    """An event may have 6 MB.

    Source: the developer guide, "Lambda quotas".
    """
    text = "x" * 6_200_000
    assert invoke(report, {"do": "evaluate", "code": "len(event['text'])", "text": text}) == len(text)


def test_platform_lines_and_log_tail(report: ExecutionEnvironment) -> None:
    """The log of an invocation begins with START, ends with END and REPORT, and its end is returned, up to 4 KB.

    Source: the developer guide, "Log and monitor Python Lambda functions"; the Lambda API reference, LogResult.
    """
    outcome = report.invoke(b'{"do": "tell", "text": "some rows"}')
    start, line, end, told = base64.b64decode(outcome.log_result).decode().splitlines()
    assert start == f"START RequestId: {outcome.request_id} Version: $LATEST"
    assert (line, end) == ("some rows", f"END RequestId: {outcome.request_id}")
    assert re.fullmatch(
        rf"REPORT RequestId: {outcome.request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB",
        told,
    )
    long = report.invoke(json.dumps({"do": "tell", "text": "y" * 10_000}).encode())
    assert len(long.log_tail) == 4096


def test_text_logs(report: ExecutionEnvironment) -> None:
    """The root logger writes levels, times and request ids, from WARNING on until the function says otherwise.

    Source: the developer guide, "Log and monitor Python Lambda functions".
    """
    outcome = report.invoke(b'{"do": "log"}')
    lines = outcome.log_tail.decode().splitlines()
    assert re.fullmatch(rf"\[WARNING\]\t[\d-]+T[\d:.]+Z\t{outcome.request_id}\tloud", lines[1])
    assert "quiet" in report.invoke(b'{"do": "log", "level": "INFO"}').log_tail.decode()


def test_json_logs(app: Path, runner: Runner) -> None:
    """A function whose logs are JSON writes objects, from INFO on, between those of Lambda.

    Source: the developer guide, "Configuring advanced logging controls".
    """
    outcome, log = run_once(runner, function_of(app, "Json"), {"do": "log"})
    start, *lines, report = (json.loads(line) for line in log.splitlines())
    assert [(line["level"], line["message"]) for line in lines] == [("INFO", "quiet"), ("WARNING", "loud")]
    assert (start["type"], report["type"]) == ("platform.start", "platform.report")
    assert [line["requestId"] for line in (start["record"], *lines, report["record"])] == [outcome.request_id] * 4


def test_levels_of_json_logs(app: Path, runner: Runner) -> None:
    """The levels of the logging configuration leave out what is below them, of the function and of Lambda.

    Source: the developer guide, "Log-level filtering".
    """
    _, log = run_once(runner, function_of(app, "Quiet"), {"do": "log"})
    (line,) = (json.loads(line) for line in log.splitlines())
    assert (line["level"], line["message"]) == ("WARNING", "loud")


def test_a_handler_in_a_layer(app: Path, runner: Runner) -> None:
    """A layer may contain the handler.

    Source: the search path of the runtime; Datadog's and others' layers do so.
    """
    outcome, _ = run_once(runner, function_of(app, "InLayer"), {"a": 1})
    assert json.loads(outcome.payload) == ["from a layer", {"a": 1}]


def test_a_handler_in_a_folder(app: Path, runner: Runner) -> None:
    """A handler's module may be named by its path.

    Source: the developer guide, "Define Lambda function handler in Python": naming.
    """
    outcome, _ = run_once(runner, function_of(app, "InFolder"))
    assert json.loads(outcome.payload) == "src.app.main"


def test_wrapper_scripts(app: Path, runner: Runner) -> None:
    """A wrapper script of a layer starts the runtime.

    Source: the developer guide, "Modifying the runtime environment": AWS_LAMBDA_EXEC_WRAPPER.
    """
    code = "os.environ['WRAPPED']"
    outcome, _ = run_once(runner, function_of(app, "Wrapped"), {"do": "evaluate", "code": code})
    assert json.loads(outcome.payload) == "yes"


def test_initialization_happens_once(app: Path, runner: Runner) -> None:
    """Only the first invocation of an environment reports its initialization.

    Source: the developer guide, "Understanding the Lambda execution environment lifecycle".
    """
    environment = runner.start(function_of(app, "Report"), Log())
    try:
        first, second = (environment.invoke(b'{"do": "count"}') for _ in "12")
    finally:
        environment.close()
    assert first.init_seconds is not None
    assert b"Init Duration: " in first.log_tail
    assert second.init_seconds is None


@pytest.mark.parametrize(("limit", "is_reported"), [(0.0, True), (60.0, False)])
def test_a_slow_initialization(
    app: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch, limit: float, *, is_reported: bool
) -> None:
    """An initialization that Lambda would begin again is reported once, before the first invocation.

    Source: the developer guide, "Understanding the Lambda execution environment lifecycle".
    """
    monkeypatch.setattr("cdk_layers.local.execution.INIT_SECONDS", limit)
    log = Log()
    environment = runner.start(function_of(app, "Report"), log)
    try:
        for _ in "12":
            invoke(environment, {"do": "count"})
    finally:
        environment.close()
    reports = re.findall(
        r"^INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: timeout\nSTART", log.text, re.MULTILINE
    )
    assert len(reports) == (1 if is_reported else 0)
