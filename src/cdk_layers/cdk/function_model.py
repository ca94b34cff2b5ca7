"""A function as the rules see it while its construct is being made.

Each question to a construct is a round trip to Node, and an app may have hundreds of functions, so what many of them
share is asked for once: their places, layers and runtimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from aws_cdk import FeatureFlags, Stack

from cdk_layers.cdk.identity import identity
from cdk_layers.cdk.modeling import known, layer_model, partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk.aws_lambda import Architecture, ILayerVersion, Runtime
    from constructs import Construct

    from cdk_layers.rules.model import Layer

_SORTS_LAYERS: Final = "@aws-cdk/aws-lambda:recognizeLayerVersion"
_IMAGE: Final = "FROM_IMAGE"
_arns: Final[WeakKeyDictionary[ILayerVersion, str]] = WeakKeyDictionary()
_names: Final[dict[str, str]] = {}
_models: Final[WeakKeyDictionary[ILayerVersion, Layer]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a function stands."""

    stack: Stack
    path: str
    """The construct path of its scope."""

    partition: str | None
    region: str | None
    account: str | None
    bundled: bool
    """Whether the CDK asks for its stack's assets to be bundled."""

    sorts_layers: bool
    """Whether the CDK renders layers in the order of their construct paths, whatever the declared one."""

    def path_of(self, name: str) -> str:
        """Return the construct path of a child."""
        return f"{self.path}/{name}" if self.path else name


@cache
def place_of(scope: Construct) -> Place:
    """Return the place that a function in this scope has."""
    stack = Stack.of(scope)
    region = known(stack.region)
    return Place(
        stack=stack,
        path=scope.node.path,
        partition=partition_of(region),
        region=region,
        account=known(stack.account),
        bundled=stack.bundling_required,
        sorts_layers=FeatureFlags.of(scope).is_enabled(_SORTS_LAYERS) or False,
    )


def runtime_name(runtime: Runtime) -> str | None:
    """Return a runtime's name in Lambda's API; None for an image, which brings its own."""
    name = _name(runtime)
    return None if name == _IMAGE else name


def architecture_name(architecture: Architecture) -> str:
    """Return an architecture's name in Lambda's API."""
    return _name(architecture)


def _name(one: Runtime | Architecture) -> str:
    key = identity(one)
    if key not in _names:
        _names[key] = one.name
    return _names[key]


def arn_of(layer: ILayerVersion) -> str:
    """Return a layer version's ARN, which is most often a token."""
    if layer not in _arns:
        _arns[layer] = layer.layer_version_arn
    return _arns[layer]


def model_of(layer: ILayerVersion) -> Layer:
    """Return what the rules judge of a layer, always the same object for one layer."""
    if layer not in _models:
        _models[layer] = layer_model(layer)
    return _models[layer]


def literal(value: str | None) -> str | None:
    """Return a text that holds no token. Few hold anything like one, so that Node is rarely asked."""
    return known(value) if value is not None and "${" in value else value


def literals(values: Mapping[str, str] | None) -> dict[str, str | None]:
    """Return environment variables, with None for those that hold a token."""
    return {name: literal(value) for name, value in (values or {}).items()}
