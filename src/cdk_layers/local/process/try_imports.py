"""Import packages one by one, each in a process of its own, and report which of them fail.

The argument is one JSON document: `first` and `last`, the folders at both ends of the search path, and `packages`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

RESULT = "cdk-layers: import result "
"""Begins the lines that report an import, as JSON: the name, and the error or null."""

SECONDS = 60
"""After which an import is ended."""

MAX_ERROR = 2_000
"""Maximum characters of an error. A longer one may not fit into a pipe that is not read yet."""

MAX_REPORT = 65_536


def try_imports(names: list[str]) -> None:
    """Import packages, and report each on a line of its own on the error output."""
    for name in names:
        error = _try_import(name)
        sys.stderr.write(f"\n{RESULT}{json.dumps([name, error])}\n")
        sys.stderr.flush()


def _try_import(name: str) -> str | None:
    """Return the error of an import; None if it succeeds."""
    sys.stdout.flush()
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_end)
        _report_import(name, write_end)
    os.close(write_end)
    # Processes that the package started may keep the pipe open, so its end is not waited for.
    status = os.waitpid(child, 0)[1]
    os.set_blocking(read_end, False)
    answer = b""
    with contextlib.suppress(BlockingIOError):
        answer = os.read(read_end, MAX_REPORT)
    os.close(read_end)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"it takes more than {SECONDS} s" if number == signal.SIGALRM else f"ended by signal {number}"
    try:
        return json.loads(answer) if answer else f"ended with status {os.WEXITSTATUS(status)}"
    except ValueError:
        return "it writes to files that it did not open"


def _report_import(name: str, report: int) -> None:
    """Import a package in a new process, write the error or null, and end."""
    signal.alarm(SECONDS)
    error = None
    try:
        __import__(name)
    except BaseException as caught:  # noqa: BLE001 - whatever ends an import is its result
        error = f"{type(caught).__name__}: {caught}"[:MAX_ERROR]
    with contextlib.suppress(OSError):
        os.write(report, json.dumps(error).encode())
    os._exit(0)


def main() -> None:
    """Set the search path as start.py does, and import."""
    from start import restore_site_builtins  # type: ignore[import-not-found]

    spec = json.loads(sys.argv[1])
    sys.path[:] = [*spec["first"], *sys.path[1:], *spec["last"]]
    restore_site_builtins()
    try_imports(spec["packages"])


if __name__ == "__main__":
    main()
