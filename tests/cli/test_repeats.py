"""The same finding of many places: once for people, each for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.conftest import TODAY, function, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Run

_EXTENSION = "arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:53"


def _app(folder: Path) -> Path:
    functions = {}
    for number in range(8):
        functions[f"F{number}"] = function(Layers=[_EXTENSION])
        functions[f"F{number}"]["Metadata"] = {"aws:cdk:path": f"Stage{number}/Spoke/Report/Resource"}
    return write(folder, **functions)


def test_people_are_told_once_with_a_count(tmp_path: Path, run: Callable[..., Run]) -> None:
    """An extension's layer has an unknown size under each of eight functions: one finding, one annotation."""
    path = _app(tmp_path)
    table, github = (run("check", path, *TODAY, "--format", form).out for form in ("table", "github"))

    assert table.count("[size-unknown]") == github.count("::warning ") == 1
    for told in (table, github):
        assert "The same in 7 other places: Stage1/Spoke/Report, Stage2/Spoke/Report" in " ".join(told.split())
    assert "0 errors and 8 warnings" in table


def test_machines_are_told_of_each(tmp_path: Path, run: Callable[..., Run]) -> None:
    """With its construct and its line."""
    path = _app(tmp_path)
    report = run("check", path, *TODAY, "--format", "json").json
    sarif = json.loads(run("check", path, *TODAY, "--format", "sarif").out)

    assert len({one["construct"] for one in report["findings"]}) == 8
    assert len({one["partialFingerprints"]["placeAndRule/v1"] for one in sarif["runs"][0]["results"]}) == 8
