"""Synthesize an app of layers and functions: `python -m benchmarks.app KIND FUNCTIONS OUT [ZIP ...]`.

KIND is "ours" for the library's constructs, or "plain" for `LayerVersion` and `Function` over the zips named.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_lambda import Code, Function, ILayerVersion, LayerVersion, Runtime

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS = Path(__file__).parent / "app_layers"
ENTRY = Path(__file__).parent / "app_function"
NAMES = sorted(folder.name for folder in LAYERS.iterdir())
_ENV = Environment(account="111111111111", region="eu-west-1")


def main() -> None:
    """Define the app that the command line asks for, and synthesize it."""
    kind, functions, out, *zips = sys.argv[1:]
    app = App(outdir=out)
    names = [Path(path).stem for path in zips]
    layers, function = _ours(app, names) if kind == "ours" else _plain(app, zips)
    # A stack holds 500 resources at most, and every function brings a role along.
    for number in range(int(functions)):
        if number % 200 == 0:
            stack = Stack(app, f"Functions{number // 200}", env=_ENV)
        function(stack, f"F{number}", layers)
    app.synth()


def _ours(
    app: App, names: list[str]
) -> tuple[list[ILayerVersion], Callable[[Stack, str, list[ILayerVersion]], object]]:
    from cdk_layers import LayeredFunction, MultiLayerStack

    stack = MultiLayerStack(
        app, "Layers", env=_ENV, compatible_runtimes=[Runtime.PYTHON_3_13],
        layers={name: {"entry": str(LAYERS / name)} for name in names},
    )  # fmt: skip
    code = Code.from_asset(str(ENTRY))
    return stack.pick(*names), lambda scope, name, layers: LayeredFunction(
        scope, name, code=code, layers=layers, handler="main.handler", runtime=Runtime.PYTHON_3_13
    )


def _plain(
    app: App, zips: list[str]
) -> tuple[list[ILayerVersion], Callable[[Stack, str, list[ILayerVersion]], object]]:
    stack = Stack(app, "Layers", env=_ENV)
    layers: list[ILayerVersion] = [
        LayerVersion(stack, Path(path).stem, code=Code.from_asset(path), compatible_runtimes=[Runtime.PYTHON_3_13])
        for path in zips
    ]
    code = Code.from_asset(str(ENTRY))
    return layers, lambda scope, name, layers: Function(
        scope, name, code=code, layers=layers, handler="main.handler", runtime=Runtime.PYTHON_3_13
    )


if __name__ == "__main__":
    main()
