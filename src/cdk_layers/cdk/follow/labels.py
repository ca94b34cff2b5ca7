"""What functions declare, told once for all functions of a stack: each thing told is a round trip to Node."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import IStableAnyProducer, Lazy, Stack

FUNCTIONS_METADATA: Final = "cdk-layers:functions"
"""Construct metadata of a stack, as JSON: construct paths of functions, to the labels of their `layers` in declared
order and their `budget_bytes`. A layer that is imported by a token is an object with its "label" and its resolved
"arn": a name of its own says nothing about which layer it is."""

_DECLARED: Final[WeakKeyDictionary[Stack, dict[str, dict[str, Any]]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Imported:
    """A layer whose ARN is a token, such as the value of an SSM parameter."""

    label: str
    arn: str


def declare(stack: Stack, path: str, declared: dict[str, Any]) -> None:
    """Let the assembly tell what a function declares; what was told before of the same function does not count.

    Args:
        stack: The function's stack.
        path: Its construct path.
        declared: What it declares.
    """
    if stack not in _DECLARED:
        _DECLARED[stack] = {}
        told = Lazy.any(_Declared(stack, _DECLARED[stack]))
        stack.node.add_metadata(FUNCTIONS_METADATA, told, stack_trace=False)
    _DECLARED[stack][path] = declared


@jsii.implements(IStableAnyProducer)
class _Declared:
    """Is asked when the stack is synthesized."""

    def __init__(self, stack: Stack, declared: dict[str, dict[str, Any]]) -> None:
        self._stack = stack
        self._declared = declared

    def produce(self) -> str:
        """Return all that was declared until now, as one text: each value of an object would take the CDK its time."""
        return json.dumps(self._declared, default=self._resolved)

    def _resolved(self, layer: Imported) -> dict[str, Any]:
        return {"label": layer.label, "arn": self._stack.resolve(layer.arn)}
