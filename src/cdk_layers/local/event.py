"""Events that the user gives: JSON, as text, in a file or from standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from cdk_layers.errors import UsageError

MAX_EVENT_BYTES: Final = 6_291_456
"""Source: the developer guide, Lambda quotas, invocation payload."""

_STANDARD_INPUT: Final = "-"


def read_event(given: str | None) -> bytes:
    """Return an event as JSON.

    Args:
        given: JSON text, the path of a file, or "-" for standard input; None is an empty object.

    Raises:
        UsageError: There is no such file, its content is not JSON, or it is larger than Lambda accepts.
    """
    if given is None:
        return b"{}"
    if given == _STANDARD_INPUT:
        return _checked(sys.stdin.buffer.read(), "standard input")
    if given.lstrip()[:1] in {"{", "[", '"'} or _is_json(given):
        return _checked(given.encode(errors="surrogateescape"), "--event")
    try:
        return _checked(Path(given).read_bytes(), given)
    except OSError as error:
        message = f"The event {given!r} is neither JSON nor a file that can be read: {error.strerror or error}."
        raise UsageError(message) from None


def event_of(value: object) -> bytes:
    """Return a value as the JSON of an event.

    Raises:
        UsageError: JSON cannot express it, or it is larger than Lambda accepts.
    """
    try:
        data = json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = f"The event cannot be written as JSON, and Lambda accepts nothing else: {error}."
        raise UsageError(message) from None
    return _checked_size(data, "The event")


def check_json(data: bytes) -> None:
    """Check an event.

    Raises:
        ValueError: It is not JSON in UTF-8, which has no NaN and no Infinity, or it is nested deeper than can be read.
    """
    try:
        json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def _refuse_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _is_json(text: str) -> bool:
    try:
        check_json(text.encode(errors="surrogateescape"))
    except ValueError:
        return False
    return True


def _checked(data: bytes, source: str) -> bytes:
    try:
        check_json(data)
    except ValueError as error:
        message = f"The event of {source} is not JSON: {error}."
        raise UsageError(message) from None
    return _checked_size(data, f"The event of {source}")


def _checked_size(data: bytes, subject: str) -> bytes:
    if len(data) > MAX_EVENT_BYTES:
        message = f"{subject} has {len(data)} bytes of JSON, and Lambda accepts up to {MAX_EVENT_BYTES}."
        raise UsageError(message)
    return data
