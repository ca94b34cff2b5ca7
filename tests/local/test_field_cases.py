"""The functions of the sample app run here with the layers that its synthesis builds."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.aws_lambda import Architecture, Code, Function, Runtime

from cdk_layers.cli import main
from cdk_layers.errors import UsageError
from cdk_layers.local.app_service import AppService
from cdk_layers.local.runner import this_architecture
from cdk_layers.local.service import Service
from cdk_layers.testing.functions import AppFunctions, Assemblies
from sample_app.app import define
from tests.e2e.local_aws import running
from tests.local.apps import RUNTIME, Log
from tests.pythons import require_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.local.runner import Runner

_ROWS = {"rows": [["north", 1], ["south", 2], ["north", 3]]}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Path:
    """The sample app for this machine, with a function in the template itself and a plain one."""
    require_python("3.13", runner.store)
    app = App(
        outdir=str(tmp_path_factory.mktemp("field") / "cdk.out"),
        context={"architecture": this_architecture(), "spoke": "000000000000"},
    )
    _, spoke = define(app)
    Function(
        spoke, "Inline", runtime=Runtime.PYTHON_3_13, handler="index.handler",
        architecture=Architecture.X86_64 if this_architecture() == "x86_64" else Architecture.ARM_64,
        code=Code.from_inline("def handler(event, context): return ['inline', event, context.function_name]"),
    )  # fmt: skip
    return Path(app.synth().directory)


@pytest.fixture
def functions(assembly: Path) -> Iterator[AppFunctions]:
    """The functions of the app, as the fixture of the pytest plugin has them."""
    with AppFunctions(Assemblies(assembly)) as found:
        yield found


def test_pandas_of_the_data_layer(functions: AppFunctions) -> None:
    """The native distributions of a layer are imported, and compute the answer."""
    assert functions("Spoke/Report")(_ROWS) == {"totals": {"north": 4.0, "south": 2.0}}


def test_inline_code(functions: AppFunctions) -> None:
    """Code in the template runs as index.py."""
    kind, event, name = functions("Spoke/Inline")({"a": 1})
    assert (kind, event) == ("inline", {"a": 1})
    assert name.startswith("Inline")


def test_the_same_answer_by_each_way(
    assembly: Path, functions: AppFunctions, runner: Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    """The command, the service and the fixture answer alike, with the program of a layer."""
    expected = {"message": "Hello from layer!"}
    assert functions("Greeting")() == expected
    assert main(["run", "Greeting", str(assembly)]) == 0
    assert json.loads(capfd.readouterr().out) == expected
    app = AppService(assembly, 1, lambda function: runner.start(function, Log()))
    service = Service(("127.0.0.1", 0), app.known, app.invoke, print)
    Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
    client = boto3.client(
        "lambda", endpoint_url=f"http://127.0.0.1:{service.server_address[1]}", region_name="eu-west-1",
        aws_access_key_id="a", aws_secret_access_key="b",  # noqa: S106
    )  # fmt: skip
    try:
        answer = client.invoke(FunctionName="Greeting", Payload="{}")
        assert json.loads(answer["Payload"].read()) == expected
    finally:
        service.shutdown()
        service.server_close()
        app.close()


def test_an_app_that_a_test_defines(tmp_path: Path) -> None:
    """An app is synthesized when its first function is named."""
    app = App(outdir=str(tmp_path / "cdk.out"))
    runtime = getattr(Runtime, RUNTIME.upper().replace("PYTHON3.", "PYTHON_3_"))
    Function(
        Stack(app, "Spoke"), "Report", runtime=runtime, handler="index.handler", timeout=Duration.seconds(20),
        code=Code.from_inline("def handler(event, context): return [event, context.get_remaining_time_in_millis()]"),
    )  # fmt: skip
    with AppFunctions(Assemblies(tmp_path / "none")) as functions:
        event, left = functions("Spoke/Report", app=app)({"a": 1})
        assert event == {"a": 1}
        assert 3_000 < left <= 20_000
        with pytest.raises(UsageError, match="does not exist"):
            functions("Spoke/Report")


@pytest.mark.parametrize("name", ["Inventory", "Plain"])
def test_the_company_layer_assumes_a_role_against_a_local_sts(
    local_aws: Any, functions: AppFunctions, name: str
) -> None:
    """The library of the company layer assumes the role, and the function lists what that account has."""
    assert functions(name)({"account": "000000000000"}) == {"buckets": ["sales"]}


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A local AWS with one bucket, named by the variables that functions get."""
    with running(tmp_path_factory.mktemp("aws")) as aws, pytest.MonkeyPatch.context() as patch:
        aws.client("s3", "000000000000").create_bucket(Bucket="sales")
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield aws
