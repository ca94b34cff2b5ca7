"""Values of a function's model that are requested from Node once for all functions.

Each read of a construct's property is a jsii call, a round trip to Node, and an app may have hundreds of functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Layer
from cdk_layers.cdk.model.constructs import known, layer_model
from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.cdk.node.contract import IMAGE_RUNTIME
from cdk_layers.cdk.state import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk.aws_lambda import ILayerVersion, Runtime


class _Arns(dict["ILayerVersion", str]):
    """ARNs of layer versions."""


class _Models(dict["ILayerVersion", "Layer"]):
    """Layers as the rules judge them."""


def runtime_name(runtime: Runtime) -> str | None:
    """Return a runtime's name in Lambda's API; None for an image, which includes its own runtime."""
    name = name_of(runtime)
    return None if name == IMAGE_RUNTIME else name


def arn_of(layer: ILayerVersion) -> str:
    """Return a layer version's ARN, usually a token."""
    arns = state_of(layer).part(_Arns)
    if layer not in arns:
        arns[layer] = layer.layer_version_arn
    return arns[layer]


def model_of(layer: ILayerVersion) -> Layer:
    """Return the model of a layer, always the same object for one layer. Layers of this library have it already."""
    built = getattr(layer, "_model", None)
    if isinstance(built, Layer):
        return built
    models = state_of(layer).part(_Models)
    if layer not in models:
        models[layer] = layer_model(layer)
    return models[layer]


def literal(value: str | None) -> str | None:
    """Return a literal string; None for one with a token or with a value that the CDK looks up later."""
    return known(value)


def literals(values: Mapping[str, str] | None) -> dict[str, str | None]:
    """Return environment variables, with None for those that contain a token."""
    return {name: literal(value) for name, value in (values or {}).items()}
