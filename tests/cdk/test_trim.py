"""Layers and functions whose distributions are trimmed, from their constructs to reports."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from aws_cdk import App, Stack

from cdk_layers import LayeredFunction, SharedPythonLayer
from cdk_layers.assembly.reader import read
from cdk_layers.building.trim.untrimmed import write_untrimmed
from cdk_layers.cli import main
from cdk_layers.errors import UsageError
from cdk_layers.project.user_store import user_store
from tests.building.distributions import write_wheel

FILES = {
    "a/__init__.py": "", "a/__init__.pyi": "x: int\n", "a/tests/__init__.py": "", "a/tests/test_a.py": "1\n",
    "botocore/data/s3/1/service-2.json.gz": "s3", "botocore/data/ec2/1/service-2.json.gz": "ec2",
    "botocore/data/endpoints.json": "{}", "a/locale/de.mo": "de",
}  # fmt: skip
OWN: Final = ("own/stub.pyi", "own/tests/__init__.py", "own/tests/test_own.py", "own/text.mo")
OPTIONS: dict[str, Any] = {"trim": True, "aws_services": ["s3"], "dependency_excludes": ["*.mo"]}


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An entry whose only dependency has files of several kinds, and files of its own of these kinds."""
    folder = tmp_path_factory.mktemp("entry")
    write_wheel(folder, "a", FILES)
    (folder / "requirements.txt").write_text("./a-1.0-py3-none-any.whl\n")
    (folder / "own" / "tests").mkdir(parents=True)
    for name in OWN:
        (folder / name).write_text("")
    (folder / "main.py").write_text("def handler(event, context): ...\n")
    return folder


def test_trimmed_distributions_are_what_is_deployed(
    entry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Archives lack what the options leave out and keep own files; `sizes` and `check` name what was saved by kind."""
    app = App(outdir=str(tmp_path / "cdk.out"))
    stack = Stack(app, "S")
    layer = SharedPythonLayer(stack, "L", entry=entry, compatible_runtimes=["python3.13"], **OPTIONS)
    LayeredFunction(stack, "F", entry=entry, runtime="python3.13", handler="main.handler", trim=["stubs"])
    LayeredFunction(stack, "G", entry=entry, runtime="python3.13", handler="main.handler", layers=[layer])
    app.synth()
    archives = filter(zipfile.is_zipfile, sorted(Path(tmp_path, "cdk.out").rglob("*.zip")))
    names = [set(zipfile.ZipFile(path).namelist()) for path in archives]
    trimmed = next(each for each in names if "python/main.py" in each)
    assert {name for name in trimmed if ".dist-info" not in name} == {
        "python/a/__init__.py", "python/botocore/data/s3/1/service-2.json.gz", "python/botocore/data/endpoints.json",
        "python/main.py", *(f"python/{name}" for name in OWN),
    }  # fmt: skip
    assert "python/a-1.0.dist-info/RECORD" in trimmed
    assert any("a/tests/test_a.py" in each and "a/__init__.pyi" not in each for each in names)

    assert main(["sizes", str(tmp_path / "cdk.out"), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    saved = {kind: each["files"] for kind, each in document["layers"][0]["trimmed"].items()}
    assert saved == {"tests": 2, "stubs": 1, "aws-services": 1, "excluded": 1}
    functions = {each["construct"]: each["trimmed"] for each in document["functions"]}
    assert functions == {"S/F": {"stubs": {"files": 1, "bytes": 7}}, "S/G": {}}

    untrimmed = tmp_path / "untrimmed.zip"
    store = user_store()
    digest = read(tmp_path / "cdk.out", store=store).layers[0].asset
    assert write_untrimmed(store, digest or "", untrimmed)
    assert "python/a/tests/test_a.py" in zipfile.ZipFile(untrimmed).namelist()
    assert not write_untrimmed(store, "unknown", untrimmed)

    main(["check", str(tmp_path / "cdk.out"), "--format", "json"])
    assert json.loads(capsys.readouterr().out)["trimmed"]["stubs"] == {"files": 2, "bytes": 14}


def test_rejects_services_that_botocore_does_not_have(entry: Path) -> None:
    """The message names the layer, all wrong names, and the nearest name of each."""
    services = ["zzzz", "s3", "s33"]
    with pytest.raises(UsageError, match=r"has no service 's33' \(Did you mean 's3'\?\), 'zzzz'\. The"):
        SharedPythonLayer(
            Stack(App(), "S"), "L", entry=entry, compatible_runtimes=["python3.13"], aws_services=services
        )
