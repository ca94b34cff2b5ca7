"""Small apps with real layers of code alone, so that no test waits for an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import App, Environment
from aws_cdk.aws_lambda import Architecture, Code, Runtime

from cdk_layers import LayeredFunction, MultiLayerStack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from constructs import Construct

HUB = Environment(account="111111111111", region="eu-west-1")
SPOKE = Environment(account="222222222222", region="eu-west-1")
SORTING = "@aws-cdk/aws-lambda:recognizeLayerVersion"
STABILIZING = "@aws-cdk/core:aspectStabilization"


def entry(folder: Path, name: str, text: str = "") -> Path:
    """Make an entry folder with one module of this name."""
    made = folder / name
    made.mkdir(parents=True, exist_ok=True)
    (made / f"{name}_code.py").write_text(text or f"NAME = {name!r}\n")
    return made


def new_app(out: Path, context: Mapping[str, Any] | None = None) -> App:
    """Return an app with an output folder of its own."""
    return App(outdir=str(out), context=dict(context or {}))


def hub(scope: Construct, folder: Path, *names: str, stack: str = "Hub", **options: Any) -> MultiLayerStack:
    """Return a stack with one layer for each name."""
    made = MultiLayerStack(scope, stack, **{"env": HUB, "compatible_runtimes": [Runtime.PYTHON_3_13], **options})
    for name in names:
        made.add_layer(name, entry=entry(folder, name))
    return made


def inline(**options: Any) -> dict[str, Any]:
    """Return the arguments of a function with code in its template."""
    code = Code.from_inline("def handler(event, context): pass")
    return {"code": code, "handler": "index.handler", "runtime": Runtime.PYTHON_3_13, **options}


def function(scope: Construct, name: str, **options: Any) -> LayeredFunction:
    """Return a layered function with code in its template."""
    return LayeredFunction(scope, name, **inline(architecture=Architecture.X86_64, **options))


def resources(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return a template's resources of one type by logical id."""
    return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}


def functions(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a template's functions by their construct's id."""
    found = resources(template, "AWS::Lambda::Function")
    return {name[:-8]: one for name, one in found.items()}
