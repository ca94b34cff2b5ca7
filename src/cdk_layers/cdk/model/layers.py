"""Layer constructs as models for the rules.

Each read of a construct's property is a jsii call, a round trip to Node, and an app may have hundreds of functions. So
ARNs and models are kept.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import CfnDeletionPolicy, Stack
from aws_cdk.aws_lambda import CfnLayerVersion

from cdk_layers.app.model import Layer
from cdk_layers.cdk.model.known_scope import known_scope
from cdk_layers.cdk.model.tokens import known
from cdk_layers.cdk.node.contract import asset_staging, given_runtimes, is_encoded_list
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import AssemblyError
from cdk_layers.findings import Where
from cdk_layers.lambda_service.arn import LayerArn

if TYPE_CHECKING:
    from aws_cdk import AssetStaging
    from aws_cdk.aws_lambda import ILayerVersion

    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.contents.model import Contents
    from cdk_layers.store.protocol import Store

_KEEPS: Final = (CfnDeletionPolicy.RETAIN, CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE)


class _Arns(dict["ILayerVersion", str]):
    """ARNs of layer versions."""


class _Models(dict["ILayerVersion", Layer]):
    """Layers as the rules judge them."""


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


def layer_model(layer: ILayerVersion) -> Layer:
    """Return the model of a layer: from its resource if it is defined in the app, else from its ARN.

    The contents are those of the build if this library built the layer, else those of its staged asset.
    """
    resource = layer.node.default_child
    if not isinstance(resource, CfnLayerVersion):
        runtimes = tuple(runtime.name for runtime in given_runtimes(layer)) or None
        return imported_model(layer.node.path, layer.layer_version_arn, runtimes)
    scope, stage = known_scope(Stack.of(layer)), asset_staging(layer.node)
    return Layer(
        where=Where(layer.node.path),
        name=known(resource.layer_name),
        is_resource=True,
        partition=scope.partition,
        region=scope.region,
        account=scope.account,
        runtimes=_list(resource.compatible_runtimes),
        architectures=_list(resource.compatible_architectures),
        description=known(resource.description),
        license=known(resource.license_info),
        contents=_staged_contents(stage, scope) if stage else None,
        asset=stage.asset_hash if stage else None,
        retained=_is_retained(resource),
    )


def _is_retained(resource: CfnLayerVersion) -> bool:
    """Return whether a layer version is retained when it is replaced and when its stack is deleted."""
    options = resource.cfn_options
    return options.deletion_policy in _KEEPS and options.update_replace_policy in _KEEPS


def _staged_contents(stage: AssetStaging, scope: KnownScope) -> Contents | None:
    """Return the contents of a layer's staged asset; None if it is not built, or cannot be read."""
    with suppress(AssemblyError, OSError):
        return contents_of(stage, state_of(scope.construct).store) if scope.bundled else None
    return None


def contents_of(stage: AssetStaging, store: Store) -> Contents:
    """Return the contents of a staged asset, which are measured once.

    Raises:
        AssemblyError: The asset cannot be read.
    """
    return store.contents_of(Path(stage.absolute_staged_path))


def imported_model(path: str, version_arn: str, runtimes: tuple[str, ...] | None = None) -> Layer:
    """Return the model of a layer that is known by its ARN alone.

    Args:
        path: The construct path.
        version_arn: The ARN, which may be a token.
        runtimes: The compatible runtimes; None if they are not known.
    """
    raw = known(version_arn)
    arn = LayerArn.parse(raw) if raw else None
    return Layer(
        where=Where(path),
        arn=arn,
        raw_arn=raw,
        name=arn.name if arn else None,
        partition=arn.partition if arn else None,
        region=arn.region if arn else None,
        account=arn.account if arn else None,
        runtimes=runtimes,
    )


def _list(values: list[str] | None) -> tuple[str, ...] | None:
    if values is None:
        return ()
    return None if is_encoded_list(values) else tuple(values)
