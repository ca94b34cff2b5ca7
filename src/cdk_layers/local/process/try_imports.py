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
    with os.fdopen(read_end, encoding="utf-8", errors="replace") as report:
        answer = report.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"it takes more than {SECONDS} s" if number == signal.SIGALRM else f"ended by signal {number}"
    return json.loads(answer) if answer else f"ended with status {os.WEXITSTATUS(status)}"


def _report_import(name: str, report: int) -> None:
    """Import a package in a new process, write the error or null, and end."""
    signal.alarm(SECONDS)
    error = None
    try:
        __import__(name)
    except BaseException as caught:  # noqa: BLE001 - whatever ends an import is its result
        error = f"{type(caught).__name__}: {caught}"
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
