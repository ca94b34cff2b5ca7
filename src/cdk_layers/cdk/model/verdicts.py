"""Verdicts of the rules at construction, reused for functions that are equal in all that the rules read."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import Function, LayerUse
from cdk_layers.errors import RuleError
from cdk_layers.findings import Where
from cdk_layers.project.settings import app_settings
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from typing_extensions import Self

_ANY_PATH: Final = Where("Any/Function")
_FIELDS: Final = frozenset(field.name for field in fields(Function))


class Verdicts:
    """Functions of one app that passed the rules.

    While the rules judge a function, the fields that they read are recorded. Another function passes without being
    judged if it has the same values in these fields. So a rule that reads one more field needs no change here.

    Messages contain the construct path, and that of a function decides nothing. So functions are judged under one path
    that stands for all, and those that are rejected once more under their own.
    """

    def __init__(self) -> None:
        """Begin without a verdict."""
        self._passed: dict[frozenset[str], set[object]] = {}
        """Values of the fields that were read, by the names of these fields."""

    def refuse(self, function: Function) -> None:
        """Raise an error for a function that the rules reject.

        Raises:
            RuleError: As `cdk_layers.rules.engine.refuse`.
        """
        if any(_values(function, read) in passed for read, passed in self._passed.items()):
            return
        settings = app_settings()
        recorder = _Recorder(**{**{name: getattr(function, name) for name in _FIELDS}, "where": _ANY_PATH})
        try:
            refuse(recorder, settings)
        except RuleError:
            is_rejected = True
        else:
            is_rejected = False
        if is_rejected:
            # Outside of the handler above, so that the error of the stand-in path is not its context.
            refuse(function, settings)
            return
        read = frozenset(recorder.read - {"where"})
        self._passed.setdefault(read, set()).add(_values(function, read))


class _Recorder(Function):
    """A function that records which of its fields are read."""

    __slots__ = ("read",)

    read: set[str]

    def __new__(cls, *_: object, **__: object) -> Self:
        """Record nothing yet."""
        recorder = object.__new__(cls)
        object.__setattr__(recorder, "read", set())
        return recorder

    def __getattribute__(self, name: str) -> Any:
        """Record a field, and return it."""
        if name in _FIELDS:
            object.__getattribute__(self, "read").add(name)
        return object.__getattribute__(self, name)


def _values(function: Function, names: frozenset[str]) -> tuple[object, ...]:
    return tuple(_comparable(getattr(function, name)) for name in sorted(names))


def _comparable(value: object) -> object:
    """Return a value as part of a key: plain values by their equality, all others as the same objects."""
    if value is None or isinstance(value, (str, int, frozenset)):
        return value
    if isinstance(value, tuple):
        return tuple(map(_comparable, value))
    if isinstance(value, LayerUse):
        return (_Same(value.layer), value.reference)
    return _Same(value)


class _Same:
    """An object that is equal to itself alone, and exists as long as the key that it is a part of."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)
