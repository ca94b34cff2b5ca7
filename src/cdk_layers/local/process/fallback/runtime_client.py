"""The native part of Lambda's runtime client in pure Python: awslambdaric has it compiled for Linux only."""

from __future__ import annotations

import http.client
import os
import sys

_ROOT = "/2018-06-01/runtime"
_OK = 200
_ACCEPTED = 202


class _State:
    agent = ""
    connection: http.client.HTTPConnection | None = None


def initialize_client(user_agent: str) -> None:
    """Remember how the client calls itself."""
    _State.agent = user_agent


def next() -> tuple[bytes, dict[str, str]]:  # noqa: A001 - the client calls it so
    """Wait for an invocation; return its event and the headers that come with it."""
    response = _ask("GET", "/invocation/next", None, {})
    body = response.read()
    if response.status != _OK:
        message = "Failed to get next"
        raise RuntimeError(message)
    return body, dict(response.getheaders())


def post_invocation_result(invoke_id: str, data: bytes, content_type: str, _: object = None) -> None:
    """Return what a handler returned."""
    _post(f"/invocation/{invoke_id}/response", data, {"Content-Type": content_type})


def post_error(invoke_id: str, error: str, xray_fault: str, _: object = None) -> None:
    """Return how a handler failed."""
    del xray_fault
    _post(f"/invocation/{invoke_id}/error", error.encode(), {"Content-Type": "application/json"})


def _post(path: str, data: bytes, headers: dict[str, str]) -> None:
    response = _ask("POST", path, data, headers)
    response.read()
    if response.status != _ACCEPTED:
        sys.stderr.write(f"LAMBDA_RUNTIME Failed to post the response. Http response code: {response.status}.\n")
        message = "Failed to post invocation response"
        raise RuntimeError(message)


def _ask(method: str, path: str, data: bytes | None, headers: dict[str, str]) -> http.client.HTTPResponse:
    if _State.connection is None:
        _State.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    _State.connection.request(method, _ROOT + path, data, {"User-Agent": _State.agent, **headers})
    return _State.connection.getresponse()
