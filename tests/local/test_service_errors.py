"""Errors of an invocation that Lambda itself reports."""

from __future__ import annotations

import json
import re

import pytest

from cdk_layers.local import service_errors


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (128, "Runtime exited with error: exit status 128"),
        (137, "Runtime exited with error: signal: killed"),
        (139, "Runtime exited with error: signal: segmentation fault"),
        (193, "Runtime exited with error: exit status 193"),
        (255, "Runtime exited with error: exit status 255"),
    ],
)
def test_how_a_process_ended(status: int, reason: str) -> None:
    """Only the numbers of signals are signals: `sys.exit(-1)` ends with 255."""
    assert service_errors.exit_reason(status) == reason


def test_what_took_too_long() -> None:
    """The payload has the limit, and the log line the time in milliseconds too."""
    assert json.loads(service_errors.timeout_payload("1", 3)) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: 1 Error: Task timed out after 3.00 seconds",
    }
    line = service_errors.timeout_log_line("1", 0.5)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 1 Task timed out after 0\.50 seconds", line)
