"""What stays out by default, and how each construct lets it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack

from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """Return a folder with code, a README.md and a link that leaves it."""
    folder = tmp_path / "layers" / "base"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    (folder / "README.md").write_text("x", encoding="utf-8")
    (tmp_path / "shared.py").write_text("A = 1\n", encoding="utf-8")
    (folder / "shared.py").symlink_to(tmp_path / "shared.py")
    return folder


def test_every_construct_has_the_switches(entry: Path) -> None:
    """A layer, a function, a stack of layers and layers.toml let README.md in and follow links on request."""
    app = App()
    stack = Stack(app, "S")
    (entry.parent / "layers.toml").write_text(
        '[defaults]\ncompatible_runtimes = ["python3.13"]\nfollow_links = true\n'
        "[layers.base]\ndefault_excludes = false\n",
        encoding="utf-8",
    )
    layer = SharedPythonLayer(
        stack, "L", entry=entry, compatible_runtimes=["python3.13"], default_excludes=False, follow_links=True
    )
    function = LayeredFunction(
        stack,
        "F",
        entry=entry,
        runtime="python3.13",
        handler="handler.handler",
        default_excludes=False,
        follow_links=True,
    )
    hub = MultiLayerStack(app, "Hub", compatible_runtimes=["python3.13"], default_excludes=False)
    of_folder = MultiLayerStack.from_directory(app, "Folder", entry.parent)["base"]
    added = hub.add_layer("base", entry=entry, follow_links=True)
    found = [one.contents for one in (layer, function, added, of_folder)]
    assert [{path.rpartition("/")[2] for path in one.files} for one in found if one] == [
        {"handler.py", "README.md", "shared.py"}
    ] * 4
    plain = SharedPythonLayer(stack, "P", entry=entry, compatible_runtimes=["python3.13"], follow_links=True)
    assert plain.contents
    assert set(plain.contents.files) == {"python/handler.py", "python/shared.py"}


def test_switch_that_is_no_boolean(entry: Path) -> None:
    """Another value than True, False and None is one typed sentence."""
    with pytest.raises(UsageError, match="default_excludes"):
        SharedPythonLayer(
            Stack(App(), "S"),
            "L",
            entry=entry,
            compatible_runtimes=["python3.13"],
            default_excludes="no",  # type: ignore[arg-type]
        )
