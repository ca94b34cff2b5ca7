"""Builds of several archives at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import sysconfig
import time
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building import batch
from cdk_layers.building.batch import BuildRequest, build_several
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore


def test_python_is_described_before_threads_start(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thread that asks sysconfig fills its values; others would see half of them, and would not find uv."""
    values: dict[str, str] = {}

    def get_config_vars() -> dict[str, str]:
        if not values:
            values["prefix"] = "half"
            time.sleep(0.05)
            values["scripts"] = "filled"
        return values

    def build(*_: Any, label: str, **__: Any) -> str:
        if "scripts" not in get_config_vars():
            message = "uv is not found."
            raise BuildError(message)
        return label

    monkeypatch.setattr(sysconfig, "get_config_vars", get_config_vars)
    monkeypatch.setattr(batch, "build_for", build)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    targets = (Target("3.12", "x86_64"), Target("3.13", "x86_64"))
    requests = [BuildRequest(tmp_path, targets, BuildOptions(), store, label) for label in "abcd"]
    assert build_several(requests) == [*"abcd"]


_INTERRUPTED = r"""
import os, sys, time
from concurrent.futures import wait
from pathlib import Path
from cdk_layers.building import batch
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.batch import BuildRequest, build_several
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system.parallel import Pool, in_order

def work(item):
    os.write(1, b"begun\n")
    time.sleep(0.1)

def build(*_, label, **__):
    if label < "c":
        with Pool(2) as pool:
            wait([pool.submit(work, item) for item in range(1000)])
    for _ in range(2):
        [*in_order(work, range(1000), 2)]

batch.build_for = build
targets = (Target("3.12", "x86_64"), Target("3.13", "x86_64"))
store = LocalStore(Path(sys.argv[1]))
try:
    build_several([BuildRequest(Path(), targets, BuildOptions(), store, label) for label in "abcdefgh"])
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(len([*in_order(str, range(10), 2)]), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
def test_an_interrupt_ends_all_builds(tmp_path: Path) -> None:
    """Builds finish what they have begun and begin nothing else. Later ones are not affected."""
    command = [sys.executable, "-c", _INTERRUPTED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        # All work is waiting by then.
        assert [process.stdout.readline() for _ in range(20)] == ["begun\n"] * 20
        process.send_signal(signal.SIGINT)
        lines = process.stdout.read().splitlines()
        assert process.stderr.read() == ""
    assert lines[-2:] == ["interrupted", "10"]
    assert len(lines) < 200
