"""Processes that compile modules, in an interpreter of the target's version."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from cdk_layers.building.bytecode.server import ENDED
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.magic_numbers import MAGIC_NUMBERS
from cdk_layers.system import host

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from io import FileIO

_SERVER: Final = Path(__file__).with_name("server.py")
_START: Final = "import sys; del sys.path[0]; exec(compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec'))"
"""Program that runs another program without its folder in the search path, as `-I` does."""

_CRASHES: Final = frozenset(
    -getattr(signal, name) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE") if hasattr(signal, name)
)
"""How a process ends because of what it does. The system and users send other signals."""


class Answer(NamedTuple):
    """What came of a task."""

    failure: str
    """Why the module does not compile; "" if it does."""

    file: Path
    """The file with its bytecode."""

    offset: int
    """Where its bytecode begins in the file."""

    size: int


@dataclass(slots=True)
class Server:
    """One process. It appends all bytecode to one file, since thousands of files would take long to create."""

    python: Path
    version: str
    file: Path
    process: subprocess.Popen[bytes]
    answers: BinaryIO
    """Its standard output."""

    written: int = 0
    """Bytes of bytecode in the file."""

    @classmethod
    def start(cls, python: Path, version: str, folder: Path) -> Server:
        """Start a process with a folder of its own.

        It runs isolated: without site-packages of the installation and the user, and without Python's variables. The
        option `-I` would also ignore PYTHONHASHSEED, on which the order of constant sets depends before 3.11.

        Args:
            python: The interpreter.
            version: Its language version.
            folder: The folder to create for its files.

        Raises:
            BuildError: The interpreter cannot be started.
        """
        folder.mkdir(parents=True)
        variables = {name: value for name, value in host.environ().items() if not name.startswith("PYTHON")}
        magic, file = str(MAGIC_NUMBERS.get(version) or ""), folder / "bytecode"
        command: list[str | Path] = [python, "-S", "-s", "-B", "-X", "utf8", "-c", _START, _SERVER, magic, file]
        try:
            with (folder / "errors").open("wb") as errors:
                process = host.start(
                    command, cwd=folder, environment={**variables, "PYTHONHASHSEED": "0"}, errors=errors
                )
        except OSError as error:
            message = f"{python} cannot be started to compile for Python {version}: {error.strerror}."
            raise BuildError(message) from None
        return cls(python, version, file, process, BufferedReader(cast("FileIO", process.stdout)))

    def compile(self, tasks: Sequence[Sequence[str]]) -> list[Answer] | None:
        """Return the answer to each task; None if a signal ended the process.

        Args:
            tasks: The texts of each task, in the format of the server.

        Raises:
            BuildError: The process cannot compile.
        """
        batch = "".join(f"{text}\0" for task in tasks for text in task).encode("utf-8", "surrogateescape")
        # If the process has ended, there are no answers.
        with suppress(OSError):
            host.write_all(self.process, b"%d\n%b" % (len(batch), batch))
        lines = list(islice(self.answers, len(tasks)))
        if len(lines) < len(tasks):
            self._refuse_failure()
            return None
        return [self._answer(*line.decode().rstrip().split(" ", 1)) for line in lines]

    def _answer(self, word: str, rest: str) -> Answer:
        if word != "ok":
            return Answer(rest, self.file, 0, 0)
        offset, size = self.written, int(rest)
        self.written += size
        return Answer("", self.file, offset, size)

    def blame(self, module: str) -> Answer:
        """Return the answer for a module that ended this process and another one before.

        Raises:
            BuildError: The process was ended from outside, so the module may compile elsewhere.
        """
        status = self.process.wait()
        if status not in _CRASHES:
            message = (
                f"Signal {-status} ended {self.python} twice while it compiled {module!r}. If this machine is short of "
                "memory, free some. Then build again, or build with bytecode=False."
            )
            raise BuildError(message)
        return Answer(ENDED, self.file, 0, 0)

    def _refuse_failure(self) -> None:
        """Raise an error unless the process was ended by a signal, as by a module that no interpreter survives."""
        status = self.process.wait()
        if status >= 0:
            lines = self.file.with_name("errors").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"exit status {status}"
            message = f"{self.python} cannot compile for Python {self.version}: {reason}"
            raise BuildError(message)

    def close(self) -> None:
        """End the process, after its current task."""
        # The end of its input does not suffice: a fork of this process by the user keeps that open.
        with suppress(OSError):
            host.write_all(self.process, b"0\n")
        with suppress(OSError):
            self.process.communicate()
        self.answers.close()
