"""What the code of a function leaves out, since its layers provide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import App, Stack
from aws_cdk.aws_lambda import Code, LayerVersion

from cdk_layers.cdk.asset.function_code import _provided

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_the_runtime_imports_is_left_out(tmp_path: Path) -> None:
    """A layer may contain distributions for other Pythons, and in folders that no Python searches."""
    folders = {
        "six": "python",
        "idna": "python/lib/python3.13/site-packages",
        "attrs": "python/lib/python3.12/site-packages",
        "certifi": "vendored",
    }
    for name, folder in folders.items():
        metadata = tmp_path / folder / f"{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "RECORD").write_text("")
    layer = LayerVersion(Stack(App(), "S"), "L", code=Code.from_asset(str(tmp_path)))
    assert _provided([layer, "arn:aws:lambda:eu-west-1:1:layer:a:1"], "python3.13") == {"six": "1.0", "idna": "1.0"}
