"""A Python process that works for this one, with the same modules and a lock of its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_START: Final = """\
import importlib, pickle, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:], sys.pycache_prefix, name = pickle.load(sys.stdin.buffer)
importlib.import_module(name).main()
"""


def can_start() -> bool:
    """Return whether `sys.executable` starts Python; in programs of PyInstaller, it starts the program again."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


class ChildPython:
    """A process that answers one request at a time. It ends when this process ends, however that happens."""

    def __init__(self, module: str) -> None:
        """Start it.

        It is isolated, and finds modules only where this process does, so it runs no other code than this process. An
        interrupt by the user is left to this process.

        Args:
            module: The name of a module whose function `main` calls `answer_requests`.

        Raises:
            OSError: It cannot be started.
        """
        options = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else []), "-X", f"utf8={sys.flags.utf8_mode}"]
        self._process = subprocess.Popen(
            [sys.executable, *options, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        # A process that has ended already is noticed by the first request.
        with suppress(OSError):
            _send((sys.path, sys.pycache_prefix, module), self._requests)

    def ask(self, request: Any) -> Any:
        """Return the answer to a request, or None if the process has ended. Both are pickled."""
        try:
            _send(request, self._requests)
            return pickle.load(self._answers)  # noqa: S301 - the process runs the code of this one
        except (OSError, EOFError, pickle.UnpicklingError):
            return None

    def end(self) -> None:
        """End it after its current request."""
        with suppress(OSError):
            self._requests.close()
        self._answers.close()
        self._process.wait()


def answer_requests(answer: Callable[[Any], Any]) -> None:
    """Answer requests in a child process until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            request = pickle.load(requests)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        try:
            _send(answer(request), answers)
        except OSError:
            # The process that asked has ended.
            return


def _send(value: Any, file: IO[bytes]) -> None:
    pickle.dump(value, file, pickle.HIGHEST_PROTOCOL)
    file.flush()
