"""Sizes, numbers and names in the text of messages."""

from __future__ import annotations

import re
from stat import S_ISDIR
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ABSENT: Final = "does not exist"
A_FILE: Final = "is a file"

_KIBIBYTE = 1024
_MEBIBYTE = 1024 * 1024
_GIBIBYTE = 1024 * 1024 * 1024
_SIZE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?(B|kB|KB|MB|GB|KiB|MiB|GiB)")
_UNITS: Final = {
    "B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3,
}  # fmt: skip


def size(number_of_bytes: int) -> str:
    """Return a number of bytes for people: "1 byte", "12.0 KiB", "271.4 MiB" or "5.0 GiB"."""
    if number_of_bytes >= _GIBIBYTE:
        return f"{number_of_bytes / _GIBIBYTE:,.1f} GiB"
    if number_of_bytes >= _MEBIBYTE:
        return f"{number_of_bytes / _MEBIBYTE:,.1f} MiB"
    if number_of_bytes >= _KIBIBYTE:
        return f"{number_of_bytes / _KIBIBYTE:.1f} KiB"
    return count(number_of_bytes, "byte")


def bytes_of(text: str) -> int | None:
    """Return the bytes of a size with its unit, such as "120 MiB"; None if the text is not a size."""
    match = _SIZE.fullmatch(text)
    return None if match is None else int(float(match[1]) * _UNITS[match[2]])


def folder_fault(path: Path) -> str:
    """Return why a path is not a folder: `ABSENT`, `A_FILE`, or why the system cannot tell; "" if it is a folder."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        # A ValueError is for a name that no file of this system can have.
        return ABSENT
    except OSError as error:
        # The name may be too long, or a folder above it closed to this user.
        return f"cannot be read: {error.strerror}"
    return "" if S_ISDIR(mode) else A_FILE


def nearest(name: str, names: Iterable[str]) -> str:
    """Return "Did you mean ...?" with the name that is most similar to a misspelled one; "" if none is similar."""
    # Only errors need it.
    from difflib import get_close_matches  # noqa: PLC0415

    similar = get_close_matches(name, list(names), n=1)
    return f"Did you mean {similar[0]!r}?" if similar else ""


def count(number: int, noun: str) -> str:
    """Return a number with its noun in singular or plural: "1 layer", "6 layers"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Iterable[str], most: int) -> str:
    """Return the first names, and how many there are besides: "a, b and 4 more".

    Args:
        names: The names.
        most: How many of them to list.
    """
    all_names = list(names)
    rest = len(all_names) - most
    return ", ".join(all_names[:most]) + (f" and {rest} more" if rest > 0 else "")


def quoted(names: Iterable[str]) -> str:
    """Return names in quotes, as an enumeration: "'a', 'b' and 'c'"."""
    *most, last = (repr(name) for name in names)
    return f"{', '.join(most)} and {last}" if most else last
