"""The smallest app that uses an installed cdk-layers: one built layer, one function on it."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk.aws_lambda import Code, Runtime

from cdk_layers import LayeredFunction, SharedPythonLayer

app = App(outdir="cdk.out")
stack = Stack(app, "Smoke")
base = SharedPythonLayer(
    stack, "Base", entry=str(Path(__file__).parent / "layers" / "base"), compatible_runtimes=[Runtime.PYTHON_3_13]
)
LayeredFunction(
    stack,
    "Report",
    code=Code.from_inline("import idna\n\ndef handler(event, context):\n    return idna.__version__\n"),
    handler="index.handler",
    runtime=Runtime.PYTHON_3_13,
    layers=[base],
)
app.synth()
