"""What is one and the same on the other side, in Node."""

from __future__ import annotations


def identity(one: object) -> str:
    """Return what is the same for all Python objects that stand for one object in Node.

    What was made in Node, such as `Runtime.PYTHON_3_13` or the resource of a function, gets another Python object each
    time it is asked for.
    """
    return str(one.__jsii_ref__.ref)  # type: ignore[attr-defined]
