"""What Lambda itself logs about an invocation, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk_layers.lambda_service.log_settings import LogSettings
from cdk_layers.local.function import LocalFunction
from cdk_layers.local.platform_log import InitReport, PlatformLog, Report
from cdk_layers.local.runtime_api import Invocation

_FAILED = "Runtime.ExitError"


def _lines(logs: LogSettings, *reports: Report | InitReport | Invocation) -> list[str]:
    """Return what is logged about a function with a logging configuration."""
    lines: list[str] = []
    function = LocalFunction("Spoke/F", "F", "python3.13", "x86_64", "main.handler", Path(), logs=logs)
    log = PlatformLog(function, lines.append)
    for report in reports:
        if isinstance(report, Report):
            log.end(report)
        elif isinstance(report, InitReport):
            log.init_report(report)
        else:
            log.start(report)
    return lines


@pytest.mark.parametrize(
    ("report", "fields"),
    [
        (Report("1", 0.0123), ["Duration: 12.30 ms", "Billed Duration: 13 ms"]),
        (Report("1", 0.012), ["Duration: 12.00 ms", "Billed Duration: 12 ms"]),
        (
            Report("1", 3.923569, 0.145399),
            ["Duration: 3923.57 ms", "Billed Duration: 4069 ms", "Init Duration: 145.40 ms"],
        ),
        (
            Report("1", 0.01, error_type=_FAILED),
            ["Duration: 10.00 ms", "Billed Duration: 10 ms", "Status: error", f"Error Type: {_FAILED}"],
        ),
        (
            Report("1", 3, error_type="Sandbox.Timedout"),
            ["Duration: 3000.00 ms", "Billed Duration: 3000 ms", "Status: timeout"],
        ),
    ],
)
def test_reports_in_text(report: Report, fields: list[str]) -> None:
    """REPORT has the duration, what is billed, which includes the initialization, and how the process ended."""
    end, line = _lines(LogSettings(), report)
    assert end == "END RequestId: 1"
    duration, billed, *rest = fields
    assert line.split("\t") == ["REPORT RequestId: 1", duration, billed, "Memory Size: 128 MB", *rest]


@pytest.mark.parametrize(
    ("level", "types"),
    [
        (None, ["platform.start", "platform.report"]),
        ("INFO", ["platform.start", "platform.report"]),
        ("DEBUG", ["platform.start", "platform.runtimeDone", "platform.report"]),
        ("WARN", []),
    ],
)
def test_system_levels(level: str | None, types: list[str]) -> None:
    """The system log level decides which events of a successful invocation are written."""
    logs = LogSettings("JSON", system_level=level)
    lines = _lines(logs, Invocation("1", b"{}", "arn:aws:lambda:...", 3, "Root=1"), Report("1", 0.01))
    assert [json.loads(line)["type"] for line in lines] == types


def test_failures_in_json() -> None:
    """A failure is written at each level, with its status and its type."""
    logs = LogSettings("JSON", system_level="WARN")
    events: list[dict[str, Any]] = [
        json.loads(line)
        for line in _lines(logs, InitReport(0.5, "error", _FAILED), Report("1", 0.01, 0.1004, error_type=_FAILED))
    ]
    assert [event["type"] for event in events] == ["platform.initReport", "platform.runtimeDone", "platform.report"]
    assert all((event["record"]["status"], event["record"]["errorType"]) == ("error", _FAILED) for event in events)
    assert events[0]["record"]["metrics"] == {"durationMs": 500.0}
    assert events[2]["record"]["metrics"] == {
        "durationMs": 10.0, "billedDurationMs": 111, "memorySizeMB": 128, "initDurationMs": 100.4
    }  # fmt: skip
