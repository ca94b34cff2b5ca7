"""What mypy and editors know of the public names although these load on first use: mypy reads this, nothing runs it.

Each `type: ignore` is a mistake that has to be found: mypy is set to refuse one that hides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import assert_type

import cdk_layers
from cdk_layers import LayeredFunction, LayerGrant, LayerValidation, MultiLayerStack, SharedPythonLayer

if TYPE_CHECKING:
    from aws_cdk import IPolicyValidationPlugin, Stack
    from aws_cdk.aws_lambda import Function, ILayerVersion, Runtime
    from aws_cdk.aws_lambda_python_alpha import PythonLayerVersion


def use(stack: Stack, runtime: Runtime) -> tuple[ILayerVersion, PythonLayerVersion, type[Function], type[Stack]]:
    """Use the constructs as what they are, and as what they extend."""
    layer = SharedPythonLayer(
        stack, "Base", entry="layers/base", compatible_runtimes=[runtime], grants=[LayerGrant.public()]
    )
    assert_type(layer, SharedPythonLayer)
    assert_type(layer.digest, str | None)
    assert_type(layer.unzipped_bytes, int | None)
    assert_type(cdk_layers.SharedPythonLayer, type[SharedPythonLayer])
    return layer, layer, LayeredFunction, MultiLayerStack


def validate() -> IPolicyValidationPlugin:
    """Use the plugin as the CDK's own interface."""
    return LayerValidation()


def mistake(stack: Stack, runtime: Runtime) -> None:
    """Make mistakes that an editor should underline."""
    SharedPythonLayer(stack, "Base", entry=3, compatible_runtimes=[runtime])  # type: ignore[arg-type]
    SharedPythonLayer(stack, "Base", entry="layers/base")  # type: ignore[call-arg]
    cdk_layers.SharedPythonLayers  # type: ignore[attr-defined] # noqa: B018
