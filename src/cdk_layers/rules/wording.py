"""How findings put things."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.build.contents import Contents

_KIBIBYTE = 1024
_MEBIBYTE = 1024 * 1024
_LARGEST_TOLD = 5


def size(number_of_bytes: int) -> str:
    """Return a number of bytes as a person reads it: "1 byte", "12.0 KiB" or "271.4 MiB"."""
    if number_of_bytes >= _MEBIBYTE:
        return f"{number_of_bytes / _MEBIBYTE:,.1f} MiB"
    if number_of_bytes >= _KIBIBYTE:
        return f"{number_of_bytes / _KIBIBYTE:.1f} KiB"
    return count(number_of_bytes, "byte")


def count(number: int, noun: str) -> str:
    """Return a number with its noun in the right form: "1 layer", "6 layers"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def quoted(names: Iterable[str]) -> str:
    """Return names in quotes, as an enumeration: "'a', 'b' and 'c'"."""
    *most, last = (repr(name) for name in names)
    return f"{', '.join(most)} and {last}" if most else last


def largest(parts: Iterable[Contents]) -> str:
    """Return a sentence about the five largest distributions, with a space before it, or nothing if there are none."""
    distributions = [distribution for contents in parts for distribution in contents.distributions]
    top = heapq.nlargest(_LARGEST_TOLD, distributions, key=lambda distribution: distribution.unzipped_bytes)
    told = ", ".join(f"{distribution.name} {size(distribution.unzipped_bytes)}" for distribution in top)
    return f" Largest: {told}." if told else ""
