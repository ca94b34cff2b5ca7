"""Import packages one by one, each in a process of its own, and report which of them fail.

`_CDK_LAYERS_START` is one JSON document: `packages`, `before`, the packages that are imported before one of them, and
`layers`, the folders that modules of layers are in.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

RESULT = "cdk-layers: import result "
"""Begins the lines that report an import, as JSON: the name, and the error or null."""

BEGINS = "cdk-layers: import begins "
"""Begins the lines that name a package before its import, as JSON: it may end this process too."""

SECONDS = 60
"""After which an import is ended."""

MAX_ERROR = 2_000
"""Maximum characters of an error. A longer one may not fit into a pipe that is not read yet."""

MAX_REPORT = 65_536


def try_imports(names: list[str], before: dict[str, list[str]]) -> None:
    """Import packages, and report each on a line of its own on the error output."""
    for name in names:
        _write(f"{BEGINS}{json.dumps(name)}")
        error = _try_import(name, before.get(name, []))
        _write(f"{RESULT}{json.dumps([name, error])}")


def _write(line: str) -> None:
    sys.stderr.write(f"\n{line}\n")
    sys.stderr.flush()


def _try_import(name: str, before: list[str]) -> str | None:
    """Return the error of an import; None if it succeeds."""
    sys.stdout.flush()
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_end)
        _report_import(name, before, write_end)
    os.close(write_end)
    # Processes that the package started may keep the pipe open, so its end is not waited for.
    status, is_late = _end_of(child)
    os.set_blocking(read_end, False)
    answer = b""
    with contextlib.suppress(BlockingIOError):
        answer = os.read(read_end, MAX_REPORT)
    os.close(read_end)
    if os.WIFSIGNALED(status):
        return f"it takes more than {SECONDS} s" if is_late else f"ended by signal {os.WTERMSIG(status)}"
    try:
        return json.loads(answer) if answer else f"ended with status {os.WEXITSTATUS(status)}"
    except ValueError:
        return "it writes to files that it did not open"


def _end_of(child: int) -> tuple[int, bool]:
    """Return the status of a process, and whether it was killed because it took too long.

    An alarm of its own would not end a process that ignores it or has stopped itself.
    """
    late = []

    def end(*_: object) -> None:
        late.append(child)
        os.kill(child, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return os.waitpid(child, 0)[1], bool(late)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _report_import(name: str, before: list[str], report: int) -> None:
    """Import a package in a new process, after others whose errors do not count, write the error or null, and end."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    error = None
    for other in before:
        with contextlib.suppress(BaseException):
            __import__(other)
    try:
        __import__(name)
    except BaseException as caught:  # noqa: BLE001 - whatever ends an import is its result
        error = type(caught).__name__
        with contextlib.suppress(BaseException):  # the text of an error is code of the package too
            error = f"{error}: {caught}"[:MAX_ERROR]
    with contextlib.suppress(OSError):
        os.write(report, json.dumps(error).encode())
    os._exit(0)


def main() -> None:
    """Set the search path as start.py does, and import."""
    import start  # type: ignore[import-not-found]

    options = json.loads(os.environ.pop(start.OPTIONS))
    start.leave_folder_of_scripts()
    start.customize_site()
    start.restore_site_builtins()
    sys.path.append(os.environ["LAMBDA_RUNTIME_DIR"])
    start.set_search_path(options["layers"])
    try_imports(options["packages"], options["before"])


if __name__ == "__main__":
    main()
