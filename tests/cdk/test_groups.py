"""Dependency groups and extras, for every construct that is built from an entry."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack
from aws_cdk.aws_lambda import Runtime

from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.errors import EntryError, UsageError
from tests.building.distributions import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = """\
[[packages]]
name = "{name}"
version = "1.0"
marker = "{marker}"
[[packages.wheels]]
path = "wheels/{name}-1.0-py3-none-any.whl"
hashes = {{ sha256 = "{sha256}" }}
"""
HEAD = 'lock-version = "1.0"\ncreated-by = "hand"\nextras = ["web"]\ndependency-groups = ["ops"]\n'
MARKERS = {
    "alpha": "python_version >= '3'",
    "beta": "'web' in extras",
    "gamma": "'ops' in dependency_groups",
}
ALL = {"alpha": "1.0", "beta": "1.0", "gamma": "1.0"}
ASKED = {"groups": ["ops"], "extras": ["web"]}


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """Return a folder with a lock file that has a group and an extra."""
    folder = tmp_path / "layers" / "base"
    text = HEAD
    for name, marker in MARKERS.items():
        wheel = write_wheel(folder / "wheels", name)
        text += PACKAGE.format(name=name, marker=marker, sha256=sha256(wheel.read_bytes()).hexdigest())
    (folder / "main.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    (folder / "pylock.toml").write_text(text, encoding="utf-8")
    return folder


def test_groups_of_a_layer(entry: Path) -> None:
    """A layer has the groups and extras that are asked for, alone or in a stack of layers."""
    stack = MultiLayerStack(App(), "Hub", compatible_runtimes=[Runtime.PYTHON_3_13])
    assert stack.add_layer("Plain", entry=entry).distributions == {"alpha": "1.0"}
    assert stack.add_layer("Asked", entry=entry, groups="ops", extras=["web"]).distributions == ALL


def test_groups_of_a_function(entry: Path) -> None:
    """The code of a function has the groups and extras that are asked for."""
    function = LayeredFunction(
        Stack(App(), "Stack"), "Function", entry=entry, handler="main.handler", runtime=Runtime.PYTHON_3_13,
        groups=["ops"], extras=["web"],
    )  # fmt: skip
    assert function.contents is not None
    assert dict(function.contents.versions) == ALL


def test_groups_in_the_file_of_a_folder(entry: Path) -> None:
    """The file of a folder of layers names groups for all layers, and extras for one."""
    text = '[defaults]\ncompatible_runtimes = ["python3.13"]\ngroups = ["ops"]\n[layers.base]\nextras = ["web"]\n'
    (entry.parent / "layers.toml").write_text(text, encoding="utf-8")
    assert MultiLayerStack.from_directory(App(), "Hub", entry.parent)["base"].distributions == ALL


def test_a_name_that_the_lock_file_does_not_have(entry: Path) -> None:
    """An unknown group is an error that names the construct."""
    with pytest.raises(EntryError, match=r"Hub/Base.*no group 'web'"):
        SharedPythonLayer(
            Stack(App(), "Hub"), "Base", entry=entry, compatible_runtimes=[Runtime.PYTHON_3_13], groups=["web"]
        )


@pytest.mark.parametrize("name", ASKED)
def test_a_container_installs_no_groups(entry: Path, name: str) -> None:
    """Groups and extras are refused where a container builds, which would leave them out without a word."""
    with pytest.raises(UsageError, match=f"{name} is only for builds without Docker, and docker=True"):
        SharedPythonLayer(
            Stack(App(), "Hub"), "Base", entry=entry, compatible_runtimes=[Runtime.PYTHON_3_13], docker=True,
            **{name: ASKED[name]},  # type: ignore[arg-type]
        )  # fmt: skip
