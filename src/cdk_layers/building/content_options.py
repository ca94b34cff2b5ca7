"""Options of what an archive contains of its distributions, and of what is derived from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

TRIM_KINDS: Final = ("tests", "stubs", "sources", "libraries", "documents")
"""Kinds of files of a distribution that `trim` can leave out, in the order that messages list them."""

TRIM_VALUES: Final = f"True, False or a list of {', '.join(map(repr, TRIM_KINDS))}"
"""What a message expects as the value of `trim`."""


@dataclass(frozen=True, slots=True)
class ContentOptions:
    """What an archive contains of its distributions, and what is derived from them."""

    bytecode: bool = False
    """Whether the archive contains the compiled bytecode of its modules."""

    trim: bool | tuple[str, ...] = False
    """Kinds of files that stay out of distributions, from TRIM_KINDS; True for the safe ones."""

    dependency_excludes: tuple[str, ...] = ()
    """Patterns (as in a .gitignore) of files of distributions that stay out, relative to site-packages."""

    aws_services: tuple[str, ...] = ()
    """The only services of AWS whose data of botocore stay in; all of them by default."""

    @property
    def names(self) -> tuple[str, ...]:
        """The options that differ from their defaults."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)

    @property
    def facts(self) -> dict[str, object]:
        """The options that differ from their defaults, as JSON for a key; order and repetition do not matter there.

        The order of patterns does.
        """
        values = {name: getattr(self, name) for name in self.names}
        return {
            name: sorted(set(value)) if isinstance(value, tuple) and name != "dependency_excludes" else value
            for name, value in values.items()
        }


def trim_of(value: object) -> bool | tuple[str, ...] | None:
    """Return a value of `trim`, with a name for a list of one; None if it is not a valid value."""
    if isinstance(value, bool):
        return value
    kinds = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else None
    return None if kinds is None or any(kind not in TRIM_KINDS for kind in kinds) else kinds or False
