"""What a template's expression comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from cdk_layers.assembly.stacks import Resource

Means = Literal["same-stack", "literal", "import-value", "stack-output", "parameter", "unknown"]
"""How one place of an app refers to another."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A resource, or one of its attributes, wherever in the app it is defined."""

    resource: Resource
    attribute: str = ""
    """The attribute's name; empty for what `Ref` returns."""

    means: Means = "same-stack"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only a deploy will tell."""

    text: str
    """The expression as a person reads it, such as "arn:aws:lambda:${AWS::Region}:..."."""

    means: Means = "unknown"


class _NoValue:
    """What `AWS::NoValue` stands for: the property is not there."""


NO_VALUE: Final = _NoValue()

Value = Any
"""A literal text, truth value, list or mapping; or a Reference, an Unknown, or NO_VALUE."""

MAX_CHARACTERS: Final = 65_536
"""Texts that grow beyond this while they are put together count as unknown."""


def as_text(value: Value) -> str | None:
    """Return a literal scalar as the text that CloudFormation makes of it, or None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value if isinstance(value, str) else None


def shown(value: Value) -> str:
    """Return any value as a person reads it in the middle of a text."""
    if isinstance(value, Reference):
        attribute = f".{value.attribute}" if value.attribute else ""
        return f"${{{value.resource.logical_id}{attribute}}}"
    return value.text if isinstance(value, Unknown) else as_text(value) or "${?}"


def through(value: Value, means: Means) -> Value:
    """Return a value as it looks from the other side of a link between stacks."""
    if isinstance(value, Reference):
        return Reference(value.resource, value.attribute, means)
    return Unknown(value.text, means) if isinstance(value, Unknown) else value
