"""Output that a terminal or a reader does not take."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import TODAY, function, write

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = (sys.executable, "-m", "cdk_layers.cli")


def test_a_terminal_that_lacks_characters(tmp_path: Path) -> None:
    """Names in other scripts are replaced where the encoding has none of them, as on an old console."""
    report = function(handler="nowhere.handler")
    report["Metadata"] = {"aws:cdk:path": "Spoke/Überweisung/Resource"}
    command = [*_COMMAND, "check", str(write(tmp_path, Report=report)), *TODAY]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)

    assert (done.returncode, done.stderr) == (1, b"")
    assert b"?berweisung" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another error for the end of a reader")
@pytest.mark.parametrize(
    "command",
    [("rules",), ("rule", "too-many-layers"), ("check",), ("check", "--format", "json"), ("sizes",), ("cache", "info")],
    ids=" ".join,
)
def test_a_reader_that_ends(tmp_path: Path, command: tuple[str, ...]) -> None:
    """`cdk-layers check | head -1` ends without a traceback, and not with the status of a report or of findings."""
    write(tmp_path, Report=function())
    read_end, write_end = os.pipe()
    os.close(read_end)
    environment = {**os.environ, "CDK_LAYERS_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [*_COMMAND, *command], stdout=write_end, stderr=subprocess.PIPE, cwd=tmp_path, env=environment, check=False
    )
    os.close(write_end)

    assert (done.returncode, done.stderr) == (2, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
@pytest.mark.parametrize(("command", "whole"), [
    (("check", *TODAY), "nowhere-in-a-folder-with-quite-a-long-name/and-a-module-with-an-even-longer-one"),
    (("rule", "too-many-layers"), "arn:aws:lambda:eu-west-1:111111111111:layer:a:1\n"),
    (("rule", "too-many-layers"), "Acknowledgment(id='cdk-layers::too-many-layers', reason=...)\n"),
])  # fmt: skip
def test_a_narrow_terminal_cuts_nothing(tmp_path: Path, command: tuple[str, ...], whole: str) -> None:
    """Names that are longer than a line continue on the next one, and code has its own lines, to be copied."""
    import pty  # noqa: PLC0415 - Windows has none

    write(
        tmp_path,
        Report=function(handler="nowhere-in-a-folder-with-quite-a-long-name/and-a-module-with-an-even-longer-one.f"),
    )
    shown, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "40", "NO_COLOR": "1", "TERM": "xterm"}
    with subprocess.Popen([*_COMMAND, *command], stdout=terminal, stderr=terminal, cwd=tmp_path, env=environment):
        os.close(terminal)
        text = _read(shown)
    assert whole in (text if whole.endswith("\n") else re.sub(r"\s+", "", text))


def _read(terminal: int) -> str:
    """Return what was written to a terminal whose other end is closed."""
    data = b""
    with suppress(OSError), os.fdopen(terminal, "rb", buffering=0) as stream:
        while piece := stream.read(65536):
            data += piece
    return re.sub(r"\x1b\[[0-9;]*m", "", data.decode()).replace("\r\n", "\n")
