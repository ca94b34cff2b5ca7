"""Errors of indexes that uv cannot reach."""

from __future__ import annotations

import pytest

from cdk_layers.building.uv.index_errors import index_error
from cdk_layers.errors import UnreachableError

_FETCH = "error: Request failed\n  cause: Failed to fetch: https://a.example/simple/six/\n  cause: "
_CONNECT = "error sending request for url (https://a.example/simple/six/)\n  cause: client error (Connect)"
_HINT = "hint: Consider enabling use of system TLS certificates with the `--system-certs` command-line flag"


@pytest.mark.parametrize(
    ("cause", "part"),
    [
        (_CONNECT, "https://a.example/simple cannot be reached, and"),
        ("error reading a body from connection\n  cause: peer closed connection without sending TLS", "be reached"),
        ("error decoding response body\n  cause: request or response body error", "cannot be reached"),
        ("HTTP status server error (503 Service Unavailable) for url (https://a.example)", "fails (HTTP status server"),
        ("HTTP status server error (502 Bad Gateway) for url (https://a.example/simple/six/)", "(502 Bad Gateway)"),
        (f"{_CONNECT}\n  cause: invalid peer certificate: Expired\n", "fails (invalid peer certificate: Expired), and"),
    ],
)
def test_connection_that_fails(cause: str, part: str) -> None:
    """What fails for the network alone has a type of its own, which an older resolution can answer."""
    error = index_error(_FETCH + cause, "requirements.txt")
    assert type(error) is UnreachableError
    assert part in str(error)
    assert "UV_DEFAULT_INDEX" in str(error)


@pytest.mark.parametrize("hint", [f"\n\n{_HINT}\n", f"\n  {_HINT.replace('hint', 'help')}\n", ""])
def test_certificate_that_uv_does_not_trust(hint: str) -> None:
    """Behind a proxy with certificates of its own, where pip works, the error has the settings with which uv does."""
    stderr = f"{_FETCH}{_CONNECT}\n  cause: invalid peer certificate: UnknownIssuer{hint}"
    error = index_error(stderr, "requirements.txt")
    assert type(error) is UnreachableError
    assert "https://a.example/simple fails (invalid peer certificate: UnknownIssuer), and" in str(error)
    assert "UV_SYSTEM_CERTS=true" in str(error)
    assert "UV_DEFAULT_INDEX" not in str(error)
