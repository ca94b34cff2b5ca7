"""Declarations of all functions of a stack, written as one metadata entry, since each entry is a jsii call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import IStableAnyProducer, Lazy, Stack

from cdk_layers.app.metadata import FUNCTIONS, functions_text
from cdk_layers.cdk.state import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Declarations(dict["Stack", "dict[str, Mapping[str, Any]]"]):
    """What functions declare, by their stacks and their construct paths."""


def declare(stack: Stack, path: str, declared: Mapping[str, Any]) -> None:
    """Write what a function declares to the assembly, in place of what it declared before.

    Args:
        stack: The function's stack.
        path: Its construct path.
        declared: Its `build_data`.
    """
    declarations = state_of(stack).part(_Declarations)
    if stack not in declarations:
        declarations[stack] = {}
        text = Lazy.any(_Declared(stack, declarations[stack]))
        stack.node.add_metadata(FUNCTIONS, text, stack_trace=False)
    declarations[stack][path] = declared


@jsii.implements(IStableAnyProducer)
class _Declared:
    """The metadata value, which the CDK requests when it synthesizes the stack."""

    def __init__(self, stack: Stack, declared: Mapping[str, Mapping[str, Any]]) -> None:
        self._stack = stack
        self._declared = declared

    def produce(self) -> str:
        """Return all declarations of the stack."""
        return functions_text(self._declared, self._stack.resolve)
