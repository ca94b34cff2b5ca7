"""Every option of a build can be chosen by an argument of each construct, and reaches the build."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Stack

from cdk_layers import LayeredFunction, SharedPythonLayer
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.building.options import BuildOptions
from cdk_layers.cdk.asset import function_code, layer_asset
from tests.cdk.apps import entry, new_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_GIVEN: Final[dict[str, Any]] = {
    "asset_excludes": ["*.csv"],
    "default_excludes": False,
    "follow_links": True,
    "allow_source_builds": ["company-tools"],
    "groups": ["docs"],
    "extras": ["s3"],
    "bytecode": True,
    "trim": ["tests"],
    "dependency_excludes": ["*.md"],
    "aws_services": ["s3"],
    "try_imports": True,
    "bundling": {
        "asset_excludes": ["*.md"],
        "environment": {"UV_INDEX": "file:///more"},
        "output_path_suffix": "lib",
        "poetry_include_hashes": False,
        "poetry_without_urls": True,
    },
}
_EXPECTED: Final = BuildOptions(
    prefix="lib",
    excludes=("*.md", "*.csv"),
    default_excludes=False,
    follow_links=True,
    allow_source_builds=("company-tools",),
    groups=("docs",),
    extras=("s3",),
    content=ContentOptions(True, ("tests",), ("*.md",), ("s3",), try_imports=True),
    environment={"UV_INDEX": "file:///more"},
    poetry_include_hashes=False,
    poetry_without_urls=True,
)


def _layer(stack: Stack, folder: Path) -> SharedPythonLayer:
    return SharedPythonLayer(stack, "Base", entry=folder, compatible_runtimes="python3.13", **_GIVEN)


def _function(stack: Stack, folder: Path) -> LayeredFunction:
    return LayeredFunction(
        stack, "Report", entry=folder, handler="code_code.NAME", runtime="python3.13", **_GIVEN
    )  # fmt: skip


class _BuildBeginsError(Exception):
    """The build would begin now, with these options."""


@pytest.mark.parametrize("define", [_layer, _function])
def test_every_option_reaches_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, define: Callable[[Stack, Path], object]
) -> None:
    """Nothing that the user chooses is lost between the construct and its build."""

    def begin(_entry: object, _target: object, options: BuildOptions, **_: object) -> None:
        raise _BuildBeginsError(options)

    monkeypatch.setattr(function_code, "build", begin)
    monkeypatch.setattr(layer_asset, "build_for", begin)
    stack, folder = Stack(new_app(tmp_path / "cdk.out"), "Spoke"), entry(tmp_path, "code")
    with pytest.raises(_BuildBeginsError) as begun:
        define(stack, folder)
    assert begun.value.args == (_EXPECTED,)


def test_no_option_is_left_out_of_this_test() -> None:
    """An option that has its default here could be lost without a test that fails."""
    of_one_kind = {"opt_entry", "provided", "layers"}
    chosen: list[tuple[Any, Any]] = [(_EXPECTED, BuildOptions()), (_EXPECTED.content, ContentOptions())]
    for options, defaults in chosen:
        names = {field.name for field in fields(options)} - of_one_kind
        assert [name for name in names if getattr(options, name) == getattr(defaults, name)] == []
