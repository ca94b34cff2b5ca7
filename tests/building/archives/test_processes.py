"""Archives that other processes pack."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.archives import packer
from cdk_layers.building.archives.members import Member
from cdk_layers.building.archives.processes import Archive, kept_processes, pack_archives
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


def test_little_is_packed_here(archives: list[Archive], asked: list[int]) -> None:
    """Another process would start for longer than it works."""
    small = [archive._replace(members=archive.members[1:]) for archive in archives]

    assert [number for number, _ in pack_archives(small)] == [0, 1, 2]
    assert [number for number, _ in pack_archives(archives[:1])] == [0]
    assert not asked


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
