"""Run functions of an app on this machine: everything between a function's name and its execution environment."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.native_names import names_its_machine
from cdk_layers.contents.natives import native_index
from cdk_layers.errors import UsageError
from cdk_layers.local.execution import ExecutionEnvironment
from cdk_layers.local.runtime_folder import runtime_folder
from cdk_layers.local.sandbox import Folders, Prepared
from cdk_layers.local.unpacked import UnpackedFolders
from cdk_layers.system.interpreters import find_python, how_to_install
from cdk_layers.system.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_layers.contents.model import Contents
    from cdk_layers.local.function import LocalFunction
    from cdk_layers.store.protocol import Store

_ARCHITECTURES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def this_architecture() -> str:
    """Return this machine's instruction set by its name in Lambda's API."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


@dataclass(slots=True)
class Runner:
    """Starts execution environments; what they need is kept in the build cache."""

    store: Store
    is_isolated: bool = True
    debug_port: int | None = None
    _unpacked: UnpackedFolders = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Use the cache's folder for what is unpacked."""
        self._unpacked = UnpackedFolders(self.store)

    def import_paths(self, function: LocalFunction) -> list[Path]:
        """Return the existing folders that a function imports its own code and its layers' from, in its order.

        Raises:
            AssemblyError: An archive cannot be unpacked.
        """
        task, opt = self._unpacked_task(function), self._unpacked_opt(function)
        return Folders(task, opt, opt).import_paths(function.python)

    def _unpacked_task(self, function: LocalFunction) -> Path:
        code = function.code
        return self._unpacked.unpacked(code) if isinstance(code, Path) else self._unpacked.written(code.files)

    def _unpacked_opt(self, function: LocalFunction) -> Path:
        return self._unpacked.merged([layer.location for layer in function.layers])

    def prepare(self, function: LocalFunction) -> Prepared:
        """Return a function with its archives unpacked and its runtime installed.

        Raises:
            UsageError: This machine has no Python for it, or another architecture.
            AssemblyError: An archive cannot be unpacked.
            BuildError: The runtime client cannot be installed.
        """
        _refuse_windows()
        self._refuse_foreign(function)
        python, runtime = self.find_runtime(function.python)
        folders = Folders(self._unpacked_task(function), self._unpacked_opt(function), runtime)
        return Prepared(function, folders, python, self.is_isolated)

    def find_runtime(self, version: str) -> tuple[Path, Path]:
        """Return the Python of a language version, and the folder of what the runtime provides, which is installed.

        Raises:
            UsageError: This machine has no such Python, or cannot run functions at all.
            BuildError: The runtime client cannot be installed.
        """
        _refuse_windows()
        python = find_python(version, self.store)
        if python is None:
            raise UsageError(_no_python(version))
        return python, runtime_folder(self.store, python, version, debugger=self.debug_port is not None)

    def start(self, function: LocalFunction, sink: Callable[[bytes], object]) -> ExecutionEnvironment:
        """Start an execution environment.

        Args:
            function: The function.
            sink: Receives what its process writes.

        Raises:
            CdkLayersError: As `prepare`; or its process cannot be started.
        """
        return ExecutionEnvironment(self.prepare(function), sink=sink, debug_port=self.debug_port)

    def has_bytecode(self, function: LocalFunction) -> bool:
        """Return whether the archives of a function contain compiled modules."""
        archives = [self.store.contents_of(archive) for _, archive in _archives(function)]
        return any(name.endswith(".pyc") for contents in archives for name in contents.files)

    def _refuse_foreign(self, function: LocalFunction) -> None:
        """Refuse native code that a function needs and this machine cannot load; pure Python runs anywhere."""
        here = this_architecture()
        if function.architecture == here:
            return
        archives = _archives(function)
        foreign = [path for root, each in archives for path in foreign_files(self.store.contents_of(each), root, here)]
        if foreign:
            message = (
                f"{function.path!r} is for {function.architecture}, and this machine is {here}: it cannot load "
                f"{count(len(foreign), 'native file')}, such as {foreign[0]}. Synthesize the app for {here} to run it "
                f"here, or use a machine with {function.architecture}. `sam local invoke` runs a function in Docker."
            )
            raise UsageError(message)


def foreign_files(contents: Contents, root: str, here: str) -> list[str]:
    """Return the native files of an archive that a function needs and this machine cannot load.

    Args:
        contents: The contents of the archive.
        root: Its folder that modules are imported from: "python/" of a layer, "" of a function's code.
        here: This machine's instruction set.
    """
    natives = native_index(contents, root)
    paths = [native.path for native in natives.for_other_machine(here)]
    needed, _ = natives.by_need(paths, with_programs=False)
    return [path for path in needed if not names_its_machine(path)]


def _archives(function: LocalFunction) -> Iterator[tuple[str, Path]]:
    """Yield a function's archives with the folder that modules are imported from in each."""
    yield from (("python/", layer.location) for layer in function.layers)
    if isinstance(function.code, Path):
        yield "", function.code


def _refuse_windows() -> None:
    if sys.platform == "win32":
        message = "Lambda's runtime client does not run on Windows. Run the same in WSL."
        raise UsageError(message)


def _no_python(version: str) -> str:
    return f"There is no CPython {version} on this machine. Install one: {how_to_install(version)}."
