"""Values of the expressions in templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.app.model import ReferenceKind
    from cdk_layers.assembly.stacks import Resource, Stack


@dataclass(frozen=True, slots=True)
class Reference:
    """A resource of the app, or one of its attributes."""

    resource: Resource
    attribute: str = ""
    """The name of the attribute; "" for the value of `Ref`."""

    kind: ReferenceKind = "same-stack"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is known only at deploy."""

    text: str
    """The expression for people, such as "arn:aws:lambda:${AWS::Region}:..."."""

    kind: ReferenceKind = "unknown"
    parts: tuple[Value, ...] = ()
    """The values that it was joined from, for `split`."""

    separator: str = ""


class _NoValue:
    """The value of `AWS::NoValue`, which removes a property."""


NO_VALUE: Final = _NoValue()

Value = Any
"""A literal string, boolean, list or mapping; or a Reference, an Unknown, or NO_VALUE."""

MAX_CHARACTERS: Final = 65_536
"""Strings that become longer than this by joining count as unknown."""


def as_text(value: Value) -> str | None:
    """Return a literal scalar as the string that CloudFormation converts it to; None for other values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value if isinstance(value, str) else None


def describe(value: Value) -> str:
    """Return any value as text for messages."""
    if isinstance(value, Reference):
        attribute = f".{value.attribute}" if value.attribute else ""
        return f"${{{value.resource.logical_id}{attribute}}}"
    return value.text if isinstance(value, Unknown) else as_text(value) or "${?}"


def with_kind(value: Value, kind: ReferenceKind) -> Value:
    """Return a value as it is at the other end of a link of some kind."""
    if isinstance(value, Reference):
        return Reference(value.resource, value.attribute, kind)
    if isinstance(value, Unknown):
        return Unknown(value.text, kind, tuple(with_kind(part, kind) for part in value.parts), value.separator)
    return value


def split(value: Value, separator: str) -> list[Value] | None:
    """Return the parts of a string, or of a value that was joined by the same separator; None if they are not known."""
    if isinstance(value, str):
        return value.split(separator)
    known = isinstance(value, Unknown) and value.parts and value.separator == separator
    parts = list(value.parts) if known else [value] if isinstance(value, Reference) else []
    return parts if parts and not any(isinstance(part, str) and separator in part for part in parts) else None


class Evaluator(Protocol):
    """The part of `intrinsics.Evaluation` that parameters and links between stacks need."""

    def value(self, expression: Any, stack: Stack) -> Value:
        """Return what an expression of a stack's template evaluates to."""
        ...

    def text(self, expression: Any, stack: Stack) -> str | None:
        """Return the literal string that an expression evaluates to, or None."""
        ...

    def follow(self, label: str, expression: Any, stack: Stack, *, in_conditions: bool = False) -> Value:
        """Evaluate an expression of another stack, or of another part of this one."""
        ...

    def choose(self, choice: tuple[Stack, str], candidates: Callable[[], tuple[Any, ...]]) -> Value | None:
        """Return the value of a parameter that the scenario chooses; None where parameters are no choices."""
        ...

    def without_choices(self) -> Evaluator:
        """Return an evaluator in a scenario without any choices."""
        ...
