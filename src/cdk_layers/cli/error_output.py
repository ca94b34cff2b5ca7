"""What the commands write to the error output: remarks of their own, and the logs of functions.

If the reader of the error output has ended, such as `head`, the rest is written nowhere: functions continue.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


def remark(sentence: str) -> None:
    """Write a sentence of the command's own."""
    try:
        sys.stderr.write(f"cdk-layers: {sentence}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        discard_rest(sys.stderr)


def write_log(data: bytes) -> None:
    """Write what a function logged."""
    try:
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
    except BrokenPipeError:
        discard_rest(sys.stderr)


def labelled_log(label: str) -> Callable[[bytes], None]:
    """Return what writes the log of one function among several: each line, once it is complete, with a label."""
    prefix, rest = f"{label} | ".encode(), b""

    def write(data: bytes) -> None:
        nonlocal rest
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            write_log(b"".join(prefix + line + b"\n" for line in lines))

    return write


def discard_rest(stream: TextIO) -> None:
    """Write the rest of a stream nowhere, or Python would report its error again when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
