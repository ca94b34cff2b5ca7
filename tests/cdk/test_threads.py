"""Constructs that are made by several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from aws_cdk import App, Stack

from cdk_layers import SharedPythonLayer

if TYPE_CHECKING:
    from pathlib import Path


def test_layers_from_many_threads(tmp_path: Path) -> None:
    """Layers that threads make at once wait for each other, since Node answers one question at a time."""
    app = App()
    stacks = [Stack(app, f"S{number}") for number in range(6)]
    barrier = Barrier(len(stacks))

    def make(number: int) -> int | None:
        entry = tmp_path / str(number)
        entry.mkdir()
        (entry / "a.py").write_text("#" * number, encoding="utf-8")
        barrier.wait()
        return SharedPythonLayer(stacks[number], "L", entry=entry, compatible_runtimes=["python3.13"]).unzipped_bytes

    with ThreadPoolExecutor(len(stacks)) as pool:
        assert list(pool.map(make, range(len(stacks)))) == list(range(6))
