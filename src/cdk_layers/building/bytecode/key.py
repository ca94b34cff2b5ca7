"""Facts in the key of bytecode, known without running an interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.lambda_service.magic_numbers import MAGIC_NUMBERS

if TYPE_CHECKING:
    from cdk_layers.lambda_service.target import Target

_SCHEMA: Final = 4
"""Increased when other modules are compiled, or differently."""


def bytecode_facts(target: Target) -> list[object]:
    """Return the inputs of bytecode for a target except the sources, as JSON for a key."""
    return [_SCHEMA, MAGIC_NUMBERS.get(target.python, target.python)]
