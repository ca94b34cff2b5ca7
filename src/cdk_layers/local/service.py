"""Lambda's Invoke API for the functions of an app, over HTTP.

Source: the Lambda API reference, Invoke (2015-03-31).
"""

from __future__ import annotations

import base64
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from cdk_layers.errors import CdkLayersError, UsageError
from cdk_layers.local.event import MAX_EVENT_BYTES, check_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.message import Message

    from cdk_layers.local.execution import Outcome

    Invoke = Callable[[str, bytes, str | None, str | None], Outcome]
    """Runs a function: its name, the event, the client context as JSON, the qualifier."""

    Refusal = tuple[int, str, str]
    """The status, the type and the message of an error."""

MAX_ASYNCHRONOUS_BYTES: Final = 1_048_576
"""Source: the developer guide, Lambda quotas, invocation payload."""

_INVOCATIONS: Final = re.compile(r"/2015-03-31/functions/([^/]{1,2000})/invocations/?")
_CHUNK_BYTES: Final = 65_536
_KINDS: Final = ("RequestResponse", "Event", "DryRun")
_UNREADABLE: Final = 411, "LengthRequired", "A request needs a Content-Length. Chunked bodies are not accepted."
"""Source: RFC 9110, 411 Length Required. SDKs send a length."""

_ARN: Final = re.compile(r"(?:arn:[^:]*:lambda:[^:]*:)?(?:\d{12}:)?function:([^:]+)(?::([^:]+))?")


class Service(ThreadingHTTPServer):
    """The server; it answers each request in a thread."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], known: Callable[[str], bool], invoke: Invoke, report: Callable[[str], object]
    ) -> None:
        """Listen.

        Args:
            address: Host and port; port 0 is a free one.
            known: Whether the app has a function of this name.
            invoke: Runs a function.
            report: Receives why an asynchronous invocation could not run.

        Raises:
            OSError: The port is taken.
        """
        self.known = known
        self.invoke = invoke
        self.report = report
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """Report nothing: a caller that hangs up is not an error of the service."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Service

    def do_POST(self) -> None:
        """Invoke a function, or report that another operation is unknown."""
        length = self._length()
        if length is None:
            self.close_connection = True
            self._refuse(*_UNREADABLE)
            return
        event = self._body(length)
        url = urlsplit(self.path)
        place = _INVOCATIONS.fullmatch(url.path) if self.command == "POST" else None
        if place is None:
            self._refuse(404, "UnknownOperationException", "Only Invoke is available here.")
            return
        name, qualifier = _name_and_qualifier(unquote(place[1]), parse_qs(url.query).get("Qualifier", [None])[0])
        kind = self.headers.get("X-Amz-Invocation-Type", _KINDS[0])
        refusal = self._refusal(name, kind, event)
        if refusal is not None:
            self._refuse(*refusal)
        elif kind == "DryRun":
            self._reply(204)
        elif kind == "Event":
            Thread(target=self._invoke_quietly, args=(name, event or b"{}", None, qualifier), daemon=True).start()
            self._reply(202)
        else:
            self._answer(name, event or b"{}", _client_context(self.headers), qualifier)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - names that the base class calls

    def _length(self) -> int | None:
        """Return how many bytes the caller sends; None if the request does not say so."""
        length = self.headers.get("Content-Length", "0")
        return int(length) if length.isdecimal() and "Transfer-Encoding" not in self.headers else None

    def _body(self, length: int) -> bytes | None:
        """Return what the caller sent; None if that is larger than any event may be."""
        if length <= MAX_EVENT_BYTES:
            return self.rfile.read(length)
        # Read anyway: a caller that is still sending would not see the answer.
        while length > 0 and (data := self.rfile.read(min(length, _CHUNK_BYTES))):
            length -= len(data)
        return None

    def _refusal(self, name: str, kind: str, event: bytes | None) -> Refusal | None:
        """Return the error for a request that is not carried out."""
        if self.headers.get("Origin"):
            # No SDK outside of browsers sends one, and any page that the user visits could send requests to this port.
            return 403, "AccessDeniedException", "Requests of web pages are not accepted."
        if kind not in _KINDS:
            return 400, "InvalidParameterValueException", f"Value {kind!r} for InvocationType is not one of {_KINDS}."
        if not self.server.known(name):
            return 404, "ResourceNotFoundException", f"Function not found: {name}"
        limit = MAX_ASYNCHRONOUS_BYTES if kind == "Event" else MAX_EVENT_BYTES
        if event is None or len(event) > limit:
            text = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            return 413, "RequestTooLargeException", text
        return _refusal_of_content(event, self.headers)

    def _answer(self, name: str, event: bytes, client_context: str | None, qualifier: str | None) -> None:
        try:
            outcome = self.server.invoke(name, event, client_context, qualifier)
        except UsageError as error:
            self._refuse(400, "InvalidParameterValueException", str(error))
            return
        except CdkLayersError as error:
            self._refuse(500, "ServiceException", str(error))
            return
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST",
                   "X-Amzn-RequestId": outcome.request_id}  # fmt: skip
        if outcome.error is not None:
            headers["X-Amz-Function-Error"] = outcome.error
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = outcome.log_result
        self._reply(200, outcome.payload, headers)

    def _invoke_quietly(self, name: str, event: bytes, client_context: str | None, qualifier: str | None) -> None:
        try:
            self.server.invoke(name, event, client_context, qualifier)
        except CdkLayersError as error:
            self.server.report(f"{name}: {error}")

    def _refuse(self, status: int, kind: str, message: str) -> None:
        body = json.dumps({"Type": "User" if status < 500 else "Service", "Message": message}).encode()  # noqa: PLR2004
        self._reply(status, body, {"Content-Type": "application/json", "X-Amzn-ErrorType": kind})

    def _reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:  # noqa: PLR2004
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: requests carry events."""


def _refusal_of_content(event: bytes, headers: Message) -> Refusal | None:
    """Return the error for an event or a client context that Lambda cannot parse."""
    try:
        check_json(event or b"{}")
    except ValueError as error:
        return 400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
    try:
        _client_context(headers)
    except ValueError:
        text = "Client context must be a valid Base64-encoded JSON object."
        return 400, "InvalidRequestContentException", text
    return None


def _client_context(headers: Message) -> str | None:
    """Return the client context of a request as JSON in ASCII, as functions get it.

    Only synchronous invocations pass it on. Source: the Lambda API reference, Invoke, ClientContext, and
    github.com/boto/boto3/issues/2153.

    Raises:
        ValueError: It is not an object of JSON in Base64.
    """
    encoded = headers.get("X-Amz-Client-Context")
    if encoded is None:
        return None
    decoded = base64.b64decode(encoded, validate=True)
    check_json(decoded)
    if not decoded.strip().startswith(b"{"):
        raise ValueError
    return json.dumps(json.loads(decoded))


def _name_and_qualifier(text: str, qualifier: str | None) -> tuple[str, str | None]:
    """Return a function's name, and the version or alias named with it, from a name, a partial or a full ARN."""
    arn = _ARN.fullmatch(text)
    if arn:
        return arn[1], qualifier or arn[2]
    name, _, own = text.partition(":")
    return name, qualifier or own or None
