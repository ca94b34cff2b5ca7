"""Archives that other processes pack."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.archives import packer, processes
from cdk_layers.building.archives.members import Member
from cdk_layers.building.archives.processes import Archive, kept_processes, pack_archives, start_ahead
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.errors import EntryError
from cdk_layers.store import contents_json
from cdk_layers.system.child_python import ChildPython

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGE = os.urandom(1000) * 3000


@pytest.fixture
def archives(tmp_path: Path) -> list[Archive]:
    """Three archives that are large enough for processes of their own."""
    made = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        contents = {"large.bin": _LARGE[number:], "ä/module.py": b"x = 1\n" * 100, "empty": b""}
        members = []
        for name, data in contents.items():
            path = folder / name.rpartition("/")[2]
            path.write_bytes(data)
            members.append(Member(name, path, name == "empty", len(data)))
        made.append(Archive(folder / "archive.zip", members))
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the ids of the processes, once for each archive that one of them packs."""
    seen: list[int] = []
    ask = ChildPython.ask

    def record(self: ChildPython, request: object) -> object:
        answer = ask(self, request)
        seen.append(self._process.pid)
        return answer

    monkeypatch.setattr(ChildPython, "ask", record)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return seen


def _written(archives: Sequence[Archive]) -> list[tuple[bytes, bytes, bytes]]:
    paths = [archive.destination for archive in archives]
    return [
        (
            path.read_bytes(),
            contents_json.path_beside(path).read_bytes(),
            contents_json.digests_beside(path).read_bytes(),
        )
        for path in paths
    ]


def test_they_are_the_same_archives(archives: list[Archive], asked: list[int]) -> None:
    """Which process packs an archive changes neither its bytes nor what is written next to it."""
    digests = [write_archive(*archive) for archive in archives]
    here = _written(archives)
    for archive in archives:
        archive.destination.unlink()

    assert dict(pack_archives(archives)) == dict(enumerate(digests))
    assert _written(archives) == here
    assert len(asked) == 3
    assert len({*asked}) == 2
    assert not any(map(_runs, asked))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def test_they_are_kept_for_more_archives(archives: list[Archive], asked: list[int]) -> None:
    """Within the context, the processes of all threads are the same; after it, they have ended."""
    with kept_processes():
        [*pack_archives(archives)]
        [*pack_archives(archives)]
        assert len({*asked}) == 2
    assert not any(map(_runs, asked))


def test_they_start_ahead(archives: list[Archive], asked: list[int]) -> None:
    """They start before the archives are listed, if these will be large enough, and pack them."""
    with kept_processes():
        start_ahead(1024**2)
        assert processes._shared._processes is None
        start_ahead(8 * 1024**2)
        start_ahead(8 * 1024**2)
        ids = {process._process.pid for process in processes._shared.processes()._started}
        assert len(ids) == 2
        assert not asked
        [*pack_archives(archives)]
    assert len(asked) == 3
    assert {*asked} <= ids
    assert not any(map(_runs, ids))


def test_little_is_packed_here(archives: list[Archive], asked: list[int]) -> None:
    """Another process would start for longer than it works."""
    small = [archive._replace(members=archive.members[1:]) for archive in archives]

    assert [number for number, _ in pack_archives(small)] == [0, 1, 2]
    assert not asked


def test_one_archive_is_packed_here(archives: list[Archive], asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads pack the blocks of its large files, and there is no other archive to pack meanwhile."""
    monkeypatch.setattr(processes, "_WORTH_PROCESSES", 1)

    assert [number for number, _ in pack_archives(archives[:1])] == [0]
    assert not asked


@pytest.mark.parametrize(
    ("processors", "small", "threads"), [(2, 0, [1, 1, 1]), (9, 0, [3, 3, 3]), (2, 2, [2, 1, 1]), (8, 1, [4, 4, 1])]
)
def test_processors_are_divided(
    archives: list[Archive], monkeypatch: pytest.MonkeyPatch, processors: int, small: int, threads: list[int]
) -> None:
    """An archive with most of the bytes is packed by several threads, so that no processor waits for it."""
    requests: list[tuple[Any, ...]] = []
    request = packer.request

    def record(*arguments: Any) -> object:
        requests.append(arguments)
        return request(*arguments)

    monkeypatch.setattr(packer, "request", record)
    monkeypatch.setattr(processes, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)

    large = archives[: 3 - small]
    wanted = [*large, *(archive._replace(members=archive.members[1:]) for archive in archives[3 - small :])]

    assert len([*pack_archives(wanted)]) == 3
    assert sorted((arguments[-1] for arguments in requests), reverse=True) == threads


def test_errors_are_those_of_this_process(archives: list[Archive], asked: list[int]) -> None:
    """An error keeps its type and its words, and the processes have ended when it arrives."""
    Path(archives[1].members[0].path).unlink()
    with pytest.raises(EntryError) as here:
        write_archive(*archives[1])

    with pytest.raises(type(here.value)) as there:
        [*pack_archives(archives)]

    assert str(there.value) == str(here.value)
    assert asked
    assert not any(map(_runs, asked))


def test_nothing_is_packed_after_an_error(archives: list[Archive], monkeypatch: pytest.MonkeyPatch) -> None:
    """When the error arrives, no process writes into folders that the caller will remove, and none begins to."""
    started, finished = [], []
    numbers = count()

    def ask(_: ChildPython, request: Any) -> object:
        number = next(numbers)
        started.append(number)
        if number == 0:
            return EntryError("The first one cannot be read.")
        time.sleep(0.2)
        finished.append(number)
        return "digest"

    monkeypatch.setattr(ChildPython, "ask", ask)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with kept_processes():
        with pytest.raises(EntryError):
            [*pack_archives(archives * 4)]
        seen = len(started)
        assert {*started} == {0, *finished}
        assert seen < len(archives * 4)
        time.sleep(0.3)
        assert len(started) == seen


def test_errors_of_the_system_keep_their_number(archives: list[Archive], asked: list[int]) -> None:
    """The caller tells a full disk from other errors by it."""
    wrong = archives[0]._replace(destination=archives[0].destination.parent / "no-folder" / "archive.zip")

    with pytest.raises(FileNotFoundError) as raised:
        [*pack_archives([wrong, *archives])]

    assert raised.value.errno == errno.ENOENT
    assert raised.value.filename == str(wrong.destination)


def test_without_processes(archives: list[Archive], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no process can be started, this one packs."""
    digests = {number: write_archive(*archive) for number, archive in enumerate(archives)}
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))

    assert dict(pack_archives(archives)) == digests


def test_processes_that_end(archives: list[Archive], asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process does not finish, such as one that is killed for lack of memory, this one packs."""
    digests = {number: write_archive(*archive) for number, archive in enumerate(archives)}
    monkeypatch.setattr(packer, "__name__", "no_such_module")

    assert dict(pack_archives(archives)) == digests
    assert asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_fork_packs_with_processes_of_its_own(archives: list[Archive], asked: list[int]) -> None:
    """A fork of this process has none of the threads that wait for the processes of this one."""
    digests = {number: write_archive(*archive) for number, archive in enumerate(archives)}
    with kept_processes():
        [*pack_archives(archives)]
        process = os.fork()
        if not process:
            status = 1
            try:
                status = int(dict(pack_archives(archives)) != digests or len({*asked}) != 4)
            finally:
                os._exit(status)
        deadline = time.monotonic() + 60
        while (ended := os.waitpid(process, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        if not ended[0]:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)

    assert ended == (process, 0)
    assert not any(map(_runs, asked))


def test_they_have_all_modules_that_they_need(archives: list[Archive], asked: list[int]) -> None:
    """They find only the packages that are named to them."""
    with kept_processes():
        [*pack_archives(archives)]
        process = processes._shared.processes()._started[0]
        assert isinstance(process.ask(packer.request(*archives[0], 1)), str)
    assert asked
