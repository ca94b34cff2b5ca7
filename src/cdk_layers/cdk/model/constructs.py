"""Layer constructs as models for the rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import CfnDeletionPolicy, Stack
from aws_cdk.aws_lambda import CfnLayerVersion

from cdk_layers.app.model import Layer, is_literal
from cdk_layers.cdk.node.contract import asset_staging, given_runtimes, is_encoded_list
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import AssemblyError
from cdk_layers.findings import Where
from cdk_layers.lambda_service.arn import LayerArn
from cdk_layers.lambda_service.regions import partition_of

if TYPE_CHECKING:
    from aws_cdk import AssetStaging
    from aws_cdk.aws_lambda import ILayerVersion

    from cdk_layers.building.notes import Note
    from cdk_layers.contents.model import Contents
    from cdk_layers.store.protocol import Store

_KEEPS: Final = (CfnDeletionPolicy.RETAIN, CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE)


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """Facts about a layer that its template does not contain; None if not known."""

    contents: Contents | None = None
    digest: str | None = None
    """A string that changes exactly when the content does."""

    budget_bytes: int | None = None
    """The user's own limit on unzipped bytes."""

    notes: tuple[Note, ...] = ()


def known(value: str | None) -> str | None:
    """Return a literal string; None for a token.

    The CDK's own test for tokens is a jsii call each time.
    """
    return value if value is not None and is_literal(value) else None


def layer_model(layer: ILayerVersion) -> Layer:
    """Return the model of a layer: from its resource if it is defined in the app, else from its ARN.

    The contents are those of the build if this library built the layer, else those of its staged asset.
    """
    resource = layer.node.default_child
    if not isinstance(resource, CfnLayerVersion):
        runtimes = tuple(runtime.name for runtime in given_runtimes(layer)) or None
        return imported_model(layer.node.path, layer.layer_version_arn, runtimes)
    stack = Stack.of(layer)
    region = known(stack.region)
    facts = _staged_facts(layer)
    return Layer(
        where=Where(layer.node.path),
        name=known(resource.layer_name),
        is_resource=True,
        partition=None if region is None else partition_of(region),
        region=region,
        account=known(stack.account),
        runtimes=_list(resource.compatible_runtimes),
        architectures=_list(resource.compatible_architectures),
        description=known(resource.description),
        license=known(resource.license_info),
        contents=facts.contents,
        asset=facts.digest,
        retained=is_retained(resource),
        budget_bytes=facts.budget_bytes,
        notes=facts.notes,
    )


def is_retained(resource: CfnLayerVersion) -> bool:
    """Return whether a layer version is retained when it is replaced and when its stack is deleted."""
    options = resource.cfn_options
    return options.deletion_policy in _KEEPS and options.update_replace_policy in _KEEPS


def _staged_facts(layer: ILayerVersion) -> LayerFacts:
    stage = asset_staging(layer.node)
    if stage is None:
        return LayerFacts()
    try:
        bundled = Stack.of(layer).bundling_required
        return LayerFacts(contents_of(stage, state_of(layer).store) if bundled else None, stage.asset_hash)
    except (AssemblyError, OSError):
        return LayerFacts(None, stage.asset_hash)


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
