"""What a template's expression comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from cdk_layers.assembly.stacks import Resource, Stack

Means = Literal[
    "same-stack", "literal", "import-value", "stack-output", "missing-output", "parameter", "ssm-reference", "unknown"
]
"""How one place of an app refers to another: "parameter" is a template parameter that CloudFormation reads from SSM at
each update of the stack, "ssm-reference" a dynamic reference (`{{resolve:ssm:...}}`) in the template itself."""


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
    parts: tuple[Value, ...] = ()
    """What it was joined from, so that it can be split again."""

    separator: str = ""


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
    if isinstance(value, Unknown):
        return Unknown(value.text, means, tuple(through(part, means) for part in value.parts), value.separator)
    return value


def split(value: Value, separator: str) -> list[Value] | None:
    """Return the parts of a text, or of what was joined by the same separator; None where they are not known."""
    if isinstance(value, str):
        return value.split(separator)
    known = isinstance(value, Unknown) and value.parts and value.separator == separator
    parts = list(value.parts) if known else [value] if isinstance(value, Reference) else []
    return parts if parts and not any(isinstance(part, str) and separator in part for part in parts) else None


class Evaluator(Protocol):
    """Evaluates expressions: what links between stacks need of `intrinsics.Evaluation`."""

    def value(self, expression: Any, stack: Stack) -> Value:
        """Return what an expression of a stack's template evaluates to."""
        ...

    def text(self, expression: Any, stack: Stack) -> str | None:
        """Return the literal string that an expression evaluates to, or None."""
        ...

    def follow(self, label: str, expression: Any, stack: Stack) -> Value:
        """Evaluate an expression of another stack, or of another part of this one."""
        ...

    def apart(self) -> Evaluator:
        """Return an evaluator for something else, which decides nothing."""
        ...
