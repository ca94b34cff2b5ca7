"""Errors of an invocation that Lambda itself reports, in its format.

Source: the developer guide, "Troubleshoot invocation issues in Lambda", and the runtime interface emulator.
"""

from __future__ import annotations

import json
import signal
from datetime import datetime, timezone
from typing import Final

TIMED_OUT: Final = "Sandbox.Timedout"
EXITED: Final = "Runtime.ExitError"
TOO_LARGE: Final = "Function.ResponseSizeTooLarge"

_SIGNALS: Final = 128
"""The exit status of a shell for a process that a signal ended is this number plus the signal."""


def timeout_payload(request_id: str, seconds: float) -> bytes:
    """Return the payload of an invocation that took too long."""
    return _payload(TIMED_OUT, f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def timeout_log_line(request_id: str, seconds: float) -> str:
    """Return the log line of an invocation that took too long."""
    return f"{timestamp()} {request_id} Task timed out after {seconds:.2f} seconds"


def timestamp() -> str:
    """Return the time as Lambda writes it, in milliseconds."""
    return f"{datetime.now(tz=timezone.utc):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def exit_payload(request_id: str, status: int) -> bytes:
    """Return the payload of an invocation whose process ended.

    Args:
        request_id: ID of the invocation.
        status: Exit status, as a shell reports it.
    """
    return _payload(EXITED, f"RequestId: {request_id} Error: {exit_reason(status)}")


def too_large_payload(limit_bytes: int) -> bytes:
    """Return the payload of an invocation whose response is too large."""
    return _payload(TOO_LARGE, f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes).")


def refusal_of_too_large(limit_bytes: int) -> bytes:
    """Return what the Runtime API answers a process with too large a response, which its log shows."""
    return _payload("RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({limit_bytes} bytes).")


def exit_reason(status: int) -> str:
    """Return how a process ended that gave no answer, from its exit status as a shell reports it."""
    if status == 0:
        return "Runtime exited without providing a reason"
    number = status - _SIGNALS
    name = signal.strsignal(number) if number in signal.valid_signals() else None
    if name is not None:
        return f"Runtime exited with error: signal: {name.lower()}"
    return f"Runtime exited with error: exit status {status}"


def _payload(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()
