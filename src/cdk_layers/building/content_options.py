"""Options for the content of distributions in an archive, and for their bytecode."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

TrimKind = Literal["tests", "stubs", "sources", "libraries", "documents"]
"""Kinds of files in a distribution that `trim` can leave out."""

TRIM_KINDS: Final[tuple[TrimKind, ...]] = get_args(TrimKind)
"""All of them, in the order of messages."""

SERVICES: Final = "aws-services"
"""The kind that reports list for data of services that are not in `aws_services`."""


@dataclass(frozen=True, slots=True)
class ContentOptions:
    """Which files of its distributions an archive contains, and whether it contains their bytecode."""

    bytecode: bool = False
    """Whether the archive contains the compiled bytecode of its modules."""

    trim: bool | tuple[str, ...] = False
    """Kinds of files to leave out of distributions, from TRIM_KINDS; True for all."""

    dependency_excludes: tuple[str, ...] = ()
    """Patterns (as in a .gitignore) of files of distributions to leave out, relative to site-packages."""

    aws_services: tuple[str, ...] = ()
    """AWS services whose data files of botocore are included. Defaults to all."""

    try_imports: bool = False
    """Whether all packages are imported on this machine after the build. It changes nothing in the archive."""

    @property
    def names(self) -> tuple[str, ...]:
        """The options that differ from their defaults."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)

    @property
    def facts(self) -> dict[str, object]:
        """The options that shape the archive and differ from their defaults, as JSON for a key.

        Order and repetition do not matter, except the order of patterns.
        """
        values = {name: getattr(self, name) for name in self.names if name != "try_imports"}
        return {
            name: sorted(set(value)) if isinstance(value, tuple) and name != "dependency_excludes" else value
            for name, value in values.items()
        }


def trim_of(value: object) -> bool | tuple[str, ...] | None:
    """Return a valid value of `trim`, where a string stands for a list with that kind; None if the value is invalid."""
    if isinstance(value, bool):
        return value
    kinds = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else None
    return None if kinds is None or any(kind not in TRIM_KINDS for kind in kinds) else kinds or False
