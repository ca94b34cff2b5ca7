"""Kinds of values that options have in the files of a project, and what is wrong with any other value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_layers.building.content_options import TRIM_KINDS, trim_of
from cdk_layers.system.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that an option does not accept: the whole value, or the first invalid item of a list."""

    name: str
    """The name of the option or of the item, such as "trim[1]"."""

    value: object
    expected: str
    hint: str
    """"Did you mean ...?", or ""."""


@dataclass(frozen=True, slots=True)
class OptionKind:
    """The kind of an option's values."""

    read: Callable[[object], object | None]
    """Returns the option's value for a value in a file; None if it is not of this kind."""

    expected: str
    """A description of the valid values, for messages."""

    item: str = ""
    """A description of the valid items of a list, for messages; "" if the value is no list."""

    choices: Collection[str] = ()
    """The only valid items; () if there are others."""

    def wrong(self, name: str, value: object) -> Wrong:
        """Return what is wrong with a value that `read` rejected."""
        items = enumerate(value) if self.item and isinstance(value, (list, tuple)) else ()
        for number, item in items:
            if self.read([item]) is None:
                return Wrong(f"{name}[{number}]", item, self.item, self._hint(item))
        return Wrong(name, value, self.expected, self._hint(value))

    def _hint(self, value: object) -> str:
        return nearest(value, self.choices) if isinstance(value, str) else ""


def strings(value: object) -> tuple[str, ...] | None:
    """Return a list of strings as a tuple; None for any other value."""
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def string(value: object) -> str | None:
    """Return a string; None for any other value."""
    return value if isinstance(value, str) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


FLAG: Final = OptionKind(_boolean, "true or false")
_TRIM_KINDS: Final = ", ".join(map(repr, TRIM_KINDS))
TRIM: Final = OptionKind(trim_of, f"true, false or a list of {_TRIM_KINDS}", f"one of {_TRIM_KINDS}", TRIM_KINDS)
TRIM_ARGUMENT: Final = replace(TRIM, expected=f"True, False or a list of {_TRIM_KINDS}")
"""The same as an argument of a construct, in Python's words."""
