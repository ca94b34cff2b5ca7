"""Search for words in bytes that lets other threads run."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_WORTH_A_CALL: Final = 16 * 1024
"""Bytes below which calling the C library takes longer than Python's own search."""


def contains_any(data: bytes, words: Iterable[bytes]) -> bool:
    """Return whether data contains one of several words, each at least one byte long."""
    find = _memmem() if len(data) > _WORTH_A_CALL else None
    if find is None:
        return any(word in data for word in words)
    return any(find(data, len(data), word, len(word)) for word in words)


@cache
def _memmem() -> Callable[[bytes, int, bytes, int], int | None] | None:
    """Return the C library's search, which is faster than Python's and works without its lock; None on Windows."""
    try:
        function = ctypes.CDLL(None).memmem
    except (AttributeError, OSError, TypeError):
        return None
    function.restype = ctypes.c_void_p
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    return function
