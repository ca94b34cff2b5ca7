"""An execution environment: one process that answers the invocations of one function, one after the other."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from cdk_layers.local import service_errors
from cdk_layers.local.logs import Logs
from cdk_layers.local.platform_log import InitReport, PlatformLog, Report
from cdk_layers.local.runtime_api import Answer, Invocation, RuntimeApi
from cdk_layers.local.sandbox import Program, Sandbox
from cdk_layers.system import host
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cdk_layers.local.sandbox import Prepared

INIT_SECONDS: Final = 10.0
"""How long initialization may take. Lambda begins a slower one again, within the first invocation's timeout. Here it
continues within that time, since this machine may be slower, and the log reports it as Lambda's does. Source: the
developer guide, "Understanding the Lambda execution environment lifecycle"."""

_DEBUGGING_SECONDS: Final = 24 * 3600
_DEBUGGING_OPTIONS: Final = ("-X", "frozen_modules=off")
"""Else debugpy warns that it may miss breakpoints. Python before 3.11 ignores the option."""

_POLL_SECONDS: Final = 0.02
_LAST_ANSWER_SECONDS: Final = 0.05
_REFUSED_SECONDS: Final = 2.0
"""How long a process has to write that its response was refused, and to end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one invocation."""

    request_id: str
    payload: bytes
    """What the handler returned, or Lambda's form of the error."""

    error: str | None = None
    """"Unhandled" if the function failed."""

    log_tail: bytes = b""
    """The end of the invocation's log, up to 4 KB."""

    duration_seconds: float = 0.0
    init_seconds: float | None = None
    """Seconds of the initialization, if this was the environment's first invocation."""

    @property
    def log_result(self) -> str:
        """The end of the log as the Invoke API returns it."""
        return base64.b64encode(self.log_tail).decode()


class ExecutionEnvironment:
    """A process with the function's code at /var/task and its layers at /opt."""

    def __init__(self, prepared: Prepared, *, sink: Callable[[bytes], object], debug_port: int | None = None) -> None:
        """Start the process.

        Args:
            prepared: The function.
            sink: Receives what the process writes.
            debug_port: Where it waits for a debugger before it loads the handler.

        Raises:
            BuildError: The process cannot be started.
            UsageError: The function sets a reserved variable.
        """
        function = prepared.function
        self.function = function
        self._opt = prepared.folders.opt
        self._is_closed = False
        self._began = host.clock()
        self._is_new = True
        self._has_started = False
        self._init_seconds = INIT_SECONDS if debug_port is None else _DEBUGGING_SECONDS
        self._timeout_seconds = function.timeout_seconds if debug_port is None else _DEBUGGING_SECONDS
        self._logs = Logs(sink)
        self._platform = PlatformLog(function, self._logs.add)
        self._api = RuntimeApi(self._log_start)
        try:
            program = Program(
                self._api.address, debug_port, python_options=() if debug_port is None else _DEBUGGING_OPTIONS
            )
            self._sandbox = Sandbox(prepared, program, output=self._logs.write_end)
        except BaseException:
            self._api.close()
            self._logs.close()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether it can answer another invocation: a process may end, or be killed, while it waits for one."""
        return not self._is_closed and self._sandbox.status() is None

    @property
    def differences(self) -> tuple[str, ...]:
        """In which ways the process sees another world than in Lambda, each as a sentence."""
        return (*self._sandbox.differences, *_without_extensions(self._opt))

    def invoke(self, event: bytes, *, client_context: str | None = None, qualifier: str | None = None) -> Outcome:
        """Run the handler with an event, and return what it returned or how it failed.

        Args:
            event: JSON.
            client_context: JSON that the context carries.
            qualifier: The version or alias that the caller named.
        """
        invocation = Invocation(
            request_id=str(uuid4()),
            payload=event,
            arn=self.function.arn(qualifier),
            timeout_seconds=self._timeout_seconds,
            trace_id=f"Root=1-{int(host.wall_clock()):08x}-{uuid4().hex[:24]};Parent={uuid4().hex[:16]};Sampled=0",
            client_context=client_context,
        )
        if not self._is_new:
            self._logs.begin()
        self._has_started = False
        self._api.send(invocation)
        return self._report(invocation, *self._outcome_of(invocation))

    def _log_start(self, invocation: Invocation) -> None:
        self._has_started = True
        self._logs.settle()
        init = host.clock() - self._began
        if self._is_new and init > self._init_seconds:
            self._platform.init_report(InitReport(init, "timeout"))
        self._platform.start(invocation)

    def _outcome_of(self, invocation: Invocation) -> tuple[Answer, float, float | None]:
        """Return the final answer, the seconds of the invocation, and those of the initialization."""
        limit = invocation.timeout_seconds
        answer = self._wait(self._init_seconds + limit if self._is_new else limit)
        delivered = host.clock()
        init = delivered - self._began if self._is_new else None
        self._is_new = False
        if answer.kind == "delivered":
            answer = self._wait(limit)
        return answer, host.clock() - delivered, init

    def _wait(self, seconds: float) -> Answer:
        """Return the process's next answer, or that it ended or took too long."""
        deadline = host.clock() + seconds
        while True:
            left = deadline - host.clock()
            answer = self._api.take_answer(max(0.0, min(left, _POLL_SECONDS)))
            if answer is not None:
                return answer
            if self._sandbox.status() is not None:
                # What it sent last may still be on its way.
                return self._api.take_answer(_LAST_ANSWER_SECONDS) or Answer("ended")
            if left <= 0:
                return Answer("timed-out")

    def _report(self, invocation: Invocation, answer: Answer, duration: float, init: float | None) -> Outcome:
        """Complete the log, end a process that cannot go on, and return the outcome."""
        request_id = invocation.request_id
        payload, error = answer.payload, None if answer.kind == "response" else "Unhandled"
        if answer.kind == "timed-out":
            payload = service_errors.timeout_payload(request_id, invocation.timeout_seconds)
        elif answer.kind == "ended":
            payload = service_errors.exit_payload(request_id, self._sandbox.status() or 0)
        elif answer.kind == "too-large":
            self._wait(_REFUSED_SECONDS)
        self._logs.settle()
        error_type = None
        if answer.kind in {"ended", "init-error", "timed-out", "too-large"}:
            self.close()
            error_type = _error_type(payload)
        self._log_end(invocation, Report(request_id, duration, init, error_type), payload)
        return Outcome(request_id, payload, error, self._logs.tail(), duration, init)

    def _log_end(self, invocation: Invocation, report: Report, payload: bytes) -> None:
        """Complete the log of an invocation; that of one that did not reach the handler begins here, too."""
        if not self._has_started:
            if report.init_seconds is not None:
                self._platform.init_report(InitReport(report.init_seconds, report.status, report.error_type))
                # Lambda repeats the initialization, as a part of the invocation.
                report = replace(report, seconds=report.init_seconds, init_seconds=None)
            self._platform.start(invocation)
        if report.status == "timeout":
            self._logs.add(service_errors.timeout_log_line(report.request_id, invocation.timeout_seconds))
            report = replace(report, seconds=min(report.seconds, invocation.timeout_seconds))
        elif report.error_type == service_errors.EXITED:
            self._logs.add(f"{json.loads(payload)['errorMessage']}\n{report.error_type}")
        self._platform.end(report)

    def close(self) -> None:
        """End the process, everything that it started and its mounts, and remove its /tmp."""
        if self._is_closed:
            return
        self._is_closed = True
        self._sandbox.close()
        self._api.close()
        self._logs.close()


def _error_type(payload: bytes) -> str:
    """Return the type of an error in Lambda's format."""
    return str(json.loads(payload)["errorType"])


def _without_extensions(opt: Path) -> Iterator[str]:
    """Yield the sentence that a function's extensions are missing, if its layers contain any."""
    folder = opt / "extensions"
    names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if names:
        yield f"Extensions of layers are not started here, and what depends on them does not work: {listed(names, 3)}."
