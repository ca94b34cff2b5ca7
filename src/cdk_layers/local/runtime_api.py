"""The Runtime API of one execution environment: it hands invocations to Lambda's runtime client and takes its answers.

Source: the developer guide, "Using the Lambda runtime API for custom runtimes" (2018-06-01).
"""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, Literal

from cdk_layers.local.service_errors import refusal_of_too_large, too_large_payload
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ROOT: Final = "/2018-06-01/runtime"
MAX_PAYLOAD_BYTES: Final = 6_291_556
"""A response may have so many bytes: 6 MB and 100 bytes. Source: the service's own error text."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event on its way to a handler."""

    request_id: str
    payload: bytes
    arn: str
    timeout_seconds: float
    trace_id: str
    client_context: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an invocation: an answer of the runtime client, or the end of its process or of the time."""

    kind: Literal["delivered", "response", "error", "init-error", "ended", "timed-out", "too-large"]
    payload: bytes = b""


class RuntimeApi:
    """An HTTP server on the loopback interface for one process."""

    def __init__(self, on_delivery: Callable[[Invocation], object]) -> None:
        """Listen on a free port.

        Args:
            on_delivery: Is called before the process gets an invocation.
        """
        self._on_delivery = on_delivery
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._server = _Server(self)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.05,), name="cdk-layers-runtime-api", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Its address, "host:port"."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def send(self, invocation: Invocation) -> None:
        """Hand over the next invocation."""
        self._invocations.put(invocation)

    def close(self) -> None:
        """Stop listening; a client that waits for an invocation gets an end of the connection."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()

    def next_invocation(self) -> Invocation | None:
        """Wait for an invocation; None when the API closes."""
        invocation = self._invocations.get()
        if invocation is None:
            self._invocations.put(None)
        else:
            self._on_delivery(invocation)
            self.answers.put(Answer("delivered"))
        return invocation

    def take_answer(self, timeout: float) -> Answer | None:
        """Return the next answer; None when there is none in so many seconds."""
        try:
            return self.answers.get(timeout=timeout)
        except Empty:
            return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """Report nothing: a process that ends in the middle of a request is found by its end."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer the runtime client that is ready for an invocation."""
        if self.path != f"{_ROOT}/invocation/next":
            self._reply(404)
            return
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        deadline = int((host.wall_clock() + invocation.timeout_seconds) * 1000)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
            **({"Lambda-Runtime-Client-Context": invocation.client_context} if invocation.client_context else {}),
        }
        self._reply(200, invocation.payload, headers)

    def do_POST(self) -> None:
        """Take a result or an error."""
        body = self._body()
        place = self.path.removeprefix(_ROOT).strip("/").split("/")
        if place == ["init", "error"]:
            self._take(Answer("init-error", body))
        elif len(place) == 3 and place[0] == "invocation" and place[2] == "error":  # noqa: PLR2004
            self._take(Answer("error", body))
        elif len(place) == 3 and place[0] == "invocation" and place[2] == "response":  # noqa: PLR2004
            if len(body) > MAX_PAYLOAD_BYTES:
                answer = Answer("too-large", too_large_payload(MAX_PAYLOAD_BYTES))
                self._take(answer, 413, refusal_of_too_large(MAX_PAYLOAD_BYTES))
            else:
                self._take(Answer("response", body))
        else:
            self._reply(404)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _take(self, answer: Answer, status: int = 202, reply: bytes = b'{"status":"OK"}') -> None:
        # First: the process may end as soon as it has the reply, and without an answer its end would be the outcome.
        self.server.api.answers.put(answer)
        self._reply(status, reply)

    def _reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: requests carry events."""
