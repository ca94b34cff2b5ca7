"""The doors to the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cdk_layers.system import host
from tests.processes import is_running

_PARENT = """\
import sys
from cdk_layers.system import host
host.run(["/bin/sh", "-c", 'sleep 300 & sleep 1; echo $! $$ > "$0"; wait', sys.argv[1]])
"""
_PATIENCE = 30
"""Seconds after which processes that should have ended count as orphans."""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_children_end_with_their_parent(tmp_path: Path) -> None:
    """What was started, and what it started itself, does not outlive this process, however that ends."""
    signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
    files = [tmp_path / one.name for one in signals]
    parents = [subprocess.Popen([sys.executable, "-c", _PARENT, os.fspath(file)]) for file in files]
    deadline = time.monotonic() + _PATIENCE
    while not all(map(_is_written, files)) and time.monotonic() < deadline:
        time.sleep(0.05)
    processes = [int(one) for file in files for one in file.read_text(encoding="utf-8").split()]
    assert all(map(is_running, processes))
    for parent, one in zip(parents, signals, strict=True):
        parent.send_signal(one)
        parent.wait()
    deadline = time.monotonic() + _PATIENCE
    while any(map(is_running, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, processes))


def _is_written(file: Path) -> bool:
    return file.exists() and file.read_text(encoding="utf-8").endswith("\n")


def test_a_program_that_ends_by_itself() -> None:
    """Its status, output and error output are returned, and nothing is left running."""
    code = "import sys; print('out'); print('\\N{SNOWMAN}', file=sys.stderr); sys.exit(3)"
    done = host.run([sys.executable, "-X", "utf8", "-c", code])
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "\N{SNOWMAN}\n")
    with pytest.raises(OSError, match="missing"):
        host.run(["/missing/program"])


def test_a_nameless_file_is_read_and_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child reads what a nameless file contains, and no folder lists it where files need no name."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = "import sys; sys.stdout.write(open(sys.argv[1], encoding='utf-8').read())"
    with host.nameless_file("some text") as file:
        listed = list(tmp_path.iterdir())
        done = host.run([sys.executable, "-c", code, file.path], inherited=file.descriptors)
    assert done.stdout == "some text"
    assert not list(tmp_path.iterdir())
    assert bool(listed) != Path("/dev/fd").is_dir()


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="files have names here")
@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]])
def test_a_nameless_file_without_standard_files(tmp_path: Path, closed: list[int]) -> None:
    """A process may have been started without input or output, and their numbers are free for other files."""
    out = tmp_path / "out"
    code = (
        "import os, sys; from cdk_layers.system import host\n"
        f"for number in {closed}: os.close(number)\n"
        "with host.nameless_file('some text') as file:\n"
        "    done = host.run(['/bin/cat', file.path], inherited=file.descriptors)\n"
        f"open({str(out)!r}, 'w').write(done.stdout)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert out.read_text() == "some text"
