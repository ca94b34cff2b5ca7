"""Builds of several archives at once."""

from __future__ import annotations

import sysconfig
import time
from typing import TYPE_CHECKING, Any

from cdk_layers.building import several
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.several import BuildRequest, build_several
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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
    monkeypatch.setattr(several, "build_for", build)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    targets = (Target("3.12", "x86_64"), Target("3.13", "x86_64"))
    requests = [BuildRequest(tmp_path, targets, BuildOptions(), store, label) for label in "abcd"]
    assert build_several(requests) == [*"abcd"]
