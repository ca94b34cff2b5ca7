"""Acknowledgements of the CDK, as `cdk-layers check` reads them from an assembly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import TODAY, acknowledge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run

    Command = Callable[..., Run]


@pytest.mark.usefixtures("project")
def test_what_is_acknowledged_in_the_cdk_counts_here_too(run: Command) -> None:
    """For the scope where it stands and all below, with its reason."""
    acknowledge(Path("cdk.out"), "cdk-layers::handler-not-found", "other::deprecated-runtime")
    done = run("check", *TODAY, "--format", "json")

    assert (done.status, done.rules) == (0, ["deprecated-runtime"])
    (acknowledged,) = done.json["acknowledged"]
    assert (acknowledged["rule"], acknowledged["reason"]) == ("handler-not-found", "It stays.")
    assert run("check", *TODAY).out.rstrip().endswith("Acknowledged: 1.")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("scope", ["/Spoke", "/Spoke/Report", "/Spoke/Report/Resource", "/Spoke/Report/Default"])
def test_every_scope_of_a_function_canacknowledge(run: Command, scope: str) -> None:
    """The stack, the construct, and the resource in it, as in the report of the CDK."""
    acknowledge(Path("cdk.out"), "cdk-layers::handler-not-found", scope=scope)

    assert run("check", *TODAY, "--format", "json").rules == ["deprecated-runtime"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("scope", ["/Other", "/Spoke/Report2", "/Spoke/Report/Resource/Below", "/Spoke/Repor"])
def test_no_other_scope_acknowledges(run: Command, scope: str) -> None:
    """Names that only begin alike belong to other constructs."""
    acknowledge(Path("cdk.out"), "cdk-layers::handler-not-found", scope=scope)

    assert "handler-not-found" in run("check", *TODAY, "--format", "json").rules


@pytest.mark.usefixtures("project")
def test_what_is_acknowledged_for_a_whole_app_stands_in_its_report(run: Command) -> None:
    """The CDK writes it nowhere else."""
    suppressed = {"acknowledgedId": "cdk-layers::handler-not-found", "reason": "It stays."}
    report = {"pluginReports": [{"suppressedViolations": [suppressed, {}]}, {}]}
    Path("cdk.out/validation-report.json").write_text(json.dumps(report))

    assert run("check", *TODAY, "--format", "json").rules == ["deprecated-runtime"]


@pytest.mark.usefixtures("project")
def test_a_damaged_report_of_the_cdk_stops_nothing(run: Command) -> None:
    """The assembly is judged without it, which the report says."""
    Path("cdk.out/validation-report.json").write_text('{"pluginReports": [')
    done = run("check", *TODAY, "--format", "json")

    assert done.rules == ["handler-not-found", "deprecated-runtime"]
    assert "validation-report.json" in done.json["not_known"][0]
