"""The log of a function's process."""

from __future__ import annotations

import os

import pytest

from cdk_layers.local.logs import Logs


@pytest.mark.parametrize("error", [BrokenPipeError("the reader has ended"), ValueError("I/O operation on closed file")])
def test_a_reader_that_ends_stops_no_function(error: Exception) -> None:
    """The log of a function is taken from its process, even if what it is passed on to fails."""

    def sink(_: bytes) -> None:
        raise error

    logs = Logs(sink)
    for _ in range(3):
        os.write(logs.write_end, b"line\n")
        logs.settle()
    assert logs.tail() == b"line\n" * 3
    logs.close()
