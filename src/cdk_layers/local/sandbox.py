"""A process of a function's own Python that sees the function's code and layers where Lambda has them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.runtimes import EXEC_WRAPPER
from cdk_layers.lambda_service.search_path import layer_folders
from cdk_layers.local import process
from cdk_layers.local.variables import Roots, variables_of
from cdk_layers.system import host
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_layers.local.function import LocalFunction

_SCRIPTS: Final = Path(process.__file__).parent
_SCRIPTS_INSIDE: Final = "/var/cdk-layers"
_STARTED: Final = b"started"
_HIDDEN: Final = ("/opt", "/tmp", "/var")  # noqa: S108 - where a function sees its own folders
_END_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of a function on this machine."""

    task: Path
    """Its code."""

    opt: Path
    """Its merged layers."""

    runtime: Path
    """The distributions that the runtime provides."""

    def import_paths(self, python: str) -> list[Path]:
        """Return the existing folders that a function imports its own code and its layers' from, in its order."""
        layered = (self.opt / folder for folder in layer_folders(python))
        return [self.task, *(folder for folder in layered if folder.is_dir())]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A function with all that starting its process takes."""

    function: LocalFunction
    folders: Folders
    python: Path
    """The interpreter."""

    is_isolated: bool = True
    """Whether to isolate the process where that is possible."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the process does: it answers invocations, unless it only imports the handler's module, or packages."""

    api: str = ""
    """The address of the Runtime API, "host:port"."""

    debug_port: int | None = None
    imports_only: bool = False
    is_compiled: bool = False
    """Whether it imports with bytecode of all modules, which it writes first."""

    packages: tuple[str, ...] = ()
    """Packages that the process imports one by one, and nothing else."""

    before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Packages that are imported before one of `packages`, in its process."""

    python_options: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """The script that the process runs."""
        return "try_imports.py" if self.packages else "start.py"


class Sandbox:
    """The process, in Linux namespaces where the kernel permits them."""

    def __init__(self, prepared: Prepared, program: Program, *, output: int) -> None:
        """Start it.

        Args:
            prepared: The function.
            program: What the process does.
            output: The file descriptor that it writes its output to.

        Raises:
            BuildError: It cannot be started.
        """
        self._function, self._folders, self._python = prepared.function, prepared.folders, prepared.python
        self._program = program
        self.differences: tuple[str, ...] = ()
        """In which ways the process sees another world than in Lambda, each as a sentence."""

        with ExitStack() as stack:
            self._temporary = stack.enter_context(temporary_folder("run")) / "tmp"
            self._temporary.mkdir()
            self._process = self._start(output, is_isolated=prepared.is_isolated)
            self._closing = stack.pop_all()

    def status(self) -> int | None:
        """Return its exit status as a shell counts it; None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait until it ends, and return its exit status as a shell counts it."""
        return self._process.wait()

    def close(self) -> None:
        """End the process, everything that it started and its mounts, and remove its /tmp."""
        _end(self._process)
        self._closing.close()

    def _start(self, output: int, *, is_isolated: bool) -> subprocess.Popen[bytes]:
        """Start the process. Without isolation, if that is impossible here, `differences` gives the reason."""
        reason = self._obstacle() if is_isolated else "isolation is switched off"
        if reason is None:
            started = self._launch(self._isolated(), output)
            if not isinstance(started, str):
                return started
            reason = started
        self.differences = (
            f"The function is not isolated: {reason}.",
            "Its code and its layers are not at /var/task and /opt, and /tmp is this machine's; nothing is read-only.",
        )
        started = self._launch(self._by_paths(), output)
        if isinstance(started, str):
            message = f"Function {self._function.path!r} cannot be started: {started}."
            raise BuildError(message)
        return started

    def _obstacle(self) -> str | None:
        """Return why namespaces cannot be used, if so."""
        if not sys.platform.startswith("linux"):
            return "only Linux has namespaces"
        if self._prefix() is None and any(self._python.is_relative_to(hidden) for hidden in _HIDDEN):
            return f"{self._python} is in a folder that Lambda has other files in"
        return None

    def _prefix(self) -> Path | None:
        """Return the interpreter's installation, if it finds its library relative to itself."""
        prefix, version = self._python.parents[1], self._function.python
        libraries = [prefix / name / f"python{version}" / "os.py" for name in ("lib", "lib64")]
        is_movable = self._python.parent.name == "bin" and any(library.is_file() for library in libraries)
        return prefix if is_movable else None

    def _isolated(self) -> dict[str, object]:
        roots, folders = Roots(), self._folders
        mounts = {
            roots.task: str(folders.task), roots.opt: str(folders.opt), roots.runtime: str(folders.runtime),
            _SCRIPTS_INSIDE: str(_SCRIPTS),
        }  # fmt: skip
        python, prefix = str(self._python), self._prefix()
        if prefix is not None:
            mounts[roots.language] = str(prefix)
            python = f"{roots.language}/bin/{self._python.name}"
        spec = self._spec(roots, python, f"{_SCRIPTS_INSIDE}/{self._program.script}")
        return {**spec, "is_isolated": True, "mounts": mounts, "temporary": str(self._temporary)}

    def _by_paths(self) -> dict[str, object]:
        folders = self._folders
        language, temporary = str(self._python.parents[1]), str(self._temporary)
        roots = Roots(str(folders.task), str(folders.opt), str(folders.runtime), language, temporary)
        return {**self._spec(roots, str(self._python), str(_SCRIPTS / self._program.script)), "is_isolated": False}

    def _spec(self, roots: Roots, python: str, script: str) -> dict[str, object]:
        function, program = self._function, self._program
        options = {
            "layers": [f"{roots.opt}/{folder}" for folder in layer_folders(function.python)],
            "debug_port": program.debug_port,
            "imports_only": program.imports_only,
            "is_compiled": program.is_compiled,
            "packages": program.packages,
            "before": program.before,
        }
        # Imports are tried without credentials: no import needs them.
        variables = variables_of(function, roots, program.api, {} if program.packages else host.environ())
        python_options = [*program.python_options]
        if program.is_compiled:
            python_options += ["-X", f"pycache_prefix={roots.temporary}/bytecode"]
        return {
            "command": [*self._wrapper(roots), python, *python_options, "-S", "-s", "-B", script],
            # Not an argument: wrapper scripts change and split arguments.
            "environment": {**variables, process.OPTIONS: json.dumps(options)},
            "folder": roots.task,
        }

    def _wrapper(self, roots: Roots) -> Sequence[str]:
        wrapper = self._function.environment.get(EXEC_WRAPPER)
        if not wrapper or self._program.imports_only or self._program.packages:
            return ()
        return [roots.opt + wrapper.removeprefix("/opt") if wrapper.startswith("/opt/") else wrapper]

    def _launch(self, spec: dict[str, object], output: int) -> subprocess.Popen[bytes] | str:
        """Start the launcher; return its process, or why nothing has been started."""
        read_end, write_end = os.pipe()
        try:
            launcher = subprocess.Popen(
                [self._python, "-I", "-S", _SCRIPTS / "launch.py", str(write_end)],
                stdin=subprocess.PIPE, stdout=output, stderr=output, pass_fds=(write_end,), start_new_session=True,
                env={"LANG": "C.UTF-8", **_loading(host.environ())},
            )  # fmt: skip
        except OSError as error:
            os.close(read_end)
            return error.strerror or str(error)
        finally:
            os.close(write_end)
        _send(launcher, spec)
        with os.fdopen(read_end, "rb") as report:
            answer = report.read()
        if answer == _STARTED:
            return launcher
        _end(launcher)
        return answer.decode(errors="replace") or "the launcher ended"


class Ended(NamedTuple):
    """What a process did that has ended."""

    status: int
    """Its exit status as a shell counts it."""

    output: str
    differences: tuple[str, ...]
    """In which ways it saw another world than in Lambda, each as a sentence."""


def run_to_end(prepared: Prepared, program: Program) -> Ended:
    """Run a program of a function until it ends by itself.

    Raises:
        BuildError: It cannot be started.
    """
    with tempfile.TemporaryFile() as file:
        sandbox = Sandbox(prepared, program, output=file.fileno())
        try:
            status = sandbox.wait()
        finally:
            sandbox.close()
        file.seek(0)
        return Ended(status, file.read().decode(errors="replace"), sandbox.differences)


def _loading(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variable without which a Python that was moved after it was linked does not find its own library.

    Source: actions/setup-python, which sets it for the Pythons that it unpacks.
    """
    return {name: variables[name] for name in ("LD_LIBRARY_PATH",) if name in variables}


def _send(launcher: subprocess.Popen[bytes], spec: dict[str, object]) -> None:
    """Write what to start, and keep the pipe open: everything ends when it closes."""
    if launcher.stdin is None:
        raise AssertionError
    with suppress(BrokenPipeError):  # The report says why it ended.
        launcher.stdin.write(json.dumps(spec).encode() + b"\n")
        launcher.stdin.flush()


def _end(launcher: subprocess.Popen[bytes]) -> None:
    """End a launcher with everything that it started."""
    if launcher.stdin is not None:
        with suppress(BrokenPipeError):
            launcher.stdin.close()
    try:
        launcher.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
