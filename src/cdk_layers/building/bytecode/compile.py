"""Compilation of modules by an interpreter of the target's version."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from cdk_layers.building.archives.members import Member
from cdk_layers.building.bytecode.names import LAYER_ROOT, bytecode_name, importable
from cdk_layers.building.bytecode.servers import Answer, Server
from cdk_layers.errors import BuildError
from cdk_layers.system.interpreters import find_python, how_to_install
from cdk_layers.system.parallel import Pool, batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Future
    from pathlib import Path

    from cdk_layers.building.bytecode.sources import Source
    from cdk_layers.building.job import Job

_WORTH_A_PROCESS: Final = 400_000
"""Bytes of sources that take as long to compile as another interpreter takes to start."""

_BATCH_BYTES: Final = 128 * 1024
"""Bytes of sources that a process compiles at once, in about 20 ms. So all processes end at about the same time."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The bytecode of a source's modules."""

    members: Sequence[Member]
    """The .pyc files, under the names that Python expects."""

    failed: Mapping[str, str]
    """The modules that this version of Python does not compile, such as templates, with the reasons."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One module to compile."""

    name: str
    size: int
    texts: tuple[str, ...]
    """The task in the format of the server."""


@contextmanager
def compiling(sources: Sequence[Source], folder: Path, job: Job) -> Iterator[Iterator[tuple[int, Compiled]]]:
    """Compile modules in as many processes as there are processors, while the caller does other work.

    No module is imported. Tests that no other module of the same source imports are not compiled, and neither are
    invalid modules. The bytecode is `unchecked-hash` (PEP 552), so it is valid for any time and folder of its source.

    Args:
        sources: Archives or installations with the modules.
        folder: Where to write. Members of the results are files in it.
        job: The build.

    Yields:
        The position and the bytecode of each source, as soon as that is complete: the largest first.

    Raises:
        BuildError: This machine has no CPython of the target's version, or it cannot compile.
    """
    modules = [_Modules(source, source.sizes(), job.target.python) for source in sources]
    numbers = sorted(range(len(modules)), key=lambda number: (-modules[number].size, number))
    wanted = max(1, min(os.cpu_count() or 1, sum(each.size for each in modules) // _WORTH_A_PROCESS))
    servers = _Servers(require_python(job), job.target.python, folder)
    with servers.opened(), Pool(wanted) as pool, Pool(1) as ahead:
        try:
            running = [(number, ahead.submit(modules[number].start, pool, servers)) for number in numbers]
            yield ((number, modules[number].compiled(each.result())) for number, each in running)
        finally:
            # After an error, what is not compiled yet is not needed.
            ahead.shutdown(cancel_futures=True)
            pool.shutdown(cancel_futures=True)


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
            f"Install it ({how_to_install(version)}), or build with bytecode=False."
        )
        raise BuildError(message)
    return python


@dataclass(frozen=True, slots=True)
class _Servers:
    """The processes that compile. A process that waits is used before another is started."""

    python: Path
    version: str
    folder: Path
    waiting: list[Server] = field(default_factory=list)
    started: Iterator[int] = field(default_factory=count)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """End all processes at the end."""
        try:
            yield
        finally:
            for server in self.waiting:
                server.close()

    def compile(self, batch: Sequence[_Task]) -> list[tuple[_Task, Answer]]:
        """Return the answer to each task. A module that ends its process does not prevent the others."""
        answers = self._ask(self._server(), batch)
        if answers is not None:
            return list(zip(batch, answers, strict=True))
        # Which module it is shows only alone.
        return [(task, self._compile_alone(task)) for task in batch]

    def _compile_alone(self, task: _Task) -> Answer:
        """Return the answer to a task that may have ended its process. Users and the system end processes too."""
        if answers := self._ask(self._server(), [task]):
            return answers[0]
        server = self._server()
        answers = self._ask(server, [task])
        return answers[0] if answers else server.blame(task.name)

    def _server(self) -> Server:
        try:
            return self.waiting.pop()
        except IndexError:
            return Server.start(self.python, self.version, self.folder / f"server-{next(self.started)}")

    def _ask(self, server: Server, batch: Sequence[_Task]) -> list[Answer] | None:
        """Return the answer of a process to each task; None if it has ended."""
        try:
            answers = server.compile([task.texts for task in batch])
        except BaseException:
            server.close()
            raise
        if answers is None:
            server.close()
        else:
            self.waiting.append(server)
        return answers


@dataclass(frozen=True, slots=True)
class _Modules:
    """The modules of a source."""

    source: Source
    sizes: Mapping[str, int]
    python: str

    @property
    def size(self) -> int:
        """Bytes of all modules."""
        return sum(size for name, size in self.sizes.items() if name.endswith(".py"))

    def start(self, pool: Pool, servers: _Servers) -> list[Future[list[tuple[_Task, Answer]]]]:
        """Start to compile all modules that functions may import."""
        if self.source.root == LAYER_ROOT:
            return self._submit(self.sizes.keys(), pool, servers)
        # An entry's own files need it seldom, and its patterns take as long to load as one of them to compile.
        from cdk_layers.building.bytecode.skipped_tests import find_imported_tests, find_tests  # noqa: PLC0415

        tests = find_tests(self.sizes)
        running = self._submit(self.sizes.keys() - tests, pool, servers)
        if not tests:
            return running
        # The other modules do not wait for the search of imported tests.
        with self.source.opened() as read:
            return running + self._submit(find_imported_tests(self.sizes, tests, read), pool, servers)

    def _submit(
        self, names: AbstractSet[str], pool: Pool, servers: _Servers
    ) -> list[Future[list[tuple[_Task, Answer]]]]:
        """Start with the largest modules, so that the last ones take little time."""
        tasks = sorted(self._tasks(names), key=lambda task: (-task.size, task.name))
        return [pool.submit(servers.compile, batch) for batch in batches(tasks, lambda task: task.size, _BATCH_BYTES)]

    def _tasks(self, names: AbstractSet[str]) -> Iterator[_Task]:
        place = self.source.places()
        for name in importable(self.sizes, self.source.root, self.python):
            if name in names:
                yield _Task(name, self.sizes[name], (*place(name), f"{self.source.root}/{name}"))

    def compiled(self, running: Sequence[Future[list[tuple[_Task, Answer]]]]) -> Compiled:
        """Wait for the bytecode of all modules."""
        answers = sorted((task.name, answer) for batch in running for task, answer in batch.result())
        return Compiled(
            [
                Member(bytecode_name(name, self.python), str(answer.file), size=answer.size, offset=answer.offset)
                for name, answer in answers
                if not answer.failure
            ],
            {name: answer.failure for name, answer in answers if answer.failure},
        )
