"""Parser of untrusted Python source."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

_MOST_DOTS: Final = 256
"""Dots between two separators of a line. CPython's parser copies a dotted import name once for each of its segments, so
that a name of 400 KB takes 40 GB."""

_LINE_BREAK: Final = re.compile(rb"[\r\n]")
_SEPARATOR: Final = re.compile(rb"[,;]")


def parse(source: bytes) -> ast.Module:
    """Return the syntax tree of a module.

    Raises:
        SyntaxError: The source is not Python, as the running Python reads it.
        ValueError: It contains a NUL, or an import whose name is absurdly deep.
        RecursionError: It is nested too deeply.
        MemoryError: It is nested too deeply, as some Pythons report it.
    """
    joined = source.replace(b"\\\r\n", b"").replace(b"\\\n", b"").replace(b"\\\r", b"")
    if any(piece.count(b".") > _MOST_DOTS for line in _LINE_BREAK.split(joined) for piece in _SEPARATOR.split(line)):
        message = f"a name of more than {_MOST_DOTS} segments"
        raise ValueError(message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
