"""What the commands write to the error output: remarks of their own, and the logs of functions."""

from __future__ import annotations

import sys


def remark(sentence: str) -> None:
    """Write a sentence of the command's own."""
    sys.stderr.write(f"cdk-layers: {sentence}\n")
    sys.stderr.flush()


def write_log(data: bytes) -> None:
    """Write what a function logged, unchanged."""
    sys.stderr.buffer.write(data)
    sys.stderr.buffer.flush()
