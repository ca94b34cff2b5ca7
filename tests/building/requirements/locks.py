"""What the tests of lock files share."""

from __future__ import annotations

import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.manifests import Requirements, read_requirements
from cdk_layers.building.uv import process
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
SIX_HASH = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.10"
dependencies = [DEPENDENCIES]
"""
EXPLICIT = """\
[[tool.uv.index]]
name = "private"
url = "{0}/private/simple"
explicit = true
[tool.uv.sources]
beta = {{ index = "private" }}
"""
GROUPS = """\
[project.optional-dependencies]
Web_UI = ["beta==1.0"]
[dependency-groups]
dev = ["gamma==1.0"]
ops = ["beta==1.0", { include-group = "dev" }]
[tool.uv]
default-groups = ["dev", "ops"]
"""


def read(entry: Path, store: LocalStore, options: BuildOptions | None = None) -> Requirements:
    """Return what an entry asks for."""
    return read_requirements(Job(entry, X86, options or BuildOptions(), store))


def make(arguments: list[str], entry: Path) -> None:
    """Let uv make a lock file; skip where the index does not let it."""
    done = process.run(arguments, cwd=entry, extra={})
    if done.returncode:
        pytest.skip(f"the lock file cannot be made here: {done.stderr[-300:]}")


def rules_and_messages(requirements: Requirements) -> list[tuple[str, str]]:
    """Return the rules of the notes, and the manifest that each is about."""
    return [(note.rule, note.message.split(" ", maxsplit=1)[0]) for note in requirements.notes]


def lock(entry: Path, main: str, dependencies: str, more: str = "") -> None:
    """Write a project whose default index is "main", and lock it."""
    index = f'[[tool.uv.index]]\nname = "main"\nurl = "{main}/main/simple"\ndefault = true\n'
    (entry / "pyproject.toml").write_text(
        PROJECT.replace("DEPENDENCIES", dependencies) + more + index, encoding="utf-8"
    )
    done = process.run(["lock", "--quiet", "--no-cache", "--python", sys.executable], cwd=entry, extra={})
    assert done.returncode == 0, done.stderr


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def origins(archive: Path, *names: str) -> list[str]:
    """Return the index that each distribution of an archive came from."""
    with zipfile.ZipFile(archive) as opened:
        return [opened.read(f"python/{name}.py").decode().split("'")[1] for name in names]
