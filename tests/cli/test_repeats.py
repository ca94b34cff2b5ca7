"""The same finding of many places: once, with the places; in JSON, each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.conftest import TODAY, acknowledge, function, write

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
    assert "0 errors and 1 warning, 8 times in 8 functions" in table


def test_json_has_each(tmp_path: Path, run: Callable[..., Run]) -> None:
    """With its construct and its line, and one identity of the problem."""
    report = run("check", _app(tmp_path), *TODAY, "--format", "json").json

    assert len({one["construct"] for one in report["findings"]}) == 8
    assert len({one["problem"] for one in report["findings"]}) == 1


def test_sarif_has_one_result_with_all_constructs(tmp_path: Path, run: Callable[..., Run]) -> None:
    """Code scanning would show eight alerts for one cause."""
    (result,) = json.loads(run("check", _app(tmp_path), *TODAY, "--format", "sarif").out)["runs"][0]["results"]
    (location,) = result["locations"]

    assert [one["fullyQualifiedName"] for one in location["logicalLocations"]] == [
        f"Stage{number}/Spoke/Report" for number in range(8)
    ]
    assert "The same in 7 other places: Stage1/Spoke/Report, " in result["message"]["text"]


def test_an_acknowledged_place_is_not_among_the_others(tmp_path: Path, run: Callable[..., Run]) -> None:
    """One of two functions acknowledged the rule: the other is reported, and SARIF has it as suppressed."""
    other = function(Layers=[_EXTENSION])
    other["Metadata"] = {"aws:cdk:path": "Spoke/Other/Resource"}
    path = write(tmp_path, Report=function(Layers=[_EXTENSION]), Other=other)
    acknowledge(path, "cdk-layers::size-unknown", scope="/Spoke/Other")
    results = json.loads(run("check", path, *TODAY, "--format", "sarif").out)["runs"][0]["results"]

    assert ["suppressions" in result for result in results] == [False, True]
    assert "The same in" not in results[0]["message"]["text"]
