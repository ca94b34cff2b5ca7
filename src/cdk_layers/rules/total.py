"""The size of a function with its layers."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.build.contents import Contents
    from cdk_layers.rules.model import Function

_LARGEST_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Total:
    """The unzipped bytes of a function's code and layers together, as far as they are known."""

    parts: tuple[tuple[str, Contents], ...]
    """What is known: "code" or a layer's label, and what lies there."""

    unknown: tuple[str, ...]
    """The parts whose sizes are not known."""

    @classmethod
    def of(cls, subject: Function) -> Total:
        """Add up a function; a layer that it names twice counts once."""
        named = [("code", subject.code)]
        named += [(repr(one.label), one.contents) for one in dict.fromkeys(subject.used_layers)]
        unknown = [name for name, contents in named if contents is None]
        return cls(
            tuple((name, contents) for name, contents in named if contents is not None),
            tuple(unknown if subject.layers is not None else [*unknown, "layers"]),
        )

    @property
    def unzipped_bytes(self) -> int:
        """The sum of what is known."""
        return sum(contents.unzipped_bytes for _, contents in self.parts)

    def __str__(self) -> str:
        """Return the sum and its parts, saying "at least" where something is unknown."""
        at_least = "at least " if self.unknown else ""
        parts = ", ".join(f"{name} {size(contents.unzipped_bytes)}" for name, contents in self.parts)
        unknown = "".join(f", {name} not known" for name in self.unknown)
        return f"{at_least}{size(self.unzipped_bytes)} unzipped with its layers ({parts}{unknown})"


def largest(parts: Iterable[Contents]) -> str:
    """Return a sentence about the five largest distributions, with a space before it, or nothing if there are none."""
    distributions = [distribution for contents in parts for distribution in contents.distributions]
    top = heapq.nlargest(_LARGEST_TOLD, distributions, key=lambda distribution: distribution.unzipped_bytes)
    told = ", ".join(f"{distribution.name} {size(distribution.unzipped_bytes)}" for distribution in top)
    return f" Largest: {told}." if told else ""
