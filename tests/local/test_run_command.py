"""The commands `run` and `paths`."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from cdk_layers.cli import main
from tests.local.apps import RUNTIME, write_app

_MAIN: Final = """
import os, sys
import shared

def handler(event, context):
    if event == "fail":
        raise ValueError("no")
    print("working")
    return {"event": event, "origin": shared.origin, "stage": os.environ.get("STAGE")}
"""
_ARN: Final = "arn:aws:lambda:eu-west-1:111111111111:layer:company"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with functions that run here, and others that do not."""
    code = {"Code": {"main.py": _MAIN}, "Layers": [{"Ref": "Base"}], "Timeout": 20}
    functions = {
        "Report": {**code, "Environment": {"Variables": {"STAGE": "dev", "TABLE": {"Fn::GetAtt": ["Sales", "Arn"]}}}},
        "Imported": {**code, "Layers": [f"{_ARN}:7"]},
        "Node": {"Code": {"index.js": ""}, "Runtime": "nodejs22.x", "Handler": "index.handler"},
        "Image": {"PackageType": "Image", "ImageUri": "repository/image:1"},
        "Old": {**code, "Runtime": "python2.7"},
        "Remote": {**code, "CodeUri": {"Bucket": "bucket", "Key": "report.zip"}},
        "Unhandled": {**code, "Handler": {"Ref": "Unset"}},
        "ByName": {**code, "Layers": [{"Ref": "Stored"}]},
        "ByArn": {**code, "Layers": [{"Ref": "Shared"}]},
        "Dynamic": {**code, "Layers": ["{{resolve:ssm:/company/layers/base}}"]},
        "ByParameter": {**code, "Layers": [{"Ref": "Unset"}]},
        "Unlisted": {**code, "Layers": {"Fn::Split": [",", {"Ref": "Unset"}]}},
    }
    folder = tmp_path_factory.mktemp("run")
    write_app(folder, functions, {"Base": {"python/shared.py": "origin = 'base'"}})
    document = json.loads((folder / "template.yaml").read_text())
    document["Resources"]["Sales"] = {"Type": "AWS::DynamoDB::Table"}
    stored = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/company/layers/base"}
    shared = {**stored, "Default": "arn:aws:ssm:eu-west-1:111111111111:parameter/company/layers/base"}
    document["Parameters"] = {"Unset": {"Type": "String"}, "Stored": stored, "Shared": shared}
    (folder / "template.yaml").write_text(json.dumps(document))
    return folder


def _run(app: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cdk_layers.cli", *arguments[:2], str(app), *arguments[2:]],
        input=given, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_result_and_log(app: Path) -> None:
    """The result is the only output, the log is on the error output, and the status is 0."""
    done = _run(app, "run", "Report", "--event", '{"key": "ü"}')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"event": {"key": "ü"}, "origin": "base", "stage": "dev"}
    assert "\nworking\n" in done.stderr
    assert "the value of TABLE is known only at deploy" in done.stderr


def test_a_failed_function(app: Path) -> None:
    """A function that fails gives Lambda's error on the output, and the status 1."""
    done = _run(app, "run", "Report", "--event", '"fail"', "--env", "TABLE=sales")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errorType"] == "ValueError"
    assert "known only at deploy" not in done.stderr


def test_events_from_a_file_and_from_the_standard_input(app: Path, tmp_path: Path) -> None:
    """An event is JSON, a file (also with the mark at its start that Windows writes) or the standard input."""
    (tmp_path / "event.json").write_text("[1]", encoding="utf-8-sig")
    for given, expected in ((str(tmp_path / "event.json"), [1]), ("-", [2]), ("3", 3)):
        done = _run(app, "run", "Report", "--event", given, given="[2]")
        assert json.loads(done.stdout)["event"] == expected


def test_an_imported_layer(app: Path, tmp_path: Path) -> None:
    """A layer that the app does not contain comes from an archive or a folder that the user gives."""
    with zipfile.ZipFile(tmp_path / "company.zip", "w") as archive:
        archive.writestr("python/shared.py", "origin = 'imported'")
    for name in (_ARN, f"{_ARN}:7"):
        done = _run(app, "run", "Imported", "--layer", f"{name}={tmp_path / 'company.zip'}")
        assert json.loads(done.stdout)["origin"] == "imported", done.stderr


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("ByName", "{{resolve:ssm:/company/layers/base}}"),
        ("ByArn", "{{resolve:ssm:arn:aws:ssm:eu-west-1:111111111111:parameter/company/layers/base}}"),
        ("Dynamic", "{{resolve:ssm:/company/layers/base}}"),
        ("ByParameter", "${Unset}"),
    ],
)
def test_an_argument_of_a_message_works_in_a_shell(
    app: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], function: str, name: str
) -> None:
    """A layer whose ARN only a deploy knows has the name of its parameter, which a shell does not expand."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "shared.py").write_text("origin = 'folder'")
    assert main(["run", function, str(app)]) == 2
    option, value = shlex.split(capfd.readouterr().err.strip().partition(", on the command line by ")[2])
    assert (option, value) == ("--layer", f"{name}=PATH")
    assert main(["run", function, str(app), option, value.replace("PATH", str(tmp_path))]) == 0
    assert json.loads(capfd.readouterr().out)["origin"] == "folder"


def test_a_layer_that_sam_has_not_built(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the source of a SAM app, layers are not built: the message names the command that builds them."""
    layer = {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "deps"}}
    properties = {"CodeUri": "src", "Handler": "main.handler", "Runtime": RUNTIME, "Layers": [{"Ref": "Deps"}]}
    resources = {
        "Deps": {**layer, "Metadata": {"BuildMethod": RUNTIME}},
        "Orders": {"Type": "AWS::Serverless::Function", "Properties": properties},
    }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    (tmp_path / "template.yaml").write_text(json.dumps(template), encoding="utf-8")
    for folder in ("deps", "src"):
        (tmp_path / folder).mkdir()
    (tmp_path / "src" / "main.py").touch()
    for command in (["run", "Orders"], ["try-imports", "Deps"]):
        assert main([*command, str(tmp_path / "template.yaml")]) == 2
        message = capfd.readouterr().err
        assert (
            "is not in the assembly. Run `cdk synth` with bundling for its stack, `sam build` or `serverless package`"
            in message
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Other"], "The app has no function 'Other'. It has template.yaml#ByArn, template.yaml#ByName,"),
        (
            ["Imported"],
            f"Layer '{_ARN}:7' of function 'template.yaml#Imported' is not in the assembly. Give its archive",
        ),
        (["Imported", "--layer", f"{_ARN}=/not/there"], "there is no archive or folder '/not/there'"),
        (["Node"], "Only Python functions run here"),
        (["Image"], "is a container image"),
        (
            ["Remote"],
            "The code of function 'template.yaml#Remote' is not in the assembly. Run `cdk synth` with bundling",
        ),
        (["Unhandled"], "has a handler that only a deploy knows. Set its handler to a literal."),
        (["Unlisted"], "The layers of function 'template.yaml#Unlisted' are known only after a deploy"),
        (["Old"], "There is no CPython 2.7 on this machine. Install one: `uv python install 2.7`."),
        (["Report", "--event", "{"], "The event of --event is not JSON"),
        (["Report", "--event", "[" * 100_000], "The event of --event is not JSON: it is nested too deeply."),
        (
            ["Report", "--event", f'"{"x" * 6_291_455}"'],
            "The event of --event has 6291457 bytes of JSON, and Lambda accepts",
        ),
        (["Report", "--event", '{"rows": [-Infinity]}'], "The event of --event is not JSON: -Infinity is not JSON."),
        (["Report", "--event", '{"name": "\udce9"}'], "The event of --event is not JSON: 'utf-8' codec can't decode"),
        (["Report", "--event", "/not/there"], "neither JSON nor a file that can be read"),
    ],
)
def test_what_cannot_run(app: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """The reason is one sentence with what to do, and the status is 2."""
    assert main(["run", arguments[0], str(app), *arguments[1:]]) == 2
    output, error = capfd.readouterr()
    assert output == ""
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "Report", "--debug", "0"], "'0' is not a port. Write a number from 1 to 65535."),
        (["run", "Report", "--debug", "65536"], "'65536' is not a port"),
        (["run", "Report", "--debug", "five"], "'five' is not a port"),
        (["serve", "--port", "-1"], "'-1' is not a port. Write a number from 0 to 65535."),
        (["serve", "--port", "65536"], "'65536' is not a port"),
        (["run", "Report", "--env", "STAGE"], "'STAGE' is not of the form NAME=VALUE."),
        (["start-time", "Report", "--env", "=dev"], "'=dev' is not of the form NAME=VALUE."),
        (["paths", "Report", "--layer", "company.zip"], "'company.zip' is not of the form ARN=PATH."),
    ],
)
def test_wrong_arguments(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """The message says what is wrong with an argument, and what to write."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_debugger_on_a_port_that_is_taken(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The command says so before it starts anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert main(["run", "Report", str(app), "--debug", str(port)]) == 2
    output, error = capfd.readouterr()
    assert f"127.0.0.1:{port} cannot be listened on: " in error
    assert "Choose another --debug port." in error
    assert "Traceback" not in output + error


@pytest.mark.parametrize("host", ["::1", "nowhere.invalid", "192.0.2.1"])
def test_a_host_that_cannot_be_listened_on(app: Path, capfd: pytest.CaptureFixture[str], host: str) -> None:
    """The error of a service names the host as well as the port, and what each may be."""
    assert main(["serve", str(app), "--host", host, "--port", "0"]) == 2
    error = capfd.readouterr().err
    assert f"Host '{host}' with port 0 cannot be listened on: " in error
    assert "or a --host that is an IPv4 address of this machine." in error


@pytest.mark.parametrize("command", [["check"], ["sizes"], ["serve"], ["run", "Report"]])
def test_no_assembly(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    """Each command says that its assembly is not there, and what to do."""
    assert main([*command, str(tmp_path / "nowhere")]) == 2
    assert "nowhere'. Run `cdk synth`, `sam build` or `serverless package` first" in capsys.readouterr().err


def _paths(app: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["paths", "Report", str(app), "--env", "TABLE=sales", *options]) == 0
    return capsys.readouterr().out.rstrip("\n")


def test_paths(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Editors and type checkers get the folders in the order of the function's own search path."""
    code, layer = _paths(app, capsys).splitlines()
    assert not code.endswith("/python")
    assert layer.endswith("/python")
    found = subprocess.run(
        [sys.executable, "-c", "import main; print(main.shared.origin)"],
        env=dict(line.split("=", 1) for line in _paths(app, capsys, "--format", "env").splitlines()),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == "base\n", found.stderr
    assert not (Path(code) / "__pycache__").exists()
    assert json.loads(_paths(app, capsys, "--format", "pyright")) == {"extraPaths": [code, layer]}
    assert json.loads(_paths(app, capsys, "--format", "json")) == [code, layer]


def test_unpacked_files_cannot_be_changed(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What functions share is read-only."""
    code = Path(_paths(app, capsys).splitlines()[0])
    assert (code / "main.py").stat().st_mode & 0o222 == 0


def test_a_reader_of_the_log_that_ends(app: Path, tmp_path: Path) -> None:
    """A function whose log is piped into `head` runs to its end, and so does the command."""
    code = {"main.py": "def handler(event, context):\n    print('x' * 1_000_000)\n    return 1"}
    loud = write_app(tmp_path, {"Loud": {"Code": code, "Timeout": 20}})
    command = [sys.executable, "-m", "cdk_layers.cli", "run", "Loud", str(loud)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.close()
        assert process.stdout.read() == b"1\n"
    assert process.returncode == 0


@pytest.mark.parametrize(
    "place", ["cli.parsed", "local.event.read_event", "assembly.reader.read", "local.runner.Runner.start"]
)
def test_ctrl_c_at_any_moment(
    app: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Ctrl+C ends the command with the status of shells, and without a traceback."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"cdk_layers.{place}", interrupt)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main(["run", "Report", str(app)]) == 130
    assert "Traceback" not in capfd.readouterr().err
