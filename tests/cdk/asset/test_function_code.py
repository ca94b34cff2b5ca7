"""What the code of a function leaves out, since its layers provide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import App, AssetStaging, Stack
from aws_cdk.aws_lambda import Code, LayerVersion, Runtime

from cdk_layers import SharedPythonLayer
from cdk_layers.cdk.asset.function_code import _known, _provided
from tests.cdk.apps import entry

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.options import KnownLayer


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


def test_an_older_asset_is_what_is_compared(tmp_path: Path) -> None:
    """The user's own hash can make the CDK deploy an older layer, in which a function does not find newer code."""
    found: list[KnownLayer] = []
    for text in ("NAME = 1\n", "NAME = 2\n"):
        folder = entry(tmp_path, "company", text)
        layer = SharedPythonLayer(
            Stack(App(outdir=str(tmp_path / "cdk.out")), "S"), "L", entry=folder,
            compatible_runtimes=[Runtime.PYTHON_3_13], bundling={"asset_hash": "release-1"},
        )  # fmt: skip
        found += _known([layer, "arn:aws:lambda:eu-west-1:1:layer:a:1"])
        AssetStaging.clear_asset_hash_cache()
    assert found[0] == found[1]
    assert found[0].entry == tmp_path / "company"
