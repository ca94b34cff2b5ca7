"""The functions of an assembly as a service that follows the assembly's changes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from cdk_layers.assembly.reader import read
from cdk_layers.errors import CdkLayersError, UsageError
from cdk_layers.local.pool import Pool
from cdk_layers.local.selection import find_function, local_function, unset_variables_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.app.model import App
    from cdk_layers.local.execution import ExecutionEnvironment, Outcome
    from cdk_layers.local.function import LocalFunction
    from cdk_layers.store.protocol import Store

_NESTED: Final = "assembly-"
"""How the folder of a nested assembly begins. Source: aws-cdk-lib, core/lib/stage.ts."""

_DOCUMENTS: Final = (".json", ".yaml", ".yml", ".template")


@dataclass(slots=True)
class AppService:
    """Answers invocations with the functions of an assembly as it is at that moment."""

    path: Path
    workers: int
    start: Callable[[LocalFunction], ExecutionEnvironment]
    archives: Mapping[str, Path] = field(default_factory=dict)
    """Local archives or folders of layers that the app does not contain, by their ARNs."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables over those of the functions."""

    report: Callable[[str], object] = print
    """Receives a sentence when the assembly was read again, or could not be, and about variables that are not set."""

    store: Store | None = None
    """Stores the contents of archives, so that each is measured once."""

    _pool: Pool = field(init=False, repr=False)
    _app: App = field(init=False, repr=False)
    _stamp: object = field(init=False, repr=False)
    _functions: dict[str, LocalFunction] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        """Read the assembly.

        Raises:
            AssemblyError: It cannot be read.
        """
        self._pool = Pool(self.workers, self.start)
        self._stamp = _stamp(self.path)
        self._app = read(self.path, store=self.store)

    def known(self, name: str) -> bool:
        """Return whether the app has exactly one function of this name."""
        self._follow()
        try:
            find_function(self._app, name)
        except UsageError:
            return False
        return True

    def invoke(self, name: str, event: bytes, client_context: str | None, qualifier: str | None) -> Outcome:
        """Run a function.

        Raises:
            CdkLayersError: It cannot run here.
        """
        return self._pool.invoke(self._function(name), event, client_context=client_context, qualifier=qualifier)

    def close(self) -> None:
        """End all execution environments."""
        self._pool.close()

    def _function(self, name: str) -> LocalFunction:
        with self._lock:
            if name not in self._functions:
                function, unset = local_function(
                    find_function(self._app, name), archives=self.archives, environment=self.environment
                )
                if unset:
                    self.report(unset_variables_text(function, unset, f"--env {unset[0]}=VALUE"))
                self._functions[name] = function
            return self._functions[name]

    def _follow(self) -> None:
        """Read the assembly again if it has changed."""
        with self._lock:
            stamp = _stamp(self.path)
            if stamp == self._stamp:
                return
            try:
                self._app = read(self.path, store=self.store)
            except CdkLayersError as error:
                # A synthesis may be writing it.
                self.report(f"The assembly has changed and cannot be read yet: {error}")
                return
            self._stamp = stamp
            self._functions.clear()
        self.report("The assembly has changed and was read again.")
        self._pool.renew()


def _stamp(path: Path) -> object:
    """Return what changes when an assembly does: the times of its documents and of its assets' own folders.

    None if there is no assembly now, such as between `rm -rf cdk.out` and the end of the next synthesis.
    """
    try:
        return list(_times(os.fspath(path))) if path.is_dir() else _time(path.stat())
    except OSError:
        return None


def _times(folder: str) -> Iterator[tuple[str, object]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.name.endswith(_DOCUMENTS) and not entry.is_dir():
                continue
            try:
                yield entry.path, _time(entry.stat())
            except OSError:
                continue
            if entry.name.startswith(_NESTED) and entry.is_dir():
                yield from _times(entry.path)


def _time(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size
