"""What is one and the same on the other side, in Node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aws_cdk.aws_lambda import Architecture, Runtime

_names: Final[dict[str, str]] = {}


def identity(one: object) -> str:
    """Return what is the same for all Python objects that stand for one object in Node.

    What was made in Node, such as `Runtime.PYTHON_3_13` or the resource of a function, gets another Python object each
    time it is asked for.
    """
    return str(one.__jsii_ref__.ref)  # type: ignore[attr-defined]


def name_of(one: Runtime | Architecture) -> str:
    """Return the name of a runtime or an architecture in Lambda's API, which Node is asked for once."""
    key = identity(one)
    if key not in _names:
        _names[key] = one.name
    return _names[key]
