"""Folders for temporary files."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import cdk_layers
from cdk_layers.system import temporary_folders
from cdk_layers.system.temporary_folders import lasting_folder, temporary_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing shows there whether a folder is in use")

HOLD = """
import sys
from cdk_layers.system.temporary_folders import lasting_folder, temporary_folder
lasting = lasting_folder("store")
with temporary_folder("install") as folder:
    (folder / "requirements.txt").touch()
    print(folder, lasting, sep="\\n", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, which no other test uses."""
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path))
    temporary_folders._remove_stale.cache_clear()
    return tmp_path


def _age(folder: Path) -> Path:
    os.utime(folder, (1, 1))
    return folder


def _held(parent: Path) -> tuple[subprocess.Popen[str], list[Path]]:
    """Start a process that uses folders, and return it with these, which look old."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": os.fspath(parent)},
    )
    assert process.stdout
    return process, [_age(Path(process.stdout.readline().strip())) for _ in range(2)]


def _use(parent: Path) -> None:
    """Use a folder as a new process would."""
    temporary_folders._remove_stale.cache_clear()
    with temporary_folder("resolve") as folder:
        assert folder.parent == parent


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_folders_of_ended_processes(parent: Path, sent: signal.Signals) -> None:
    """A process that a signal ends leaves folders, which a later process removes, but not while they are in use."""
    process, folders = _held(parent)
    with process:
        _use(parent)
        assert all(folder.is_dir() for folder in folders)
        process.send_signal(sent)
    _use(parent)
    assert list(parent.iterdir()) == []


def test_processes_that_end(parent: Path) -> None:
    """A process that ends by itself leaves nothing."""
    process, _ = _held(parent)
    process.communicate("")
    assert list(parent.iterdir()) == []


def test_what_is_never_removed(parent: Path) -> None:
    """New folders, those of other programs and uses, and links are left alone; so is what a link leads to."""
    target = parent / "mine"
    (target / "content").mkdir(parents=True)
    kept = [parent / "cdk-layers-install-link", parent / "cdk-layers-tests-x", parent / "install-x", target]
    kept[0].symlink_to(target)
    for folder in kept[1:3]:
        folder.mkdir()
    for folder in kept:
        os.utime(folder, (1, 1), follow_symlinks=False)
    (parent / "cdk-layers-install-new").mkdir()
    before = sorted(parent.iterdir())
    _use(parent)
    assert sorted(parent.iterdir()) == before
    assert (target / "content").is_dir()


def test_lasting_folders_are_locked(parent: Path) -> None:
    """A folder of this process stays while this process runs, and making it removes what ended processes left."""
    left = parent / "cdk-layers-entry-left"
    left.mkdir()
    _age(left)
    folder = _age(lasting_folder("store"))
    assert not left.exists()
    _use(parent)
    assert folder.is_dir()


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="nothing lists open files there")
def test_removed_folders_are_not_open(parent: Path) -> None:
    """A process that builds many layers does not run out of files."""
    before = len(list(Path("/dev/fd").iterdir()))
    _use(parent)
    _use(parent)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_who_makes_folders_for_temporary_files() -> None:
    """Only the module that also removes what ended processes left, and one for Windows, where nothing shows that."""
    source = Path(cdk_layers.__file__).parent
    makers = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"mkdtemp", "TemporaryDirectory"}
        if "dir" not in {keyword.arg for keyword in node.keywords}
    }
    assert makers == {"system/temporary_folders.py", "system/host.py"}
