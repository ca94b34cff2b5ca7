"""The constructs load in Node and in Python at once, without a difference in results."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from cdk_layers.cdk.node import loading

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_TRACED = """
import gc, json, sys, threading
import aws_cdk.aws_lambda
import jsii._kernel.providers.process as process

asked = []
send = process._NodeProcess.send

def traced(self, request, *arguments, **more):
    asked.append((threading.current_thread().name, type(request).__name__))
    return send(self, request, *arguments, **more)

process._NodeProcess.send = traced
from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
print(json.dumps([asked, [one.name for one in threading.enumerate()], sorted(sys.modules), gc.isenabled()]))
"""

_FOR_CHANGES = (
    "building.archives.join", "building.build_run", "building.progress", "building.requirements.exports",
    "building.requirements.uv_lock", "cdk.asset.docker", "cdk.follow.imported_layers", "check.pipeline",
    "contents.natives",
)  # fmt: skip
"""Modules that a synthesis without changes does not need when constructs are defined."""


def test_only_one_thread_talks_to_node() -> None:
    """Node answers one question at a time, so the thread that imports in Python sends none."""
    done = subprocess.run([sys.executable, "-c", _TRACED], capture_output=True, text=True, check=True, timeout=120)
    asked, threads, modules, collects = json.loads(done.stdout)
    assert {name for name, _ in asked} == {"cdk-layers-loading"}
    assert [kind for _, kind in asked] == ["LoadRequest", "StaticGetRequest", "StaticInvokeRequest"]
    assert "cdk-layers-loading" not in threads
    assert {*loading._IN_PYTHON, *(f"aws_cdk.{name}" for name in loading._OF_FUNCTIONS)} <= set(modules)
    assert not {f"cdk_layers.{name}" for name in _FOR_CHANGES} & set(modules)
    assert collects


def test_node_that_does_not_answer_is_said_where_it_is_needed(tmp_path: Path) -> None:
    """What fails to load beforehand is loaded again, and says what is wrong."""
    done = subprocess.run(
        [sys.executable, "-c", "from cdk_layers import SharedPythonLayer"],
        capture_output=True, text=True, check=False, timeout=120, env={"PATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "No such file or directory: 'node'" in done.stderr


def test_a_question_that_fails_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the CDK may not know what is asked beforehand."""
    monkeypatch.setattr("aws_cdk.region_info.RegionInfo", None)
    monkeypatch.setattr(loading, "_OF_FUNCTIONS", ("aws_gone",))
    loading.load()


def test_garbage_collection_pauses_while_modules_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full one searches all classes of the CDK."""
    seen: list[bool] = []
    monkeypatch.setattr(loading, "import_module", lambda _: seen.append(gc.isenabled()))
    loading.load()
    assert set(seen) == {False}
    assert gc.isenabled()


def test_garbage_collection_stays_off_for_a_user_who_turned_it_off() -> None:
    """It is paused while modules load, and afterwards it is as it was before."""
    gc.disable()
    try:
        loading.load()
        assert not gc.isenabled()
    finally:
        gc.enable()
