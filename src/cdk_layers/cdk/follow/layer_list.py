"""Lists of layers that functions have in common, so that each list is read once and not for each function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.app.metadata import ImportedLayer
from cdk_layers.app.model import LayerUse
from cdk_layers.cdk.follow.references import shared_layer
from cdk_layers.cdk.model.layers import arn_of, model_of
from cdk_layers.cdk.state import state_of

if TYPE_CHECKING:
    from aws_cdk.aws_lambda import ILayerVersion
    from constructs import Construct

    from cdk_layers.app.model import Layer
    from cdk_layers.cdk.follow.shared_layer import SharedLayer


@dataclass(frozen=True, eq=False)
class LayerList:
    """Layers in merge order, and what depends on nothing else."""

    uses: tuple[LayerUse, ...]
    """The layers as the rules judge them."""

    arns: list[str]
    labels: list[str | ImportedLayer]
    """Construct paths or literal ARNs; a path with a token for an import by a token."""

    shared: tuple[SharedLayer, ...]
    """Those that functions of other stacks can follow."""

    is_sorted: bool
    """Whether they are in the order of their construct paths."""


def layer_list(layers: tuple[ILayerVersion, ...], scope: Construct) -> LayerList:
    """Return the facts about a list of layers, which are read once for all functions of the app.

    Args:
        layers: The layers in merge order.
        scope: Any construct of the app.
    """
    lists = state_of(scope).part(_Lists)
    if layers not in lists:
        lists[layers] = _read(layers)
    return lists[layers]


class _Lists(dict[tuple["ILayerVersion", ...], LayerList]):
    """Lists by their layers."""


def _read(layers: tuple[ILayerVersion, ...]) -> LayerList:
    models = [model_of(layer) for layer in layers]
    paths = [model.where.path for model in models]
    return LayerList(
        uses=tuple(map(LayerUse, models)),
        arns=[arn_of(layer) for layer in layers],
        labels=[_label(layer, model) for layer, model in zip(layers, models, strict=True)],
        shared=tuple(shared for layer in layers if (shared := shared_layer(layer)) is not None),
        is_sorted=paths == sorted(paths),
    )


def _label(layer: ILayerVersion, model: Layer) -> str | ImportedLayer:
    """Return the label of a layer: its construct path or literal ARN, else its path with the token of its ARN."""
    known = model.is_resource or model.raw_arn is not None
    return model.label if known else ImportedLayer(model.label, arn_of(layer))
