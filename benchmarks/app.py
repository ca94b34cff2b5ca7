"""Synthesize an app of layers and functions: `python -m benchmarks.app KIND FUNCTIONS OUT [ZIP ...]`.

KIND is "ours" for the library's constructs, or "plain" for `LayerVersion` and `Function` over the zips named.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_lambda import Code, Function, LayerVersion, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYERS = Path(__file__).parent / "app_layers"
ENTRY = Path(__file__).parent / "app_function"
NAMES = sorted(folder.name for folder in LAYERS.iterdir())
_FUNCTIONS_A_STACK: Final = 200
_ENV: Final = Environment(account="111111111111", region="eu-west-1")


def main() -> None:
    """Define the app that the command line asks for, and synthesize it."""
    kind, functions, out, *zips = sys.argv[1:]
    app = App(outdir=out)
    if kind == "ours":
        _ours(app, int(functions), [Path(path).stem for path in zips])
    else:
        _plain(app, int(functions), zips)
    app.synth()


def _ours(app: App, functions: int, names: list[str]) -> None:
    from cdk_layers import LayeredFunction, MultiLayerStack  # noqa: PLC0415  # plain constructs do without

    layers = MultiLayerStack(
        app, "Layers", env=_ENV, compatible_runtimes=[Runtime.PYTHON_3_13],
        layers={name: {"entry": str(LAYERS / name)} for name in names},
    )  # fmt: skip
    for stack, names_of_stack in _stacks(app, functions):
        code = Code.from_asset(str(ENTRY))
        for name in names_of_stack:
            LayeredFunction(
                stack, name, code=code, layers=layers.pick(*names), handler="main.handler", runtime=Runtime.PYTHON_3_13
            )


def _plain(app: App, functions: int, zips: list[str]) -> None:
    stack = Stack(app, "Layers", env=_ENV)
    layers = [
        LayerVersion(stack, Path(path).stem, code=Code.from_asset(path), compatible_runtimes=[Runtime.PYTHON_3_13])
        for path in zips
    ]
    for stack, names in _stacks(app, functions):
        code = Code.from_asset(str(ENTRY))
        for name in names:
            Function(stack, name, code=code, layers=layers, handler="main.handler", runtime=Runtime.PYTHON_3_13)


def _stacks(app: App, functions: int) -> Iterator[tuple[Stack, list[str]]]:
    """Yield stacks with the names of their functions: a stack has at most 500 resources, and a function is two."""
    for number, start in enumerate(range(0, functions, _FUNCTIONS_A_STACK)):
        names = [f"F{index}" for index in range(start, min(start + _FUNCTIONS_A_STACK, functions))]
        yield Stack(app, f"Functions{number}", env=_ENV), names


if __name__ == "__main__":
    main()
