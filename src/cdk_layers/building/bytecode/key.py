"""What bytecode depends on besides its source, known without running an interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.lambda_service.magic_numbers import MAGIC_NUMBERS

if TYPE_CHECKING:
    from cdk_layers.lambda_service.target import Target

_SCHEMA: Final = 3
"""Changes with what is compiled, and how."""


def bytecode_facts(target: Target) -> list[object]:
    """Return what the bytecode for a target depends on besides its sources, as JSON for a key."""
    return [_SCHEMA, MAGIC_NUMBERS.get(target.python, target.python)]
