"""What the package promises as a whole: it loads without Node, and its rooms depend on each other one way only."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import cdk_layers
import cdk_layers.errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCE: Final = Path(cdk_layers.__file__).parent
_ROOMS: Final = (
    "system", "findings", "errors", "lambda_service", "contents", "store", "building", "app", "project", "assembly",
    "rules", "check", "report", "local", "cdk", "cli", "testing",
)  # fmt: skip
"""The rooms of the package: a module imports only from its own room and from those before it."""

_CORE_DOORS: Final = {"cdk", "cli", "testing"}
"""Rooms that no other room imports from."""

_NODE_IS_BEHIND: Final = {"aws_cdk", "constructs", "jsii"}


def _run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def _modules() -> list[Path]:
    return sorted(path for path in _SOURCE.rglob("*.py") if path != _SOURCE / "__init__.py")


def _room(path: Path) -> str:
    return path.relative_to(_SOURCE).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, also where only a type checker reads it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", ["cdk_layers", "cdk_layers.cli", "cdk_layers.testing"])
def test_loads_without_the_cdk(module: str) -> None:
    """The package, its command and its test aids load without jsii, and so without Node."""
    done = _run(f"import sys, {module}; print(*sys.modules)", PATH="")

    assert done.returncode == 0, done.stderr
    assert module in done.stdout.split()
    assert not _NODE_IS_BEHIND & set(done.stdout.split())


@pytest.mark.parametrize("name", cdk_layers.__all__)
def test_public_names_load_on_first_use(name: str) -> None:
    """Each public name is listed before it is loaded, and is the same object each time it is asked for."""
    assert name in dir(cdk_layers)

    assert getattr(cdk_layers, name) is getattr(cdk_layers, name)
    assert getattr(cdk_layers, name).__name__ == name


def test_every_error_is_exported() -> None:
    """What a user may catch is in the package itself, as the same class."""
    classes = {
        name for name, one in vars(cdk_layers.errors).items() if isinstance(one, type) and issubclass(one, Exception)
    }
    assert classes <= set(cdk_layers.__all__)
    assert all(getattr(cdk_layers, name) is getattr(cdk_layers.errors, name) for name in classes)


def test_the_version_is_that_of_the_distribution() -> None:
    """The version is known without loading the CDK."""
    assert cdk_layers.__version__ == version("cdk-layers")
    assert "__version__" in dir(cdk_layers)


def test_what_users_do_not_need_is_private() -> None:
    """A layer's public attributes, beyond those of its base class, are these."""
    own = {name for name in vars(cdk_layers.SharedPythonLayer) if not name.startswith("_")}
    assert own == {
        "add_permission", "apply_removal_policy", "archive_bytes", "asset_hash", "compatible_architectures", "contents",
        "digest", "distributions", "entry", "grant", "unzipped_bytes",
    }  # fmt: skip


def test_unknown_name() -> None:
    """A name that the package does not have is an AttributeError that says so."""
    with pytest.raises(AttributeError, match=r"module 'cdk_layers' has no attribute 'SharedLayer'"):
        cdk_layers.SharedLayer  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(_SOURCE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only from its own room and from those before it, and the CDK only inside cdk/."""
    room = _room(path)
    assert room in _ROOMS, f"add the new room {room!r} to _ROOMS, and to docs/design.md"
    allowed = set(_ROOMS[: _ROOMS.index(room)]) - _CORE_DOORS | {room}
    names = list(_imports(path))

    ours = {name.split(".")[1] for name in names if name.startswith("cdk_layers.")}
    assert ours & set(_ROOMS) <= allowed, f"{room} must not import {sorted(ours - allowed)}"
    assert room == "cdk" or not _NODE_IS_BEHIND & {name.split(".")[0] for name in names}


def test_no_import_circles() -> None:
    """No module imports itself by way of others, not even for a type checker."""
    modules = {
        ".".join(path.relative_to(_SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in _modules()
    }
    imported = {
        name: {found for target in _imports(path) if (found := _module_of(target, modules)) and found != name}
        for name, path in modules.items()
    }

    TopologicalSorter(imported).prepare()  # raises CycleError, which names the circle


def _module_of(target: str, modules: dict[str, Path]) -> str | None:
    """Return the module that an imported name is, or is in."""
    name = target.removeprefix("cdk_layers.")
    if name == target:
        return None
    return name if name in modules else name.rpartition(".")[0] if name.rpartition(".")[0] in modules else None
