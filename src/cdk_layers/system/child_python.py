"""A Python process that works for this one, with the same packages and a lock of its own."""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import FileIO
    from types import ModuleType

_START: Final = """\
import importlib, pickle, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
folders, sys.pycache_prefix, encoding, name = pickle.load(sys.stdin.buffer)
sys.path += folders
if sys.getfilesystemencoding() == encoding:
    importlib.import_module(name).main()
"""
"""It ends at once if it would read names of files in another way, since the environment may have changed."""

_END: Final = ()


def can_start() -> bool:
    """Return whether `sys.executable` starts Python; in programs of PyInstaller, it starts the program again."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def _folder(package: ModuleType) -> str | None:
    """Return the folder or archive with a package; None if it depends on the working folder, which may be another."""
    file = package.__file__
    return str(Path(file).parents[1]) if file and Path(file).is_absolute() else None


class ChildPython:
    """A process that answers one request at a time. It ends when this process ends, however that happens."""

    def __init__(self, module: str, packages: Iterable[ModuleType]) -> None:
        """Start it.

        It is isolated, and finds modules only in the standard library and in the folders of `packages`. It does not
        search the paths of this process: an app adds folders of functions to them, or changes what "." is, and modules
        there may have the names of others that this process has imported before. An interrupt by the user is left to
        this process.

        Args:
            module: The name of a module whose function `main` calls `answer_requests`.
            packages: The packages that it needs.

        Raises:
            OSError: It cannot be started.
        """
        options = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else []), "-X", f"utf8={sys.flags.utf8_mode}"]
        self._process = host.start([sys.executable, *options, "-c", _START])
        self._answers = BufferedReader(cast("FileIO", self._process.stdout))
        folders = [folder for package in packages if (folder := _folder(package))]
        # A process that has ended already is noticed by the first request.
        with suppress(OSError):
            self._send((folders, sys.pycache_prefix, sys.getfilesystemencoding(), module))

    def ask(self, request: Any) -> Any:
        """Return the answer to a request, or None if the process has ended. Both are pickled."""
        try:
            self._send((request,))
            return pickle.load(self._answers)  # noqa: S301 - the process runs the code of this one
        except (OSError, EOFError, pickle.UnpicklingError):
            return None

    def end(self) -> None:
        """End it after its current request."""
        # The end of its input does not suffice: a fork of this process by the user keeps that open.
        with suppress(OSError):
            self._send(_END)
        with suppress(OSError):
            self._process.communicate()
        self._answers.close()

    def _send(self, value: Any) -> None:
        host.write_all(self._process, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def answer_requests(answer: Callable[[Any], Any]) -> None:
    """Answer requests in a child process until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            message = pickle.load(requests)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        if message == _END:
            return
        try:
            pickle.dump(answer(*message), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except OSError:
            # The process that asked has ended.
            return
