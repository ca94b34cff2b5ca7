"""Declarations of all functions of a stack, written as one metadata entry, since each entry is a jsii call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import IStableAnyProducer, Lazy, Stack

from cdk_layers.app.marks import FUNCTIONS, functions_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_DECLARED: Final[WeakKeyDictionary[Stack, dict[str, Mapping[str, Any]]]] = WeakKeyDictionary()


def declare(stack: Stack, path: str, declared: Mapping[str, Any]) -> None:
    """Write what a function declares to the assembly, in place of what it declared before.

    Args:
        stack: The function's stack.
        path: Its construct path.
        declared: Its `function_data`.
    """
    if stack not in _DECLARED:
        _DECLARED[stack] = {}
        text = Lazy.any(_Declared(stack, _DECLARED[stack]))
        stack.node.add_metadata(FUNCTIONS, text, stack_trace=False)
    _DECLARED[stack][path] = declared


@jsii.implements(IStableAnyProducer)
class _Declared:
    """The metadata value, which the CDK requests when it synthesizes the stack."""

    def __init__(self, stack: Stack, declared: Mapping[str, Mapping[str, Any]]) -> None:
        self._stack = stack
        self._declared = declared

    def produce(self) -> str:
        """Return all declarations up to now."""
        return functions_text(self._declared, self._stack.resolve)
