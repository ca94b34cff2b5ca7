"""What Lambda itself logs about a function: lines of text, or JSON if the function's logging configuration says so.

What only Lambda knows is left out: the version of the runtime (INIT_START), the memory that was used, and spans.

Source: the developer guide, "Log and monitor Python Lambda functions", "Log-level filtering" and "Lambda Telemetry API
Event schema reference"; which status belongs to which end: the runtime interface emulator, lambda/rapid/handlers.go;
the order of the fields: logs of functions that ran in 2026.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cdk_layers.local.service_errors import TIMED_OUT, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_layers.local.function import LocalFunction
    from cdk_layers.local.runtime_api import Invocation

Status = Literal["success", "error", "timeout"]


@dataclass(frozen=True, slots=True)
class InitReport:
    """How an initialization ended that was too slow, or failed."""

    seconds: float
    status: Status
    error_type: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How an invocation ended."""

    request_id: str
    seconds: float
    init_seconds: float | None = None
    """Seconds of the initialization, if it precedes this invocation."""

    error_type: str | None = None
    """The type of an error that ended the process. None if the handler returned or raised."""

    @property
    def status(self) -> Status:
        """Lambda's name for the end of the invocation: "success" includes exceptions of the handler."""
        if self.error_type is None:
            return "success"
        return "timeout" if self.error_type == TIMED_OUT else "error"

    @property
    def billed_ms(self) -> int:
        """The milliseconds that Lambda charges for.

        They include the initialization. Source: the AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase",
        2025.
        """
        return math.ceil(_ms(self.seconds + (self.init_seconds or 0), digits=3))


class PlatformLog:
    """The log of one function, as far as Lambda writes it."""

    def __init__(self, function: LocalFunction, add: Callable[[str], object]) -> None:
        """Write nothing yet.

        Args:
            function: The function.
            add: Receives each line.
        """
        self._function = function
        self._add = add

    def init_report(self, report: InitReport) -> None:
        """Write that an initialization was too slow, or failed."""
        if self._function.logs.is_json:
            record = {"initializationType": "on-demand", "phase": "init", **_ending(report.status, report.error_type)}
            self._event(
                "WARN", "platform.initReport", {**record, "metrics": {"durationMs": _ms(report.seconds, digits=3)}}
            )
            return
        status = _status_fields(report.status, report.error_type)
        self._fields(f"INIT_REPORT Init Duration: {_ms(report.seconds):.2f} ms", "Phase: init", *status)

    def start(self, invocation: Invocation) -> None:
        """Write that an invocation begins."""
        request_id = invocation.request_id
        if self._function.logs.is_json:
            record = {"requestId": request_id, "functionArn": invocation.arn, "version": "$LATEST"}
            self._event("INFO", "platform.start", record)
        else:
            self._add(f"START RequestId: {request_id} Version: $LATEST")

    def end(self, report: Report) -> None:
        """Write that an invocation has ended, and how."""
        if self._function.logs.is_json:
            self._end_in_json(report)
            return
        self._add(f"END RequestId: {report.request_id}")
        init = report.init_seconds
        self._fields(
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {_ms(report.seconds):.2f} ms",
            f"Billed Duration: {report.billed_ms} ms",
            f"Memory Size: {self._function.memory_mib} MB",
            *(() if init is None else (f"Init Duration: {_ms(init):.2f} ms",)),
            *(() if report.status == "success" else _status_fields(report.status, report.error_type)),
        )

    def _end_in_json(self, report: Report) -> None:
        is_success, ending = report.status == "success", _ending(report.status, report.error_type)
        duration = {"durationMs": _ms(report.seconds, digits=3)}
        metrics = {**duration, "billedDurationMs": report.billed_ms, "memorySizeMB": self._function.memory_mib}
        if report.init_seconds is not None:
            metrics["initDurationMs"] = _ms(report.init_seconds, digits=3)
        done = {"requestId": report.request_id, **ending, "metrics": duration}
        self._event("DEBUG" if is_success else "WARN", "platform.runtimeDone", done)
        record = {"requestId": report.request_id, "metrics": metrics, **ending}
        self._event("INFO" if is_success else "WARN", "platform.report", record)

    def _event(self, level: str, kind: str, record: Mapping[str, object]) -> None:
        if self._function.logs.has_system_event(level):
            event = {"time": timestamp(), "type": kind, "record": record}
            self._add(json.dumps(event, separators=(",", ":")))

    def _fields(self, *fields: str) -> None:
        self._add("\t".join(fields))


def _ms(seconds: float, *, digits: int = 2) -> float:
    return round(seconds * 1000.0, digits)


def _ending(status: Status, error_type: str | None) -> dict[str, str]:
    return {"status": status, **({"errorType": error_type} if status == "error" and error_type else {})}


def _status_fields(status: Status, error_type: str | None) -> list[str]:
    return [f"Status: {status}", *([f"Error Type: {error_type}"] if status == "error" and error_type else [])]
