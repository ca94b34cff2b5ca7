"""Processes, clock and environment of this machine. Nothing else reaches them, so that a test can replace each."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    inherited: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its exit status, output and error output as text.

    Args:
        command: The program's path and its arguments; no shell reads them.
        cwd: The folder that it runs in. Defaults to that of this process.
        environment: All of its environment variables. Defaults to those of this process.
        inherited: File descriptors that it may use.

    Raises:
        OSError: The program cannot be started.
    """
    with _guard() as watch:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=cwd,
            env=environ() if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            pass_fds=inherited,
        )
        watch(process.pid)
        with process:
            try:
                output, error_output = process.communicate()
            except BaseException:
                process.kill()
                raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, error_output)


def start(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    errors: BinaryIO | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that answers on its standard output, and that ends when its standard input ends.

    The input ends with this process too, however that ends. Its pipes have no buffers: a fork of this process by the
    user would write what is in them once more. `write_all` writes to them.

    Args:
        command: The program's path and its arguments; no shell reads them.
        cwd: The folder that it runs in. Defaults to that of this process.
        environment: All of its environment variables. Defaults to those of this process.
        errors: The file for its error output, which is discarded by default.

    Raises:
        OSError: The program cannot be started.
    """
    return subprocess.Popen(
        [os.fspath(part) for part in command],
        cwd=cwd,
        env=environ() if environment is None else dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if errors is None else errors,
        bufsize=0,
    )


def write_all(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Write to the standard input of a process that `start` started.

    Raises:
        OSError: The process has ended.
    """
    assert process.stdin  # noqa: S101 - it is a pipe
    rest = memoryview(data)
    while rest:
        rest = rest[process.stdin.write(rest) :]


def ignores_children() -> bool:
    """Return whether the system discards the exit statuses of children. Python then reports 0 for all of them."""
    return hasattr(signal, "SIGCHLD") and signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN


_GUARD: Final = """\
trap '' HUP INT TERM
end() {
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null || pgrep -P "$1" 2>/dev/null); do end "$child"; done
    kill "$1" 2>/dev/null
}
read -r process || exit 0
read -r finished || end "$process"
"""
"""Reads the id of a process, then a line. Without that line, it ends the process and all of its children."""


@contextmanager
def _guard() -> Iterator[Callable[[int], None]]:
    """Start a shell that ends a process and its children if this Python process is killed. Not on Windows.

    The shell runs before the process starts, and gets its id as soon as that is known.
    """
    guard = None
    if os.name == "posix":
        with suppress(OSError):
            guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    def watch(process: int) -> None:
        if guard is not None and guard.stdin is not None:
            with suppress(OSError):
                guard.stdin.write(f"{process}\n".encode())
                guard.stdin.flush()

    try:
        yield watch
    finally:
        if guard is not None:
            guard.communicate(b"finished\n")


@dataclass(frozen=True, slots=True)
class NamelessFile:
    """A file that a child process can read."""

    path: str
    descriptors: tuple[int, ...] = ()
    """The file descriptors that the child has to inherit."""


@contextmanager
def nameless_file(text: str) -> Iterator[NamelessFile]:
    """Provide a text as a file that one child can read once, and that is gone however this process ends.

    Where the system has /dev/fd it is a file without a name; elsewhere it is a temporary file.
    """
    if Path("/dev/fd").is_dir():
        with tempfile.TemporaryFile() as file, _outside_standard_files(file.fileno()) as descriptor:
            file.write(text.encode())
            file.seek(0)
            yield NamelessFile(f"/dev/fd/{descriptor}", (descriptor,))
        return
    with tempfile.TemporaryDirectory(prefix="cdk-layers-settings-") as folder:
        path = Path(folder, "settings.toml")
        path.write_text(text, encoding="utf-8")
        yield NamelessFile(str(path))


@contextmanager
def _outside_standard_files(descriptor: int) -> Iterator[int]:
    """Provide a copy of a file descriptor that is not 0, 1 or 2, which are free if this process was started without."""
    import fcntl  # noqa: PLC0415 - Windows has none

    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    try:
        yield copy
    finally:
        os.close(copy)


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
