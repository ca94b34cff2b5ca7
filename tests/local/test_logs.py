"""The log of a function's process."""

from __future__ import annotations

import os

import pytest

from cdk_layers.local.logs import TAIL_BYTES, Logs


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


def test_a_log_in_lines_of_any_kind() -> None:
    """The lines of one message, which the runtime client separates by carriage returns, are lines of the log."""
    passed_on: list[bytes] = []
    logs = Logs(passed_on.append)
    os.write(logs.write_end, b"a\r\nb\rc\n")
    logs.settle()
    assert logs.tail() == b"".join(passed_on) == b"a\nb\nc\n"
    logs.begin()
    logs.add("START")
    assert logs.tail() == b"START\n"
    logs.close()


def test_the_rest_of_a_log_is_passed_on_at_its_end() -> None:
    """What was written last, such as before a crash, is not lost, and an invocation's response has its end."""
    passed_on: list[bytes] = []
    logs = Logs(passed_on.append)
    os.write(logs.write_end, b"x" * (TAIL_BYTES - 1) + b"\n" + b"y" * TAIL_BYTES)
    logs.close()
    assert len(b"".join(passed_on)) == 2 * TAIL_BYTES
    assert logs.tail() == b"y" * TAIL_BYTES
