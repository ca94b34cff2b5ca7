"""The order of the answers of a function's process and of its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.local import runtime_api
from tests.local.apps import error_of, function_of, run_once, write_app

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.local.runner import Runner


@pytest.mark.parametrize(
    ("code", "error_type"),
    [
        ("import not_there", "Runtime.ImportModuleError"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("def other(event, context): ...", "Runtime.HandlerNotFound"),
        ("def handler(event, context): return 'x' * 7_000_000", "Function.ResponseSizeTooLarge"),
    ],
)
def test_the_last_answer_counts_on_a_busy_machine(
    tmp_path: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch, code: str, error_type: str
) -> None:
    """A process that ends as soon as its error is received has failed by that error, not by its end."""
    reply = runtime_api._Handler._reply

    def reply_and_wait(handler: runtime_api._Handler, *arguments: Any) -> None:
        reply(handler, *arguments)
        if handler.command == "POST":
            time.sleep(0.3)  # as a thread does that gets no processor

    monkeypatch.setattr(runtime_api._Handler, "_reply", reply_and_wait)
    app = write_app(tmp_path, {"Report": {"Code": {"main.py": code}, "Timeout": 20}})
    outcome, _ = run_once(runner, function_of(app, "Report"))
    assert error_of(outcome)["errorType"] == error_type
