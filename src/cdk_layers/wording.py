"""How messages put things."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_KIBIBYTE = 1024
_MEBIBYTE = 1024 * 1024


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
