"""Processes that work for this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import cdk_layers
from cdk_layers.system.child_python import ChildPython, can_start
from tests.processes import is_running

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODULE = """
import os, sys
from cdk_layers.system.child_python import answer_requests

def _answer(request):
    if request == "end":
        os._exit(3)
    if request == "print":
        print("not an answer", file=sys.stderr)
    return [request, os.getpid(), os.environ.get("PYTHONPATH"), sys.dont_write_bytecode, "site" in sys.modules]

def main():
    answer_requests(_answer)
"""


@pytest.fixture
def answering(tmp_path: Path) -> ModuleType:
    """A package that answers requests."""
    file = tmp_path / "package" / "answering" / "__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text(_MODULE)
    package = ModuleType("answering")
    package.__file__ = str(file)
    return package


@pytest.fixture
def child(answering: ModuleType) -> Iterator[ChildPython]:
    """A process that answers with the request and facts about itself."""
    child = ChildPython("answering", (cdk_layers, answering))
    yield child
    child.end()


def test_answers_in_order(child: ChildPython) -> None:
    """Any values arrive as they were sent, from one other process."""
    requests = [None, "é\udcff", [1, (b"\0" * 200_000,)], Path("a")]

    answers = [child.ask(request) for request in requests]

    assert [answer[0] for answer in answers] == requests
    assert {answer[1] for answer in answers} != {os.getpid()}
    assert len({answer[1] for answer in answers}) == 1


@pytest.mark.parametrize("path", [[], [""], ["."], ["{}"], [Path()], [object()]])
def test_is_isolated(
    answering: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: list[object]
) -> None:
    """It runs neither startup files, nor modules of the environment, the current folder and folders of the app."""
    (tmp_path / "other").mkdir()
    names = ("sitecustomize.py", "usercustomize.py", "pickle.py", "signal.py", "answering.py", "subprocess.py")
    for name in names:
        (tmp_path / "other" / name).write_text("raise SystemExit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path / "other")
    added = [entry.format(tmp_path / "other") if isinstance(entry, str) else entry for entry in path]
    monkeypatch.setattr(sys, "path", [*added, *sys.path])
    another = ChildPython("answering", (cdk_layers, answering))

    answer = another.ask("a")
    another.end()

    assert answer[0] == "a"
    assert answer[3:] == [sys.dont_write_bytecode, False]


def test_what_it_prints_is_no_answer(child: ChildPython, capfd: pytest.CaptureFixture[str]) -> None:
    """Its error output is not shown: whatever it cannot do, this process does and reports."""
    assert child.ask("print")[0] == "print"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("module", ["answering", "no_such_module"])
def test_a_process_that_ends(answering: ModuleType, module: str) -> None:
    """A process that ended gives None, and can be ended again."""
    another = ChildPython(module, (cdk_layers, answering))

    assert another.ask("end") is None
    assert another.ask("a") is None
    another.end()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
def test_an_interrupt_is_left_to_this_process(child: ChildPython) -> None:
    """Ctrl-C reaches all processes of a terminal. The child finishes its request."""
    os.kill(child.ask("a")[1], signal.SIGINT)

    assert child.ask("b")[0] == "b"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
def test_it_ends_with_this_process(answering: ModuleType, tmp_path: Path) -> None:
    """No process is left if this one is killed."""
    code = (
        f"import sys, time; sys.path.insert(0, {str(tmp_path / 'package')!r})\n"
        "import answering, cdk_layers; from cdk_layers.system.child_python import ChildPython\n"
        "print(ChildPython('answering', (cdk_layers, answering)).ask('a')[1], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        process = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not is_running(process)


def test_names_of_files_in_another_encoding(answering: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that would find other files answers nothing: this process works by itself."""
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "another")
    another = ChildPython("answering", (cdk_layers, answering))

    assert another.ask("a") is None
    another.end()


@pytest.mark.parametrize("file", [None, "lib.zip/answering/__init__.py"])
def test_a_package_whose_folder_is_not_known(answering: ModuleType, file: str | None) -> None:
    """The working folder may be another one than when the package was imported, so it is not searched."""
    answering.__file__ = file
    another = ChildPython("answering", (cdk_layers, answering))

    assert another.ask("a") is None
    another.end()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_it_ends_while_a_fork_lives(answering: ModuleType) -> None:
    """A fork of this process, such as a worker of multiprocessing, keeps the pipes of all other processes open."""
    another = ChildPython("answering", (cdk_layers, answering))
    process = os.fork()
    if not process:
        time.sleep(300)
        os._exit(0)
    try:
        another.end()
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def test_a_frozen_program_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, `sys.executable` is the user's own program; embedded in another one, Python may not know any."""
    assert can_start()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not can_start()
    monkeypatch.delattr(sys, "frozen")
    monkeypatch.setattr(sys, "executable", "")
    assert not can_start()
