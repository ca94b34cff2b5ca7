"""Texts of errors of the CDK and of jsii, which neither documents. They are read only after an error.

Each has its source, and a test in tests/cdk/node/test_error_texts.py, as the facts in contract.py have theirs.
"""

from __future__ import annotations

import re
from typing import Final

WRONG_TYPE: Final = re.compile(
    r"type of argument (?P<name>\S+) must be (?P<expected>[^;\n]+); got (?P<got>\S+) instead"
)
"""The error of Python's check of an argument's type. Source: typeguard 2.13, which jsii pins."""

UNKNOWN_KEYWORD: Final = re.compile(r"(?<!\w)(?P<owner>\w+)\.__init__\(\) (?P<what>(?:got an unexpected|missing).*)")
"""The error for a mapping that does not fit the struct of an argument. Source: jsii 1.142, Python."""

UNREADABLE_VALUE: Final = re.compile(
    r"(?:Key '(?P<key>[^']+)'|Index (?P<index>\d+)): Unable to deserialize value as (?P<expected>[^\n]+)"
)
"""The error of Node's check of a value's type. Source: @jsii/kernel 1.142, serialization.ts."""

FAILING_VALUE: Final = re.compile(r"Failing value is (?P<got>(?:an? )?\w+)")
"""The value in that error. Source: @jsii/kernel 1.142, serialization.ts."""

FOREIGN_OBJECT: Final = re.compile(
    r"type object '(?P<kind>\w+)' has no attribute '__jsii_type__'"
    r"|(?:Cannot pass function as argument here[^:]*|Don't know how to convert object to JSON): (?P<shown>.+)"
)
"""The errors for a Python object, a function and a class that cannot be sent to Node.

Source: jsii 1.142, `_kernel/__init__.py`, `_kernel/providers/process.py`.
"""

_NOT_BUNDLED: Final = re.compile(r"Failed to bundle asset|exited with (?:status|signal)|did not produce any output")
_DISK_FULL: Final = re.compile(r"ENOSPC|EDQUOT|No space left|[Qq]uota exceeded")
_NOT_WRITTEN: Final = re.compile(
    r"Failed to bundle asset|did not produce any output|E(?:NOENT|EXIST|NOTEMPTY|NOSPC|DQUOT|ACCES)"
)
_NO_STACK: Final = "should be created in the scope of a Stack"
_TAKEN_ID: Final = re.compile(r"There is already a Construct with name '(?P<id>[^'\n]*)' in ")


def container_failure(error: RuntimeError) -> str | None:
    """Return why a container failed, without its command and variables; None for any other error of the CDK.

    Source: `bundle` in core/lib/asset-staging.js, `dockerExec` in core/lib/private/asset-staging.js.
    """
    text = str(error)
    return text.partition("--> Command")[0].strip() if _NOT_BUNDLED.search(text) else None


def output_failure(error: RuntimeError) -> str | None:
    """Return why the CDK could not write an asset to its output folder; None for any other error.

    Source: `bundle` in core/lib/asset-staging.js; Node.js, errors of `fs`.
    """
    text = str(error)
    return text if _NOT_WRITTEN.search(text) else None


def is_disk_full(reason: str) -> bool:
    """Return whether an `output_failure` is that no space is left.

    Source: Node.js, errors of `fs`; `strerror` of the C library.
    """
    return _DISK_FULL.search(reason) is not None


def is_without_stack(error: RuntimeError) -> bool:
    """Return whether the CDK raised an error because a construct is not in a stack.

    Source: `Stack.of` in core/lib/stack.js.
    """
    return _NO_STACK in str(error)


def taken_id(message: str) -> str | None:
    """Return the id that a scope has already, by the CDK's error message; None for any other message.

    Source: `addChild` in constructs 10, lib/construct.js.
    """
    match = _TAKEN_ID.search(message)
    return match["id"] if match else None
