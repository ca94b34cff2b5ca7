"""Compilation of modules by an interpreter of the target's version."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.bytecode.names import LAYER_ROOT, bytecode_name, importable
from cdk_layers.building.bytecode.server import ENDED
from cdk_layers.building.bytecode.tests import find_imported_tests, find_tests
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.magic_numbers import MAGIC_NUMBERS
from cdk_layers.system import host
from cdk_layers.system.interpreters import find_python, how_to_install

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Future

    from cdk_layers.building.bytecode.sources import Source
    from cdk_layers.building.job import Job

_SERVER: Final = Path(__file__).with_name("server.py")
_START: Final = "import sys; del sys.path[0]; exec(compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec'))"
"""Program that runs another program without its folder in the search path, as `-I` does."""

_WORTH_A_PROCESS: Final = 400_000
"""Bytes of sources that take as long to compile as another interpreter takes to start."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The bytecode of a source's modules."""

    tree: Path
    """A folder with the .pyc files, under the names that Python expects. It may not exist."""

    failed: Mapping[str, str]
    """The modules that this version of Python does not compile, such as templates, with the reasons."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One module to compile."""

    number: int
    """The position of its source."""

    name: str
    size: int
    texts: tuple[str, ...]
    """The task in the format of the server."""


def compile_sources(sources: Sequence[Source], folder: Path, job: Job) -> list[Compiled]:
    """Compile modules in as many processes as there are processors. No module is imported.

    Tests that no other module of the same source imports are not compiled, and neither are invalid modules.

    The bytecode is `unchecked-hash` (PEP 552), so it is valid for any time and folder of its source.

    Args:
        sources: Archives or installations with the modules.
        folder: Where to write. Each source gets a folder there.
        job: The build.

    Returns:
        The bytecode of each source.

    Raises:
        BuildError: This machine has no CPython of the target's version, or it cannot compile.
    """
    python = require_python(job)
    modules = [_Modules.of(number, source, folder, job.target.python) for number, source in enumerate(sources)]
    processors = os.cpu_count() or 1
    with ThreadPoolExecutor(processors) as pool:

        def start(kind: str, tasks: Iterator[_Task]) -> list[Future[list[tuple[_Task, str]]]]:
            batches = enumerate(_batches(list(tasks), processors))
            return [pool.submit(_compile, batch, folder / f"{kind}-{number}", python, job) for number, batch in batches]

        running = start("modules", (task for each in modules for task in each.tasks()))
        # The other modules do not wait for the search of imported tests.
        running += start("tests", (task for each in modules for task in each.imported_tests()))
        failed = sorted((task.number, task.name, reason) for batch in running for task, reason in batch.result())
    return [
        Compiled(folder / str(number), {name: reason for source, name, reason in failed if source == number})
        for number in range(len(sources))
    ]


def require_python(job: Job) -> Path:
    """Return a CPython of the target's version.

    Raises:
        BuildError: This machine has none.
    """
    version = job.target.python
    python = find_python(version, job.store)
    if python is None:
        message = (
            f"Bytecode for Python {version} requires CPython {version}, which this machine does not have. "
            f"Install it, {how_to_install(version)}, or build with bytecode=False."
        )
        raise BuildError(message)
    return python


@dataclass(frozen=True, slots=True)
class _Modules:
    """The modules of a source."""

    number: int
    source: Source
    output: str
    """The folder for their bytecode."""

    python: str
    sizes: dict[str, int]
    tests: frozenset[str]

    @classmethod
    def of(cls, number: int, source: Source, folder: Path, python: str) -> _Modules:
        sizes = source.sizes()
        tests = frozenset() if source.root == LAYER_ROOT else find_tests(sizes)
        return cls(number, source, str(folder / str(number)), python, sizes, tests)

    def tasks(self) -> Iterator[_Task]:
        """Yield all modules except tests."""
        return self._tasks(self.sizes.keys() - self.tests)

    def imported_tests(self) -> Iterator[_Task]:
        """Yield the tests that other modules import."""
        if not self.tests:
            return iter(())
        with self.source.opened() as read:
            return self._tasks(find_imported_tests(self.sizes, self.tests, read))

    def _tasks(self, names: AbstractSet[str]) -> Iterator[_Task]:
        place = self.source.places()
        for name in importable(self.sizes, self.source.root, self.python):
            if name in names:
                output = f"{self.output}/{bytecode_name(name, self.python)}"
                texts = (*place(name), f"{self.source.root}/{name}", output)
                yield _Task(self.number, name, self.sizes[name], texts)


def _batches(tasks: Sequence[_Task], processors: int) -> list[list[_Task]]:
    """Return the tasks in one batch for each processor, with about equal bytes; fewer batches if they are small."""
    wanted = max(1, min(processors, sum(task.size for task in tasks) // _WORTH_A_PROCESS))
    batches: list[list[_Task]] = [[] for _ in range(wanted)]
    filled = [0] * wanted
    for task in sorted(tasks, key=lambda task: (-task.size, task.number, task.name)):
        smallest = filled.index(min(filled))
        batches[smallest].append(task)
        filled[smallest] += task.size
    return [batch for batch in batches if batch]


def _compile(batch: list[_Task], scratch: Path, python: Path, job: Job) -> list[tuple[_Task, str]]:
    """Compile a batch, and return the tasks that failed with the reasons.

    A module that ends the interpreter is left out of the next attempt.
    """
    failed = []
    scratch.mkdir(parents=True)
    while batch:
        done = _run(batch, scratch, python, job)
        results = [line.split(" ", 2)[1:] for line in done.stdout.splitlines()]
        failed += [(task, reason[0]) for task, (_, *reason) in zip(batch, results, strict=False) if reason]
        if not done.returncode:
            return failed
        if done.returncode > 0 or len(results) == len(batch):
            lines = done.stderr.strip().splitlines()
            reason = lines[-1] if lines else f"exit status {done.returncode}"
            message = f"{python} cannot compile for Python {job.target.python}: {reason}"
            raise BuildError(message)
        failed.append((batch[len(results)], ENDED))
        batch = batch[len(results) + 1 :]
    return failed


def _run(batch: Sequence[_Task], scratch: Path, python: Path, job: Job) -> subprocess.CompletedProcess[str]:
    """Run the server isolated: without site-packages of the installation and the user, and without Python's variables.

    The option `-I` would also ignore PYTHONHASHSEED, on which the order of constant sets depends before 3.11.
    """
    file = scratch / "tasks"
    texts = [str(MAGIC_NUMBERS.get(job.target.python) or ""), *(text for task in batch for text in task.texts)]
    file.write_bytes("".join(f"{text}\0" for text in texts).encode("utf-8", "surrogateescape"))
    variables = {name: value for name, value in host.environ().items() if not name.startswith("PYTHON")}
    command: list[str | Path] = [python, "-S", "-s", "-B", "-X", "utf8", "-c", _START, _SERVER, file]
    try:
        return host.run(command, cwd=scratch, environment={**variables, "PYTHONHASHSEED": "0"})
    except OSError as error:
        message = f"{python} cannot be started to compile for Python {job.target.python}: {error.strerror}."
        raise BuildError(message) from None
