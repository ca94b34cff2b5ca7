"""A small assembly with an error and two warnings, and a way to run the command on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.cli import main
from tests.assembly.templates import assembly_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = ("--today", "2026-01-01")


@dataclass(frozen=True, slots=True)
class Run:
    """What the command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The report, as JSON."""
        return json.loads(self.out)

    @property
    def rules(self) -> list[str]:
        """The rules that the JSON report's findings are of."""
        return [finding["rule"] for finding in self.json["findings"]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return a function that runs the command."""

    def run_it(*arguments: str | Path) -> Run:
        try:
            status = main([*map(str, arguments)])
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        done = capsys.readouterr()
        return Run(status, done.out, done.err)

    return run_it


def function(runtime: str = "python3.13", handler: str = "index.handler", **properties: Any) -> dict[str, Any]:
    """Return a function of a template, with code in it."""
    code = {"ZipFile": "def handler(event, context): return event"}
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Code": code, "Runtime": runtime, "Handler": handler, **properties},
        "Metadata": {"aws:cdk:path": "Spoke/Report/Resource"},
    }


def write(folder: Path, **resources: dict[str, Any]) -> Path:
    """Write cdk.out with one stack of these resources, and return its path."""
    out = folder / "cdk.out"
    out.mkdir()
    return assembly_of(out, Spoke={"Resources": resources})


def acknowledge(path: Path, *names: str, scope: str = "/Spoke") -> None:
    """Acknowledge rules in a scope of an assembly, as the CDK does."""
    entry = {"type": "aws:cdk:acknowledged-rules", "data": dict.fromkeys(names, "It stays.")}
    (path / "Spoke.metadata.json").write_text(json.dumps({"/Spoke/Report": "damaged", scope: [entry]}))
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["artifacts"]["Spoke"]["additionalMetadataFile"] = "Spoke.metadata.json"
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder: its cdk.out has one function with an error and a warning."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, Report=function("python3.9", "nowhere.handler"))
    return tmp_path
