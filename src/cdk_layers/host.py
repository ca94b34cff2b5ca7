"""The doors to the machine: its processes, its clock, its environment. A test can replace each."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run(
    command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its exit status, output and error output as text.

    Args:
        command: The program's path and its arguments; no shell reads them.
        cwd: The folder it runs in; this process's own by default.
        environment: All of its environment variables; this process's own by default.

    Raises:
        OSError: The program cannot be started.
    """
    return subprocess.run(
        [os.fspath(part) for part in command],
        cwd=cwd,
        env=environ() if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )


def today() -> date:
    """Return the current day in UTC, which runtime dates are compared with."""
    return datetime.now(tz=timezone.utc).date()


def clock() -> float:
    """Return seconds of a clock that only goes forward, to measure how long something takes."""
    return time.monotonic()


def wall_clock() -> float:
    """Return seconds since 1970, which the times of files are compared with."""
    return time.time()


def environ() -> dict[str, str]:
    """Return a copy of this process's environment variables."""
    return dict(os.environ)
