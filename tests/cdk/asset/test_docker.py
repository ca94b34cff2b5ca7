"""Layers that PythonLayerVersion builds in Docker.

No engine runs here. A stand-in for its program records what it is called with, and fills the output folder as a
container would: so these tests show which way is chosen, what the CDK is reported, and what is made of the output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.cdk.asset.docker import container_errors, require_engine
from cdk_layers.errors import BuildError
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script that Windows does not start")

_STAND_IN: Final = """
import json, os, pathlib, sys
log = pathlib.Path({log!r})
with log.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1:3] == ["image", "inspect"]:
    sys.exit(1)
if sys.argv[1] == "run":
    if "{{fail}}" in sys.argv:
        sys.exit(3)
    mounts = [sys.argv[index + 1] for index, word in enumerate(sys.argv) if word == "-v"]
    [output] = [mount.split(":")[0] for mount in mounts if mount.split(":")[1] == "/asset-output"]
    folder = pathlib.Path(output) / "python"
    folder.mkdir()
    (folder / "made_in_docker.py").write_text("NAME = 1\\n")
"""

_APP: Final = """
import json, sys
from aws_cdk import App, DockerImage, Size, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Architecture, Runtime
from aws_cdk.aws_lambda_python_alpha import BundlingOptions
from cdk_layers import SharedPythonLayer
from cdk_layers.errors import CdkLayersError

entry = sys.argv[1]
stack = Stack(App(outdir=sys.argv[2]), "Hub")
expected = {}
for name, arguments in {
    "flag": {"docker": True, "asset_excludes": ["*.md"]},
    "image": {"bundling": BundlingOptions(image=DockerImage.from_registry("builder"), user="1234", network="host")},
    "budget": {"docker": True, "max_unzipped": Size.bytes(8)},
    "opt": {"docker": True, "opt_entry": entry},
    "failing": {
        "bundling": {
            "image": DockerImage.from_registry("{fail}"),
            "environment": {"PIP_INDEX_URL": "https://user:t0p-secret@index.example/simple", "TOKEN": "t0p-s3cret"},
        },
    },
}.items():
    try:
        layer = SharedPythonLayer(
            stack, name, entry=entry, compatible_runtimes=[Runtime.PYTHON_3_13],
            compatible_architectures=[Architecture.ARM_64], **arguments,
        )
        expected[name] = {
            "unzipped": layer.unzipped_bytes, "archive": layer.archive_bytes, "digest": layer.digest,
            "hash": layer.asset_hash, "files": sorted(layer.contents.files), "distributions": layer.distributions,
        }
    except CdkLayersError as error:
        expected[name] = {"error": type(error).__name__, "message": str(error), "chain": repr(error.__cause__)}
print(json.dumps(expected))
"""


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that stands in for Docker's."""
    folder = tmp_path_factory.mktemp("docker")
    script, program = folder / "stand_in.py", folder / "docker"
    script.write_text(_STAND_IN.format(log=str(folder / "log")), encoding="utf-8")
    # The first line of a script cannot name a Python whose path contains a space.
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def expected(docker: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an app with layers from Docker says; the CDK reads the program's name when Node starts."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "entry").mkdir()
    (folder / "entry" / "company.py").write_text("NAME = 'company'\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _APP, str(folder / "entry"), str(folder / "cdk.out")],
        env=os.environ | {"CDK_DOCKER": str(docker)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _calls(docker: Path) -> list[list[str]]:
    return [json.loads(line) for line in (docker.parent / "log").read_text(encoding="utf-8").splitlines()]


def test_docker_is_used_when_it_is_asked_for(expected: dict[str, Any], docker: Path) -> None:
    """`docker=True` takes PythonLayerVersion's own way, with its image, the target's platform, and the excludes."""
    assert expected["flag"]["files"] == ["python/made_in_docker.py"]
    calls = _calls(docker)
    build = next(call for call in calls if call[0] == "build")
    assert build[build.index("--platform") + 1] == "linux/arm64"
    assert any("build-python3.13" in word for word in build)
    command = next(call[-1] for call in calls if call[0] == "run")
    assert "rsync" in command
    assert "*.md" in command


def test_options_of_a_container_reach_it(expected: dict[str, Any], docker: Path) -> None:
    """An image of the user's, with a user and a network, is run as given."""
    run = next(call for call in _calls(docker) if call[0] == "run" and "builder" in call)
    assert run[run.index("-u") + 1] == "1234"
    assert run[run.index("--network") + 1] == "host"
    assert expected["image"]["files"] == ["python/made_in_docker.py"]


def test_sizes_are_measured_after_docker_ran(expected: dict[str, Any]) -> None:
    """What the container made is measured; how it is zipped is not known yet, and the asset's hash is the digest."""
    assert expected["flag"]["unzipped"] == len("NAME = 1\n")
    assert expected["flag"]["archive"] is None
    assert expected["flag"]["digest"] == expected["flag"]["hash"]
    assert expected["flag"]["distributions"] == {}


def test_a_layer_from_docker_has_to_keep_to_its_budget(expected: dict[str, Any]) -> None:
    """One byte over the user's limit is refused as in a local build."""
    assert expected["budget"]["error"] == "LimitError"
    assert "'Hub/budget'" in expected["budget"]["message"]


def test_opt_entry_does_not_go_with_docker(expected: dict[str, Any]) -> None:
    """What a container cannot honor is refused, not ignored."""
    assert expected["opt"]["error"] == "UsageError"
    assert "opt_entry" in expected["opt"]["message"]


def test_a_failing_container_tells_no_secret(expected: dict[str, Any]) -> None:
    """The CDK's error names the whole command with its variables; of this only the failure is reported."""
    failing = expected["failing"]
    assert failing["error"] == "BuildError"
    assert "'Hub/failing'" in failing["message"]
    assert "status 3" in failing["message"]
    assert "s3cret" not in json.dumps(failing)
    assert "t0p" not in json.dumps(failing)


def _answer(monkeypatch: pytest.MonkeyPatch, answer: subprocess.CompletedProcess[str] | OSError) -> list[list[str]]:
    calls: list[list[str]] = []

    def run(command: Sequence[str | Path], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append([str(part) for part in command])
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(host, "run", run)
    return calls


def test_an_engine_that_answers_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that the CDK would use is asked for something that only a running engine can answer."""
    monkeypatch.setenv("CDK_DOCKER", "finch")
    calls = _answer(monkeypatch, subprocess.CompletedProcess([], 0, "", ""))
    require_engine("Hub/Base", ["docker=True"])
    assert calls == [["finch", "ps", "--quiet"]]


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (FileNotFoundError(2, "No such file or directory"), "cannot be started"),
        (subprocess.CompletedProcess([], 1, "", "Cannot connect to the Docker daemon\n"), "Cannot connect"),
        (subprocess.CompletedProcess([], 125, "", ""), "status 125"),
    ],
)
def test_without_an_engine_the_local_way_is_named(
    monkeypatch: pytest.MonkeyPatch, answer: subprocess.CompletedProcess[str] | OSError, trouble: str
) -> None:
    """A missing program and a silent engine are reported before anything starts, with the reason and the way out."""
    monkeypatch.delenv("CDK_DOCKER", raising=False)
    _answer(monkeypatch, answer)
    with pytest.raises(BuildError, match=rf"bundling\.image.*{trouble}.*built on this machine, without Docker"):
        require_engine("Hub/Base", ["bundling.image"])


def test_other_errors_of_the_cdk_pass() -> None:
    """Only a container's failure is reported as one."""

    def fail() -> None:
        message = "There is already a Construct with name 'Base' in Stack [Hub]"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="already a Construct"), container_errors("Hub/Base", {}):
        fail()


def test_what_the_cdk_tells_of_a_container_is_told_without_its_variables() -> None:
    """The command is left out whole, and a variable's value is out of what was printed before it too."""
    expected = "Failed to bundle asset: token t0p-s3cret is wrong\n--> Command: docker run --env OTHER=hidden"
    with (
        pytest.raises(BuildError, match="Failed to bundle asset") as caught,
        container_errors("Hub/Base", {"TOKEN": "t0p-s3cret"}),
    ):
        raise RuntimeError(expected)
    assert "s3cret" not in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert caught.value.__suppress_context__
