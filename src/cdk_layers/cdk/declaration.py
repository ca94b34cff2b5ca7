"""The layers that one function declares: checked, kept in order, granted and followed.

It stands beside the function's class and not in it, since jsii goes through all names of such a class for each object.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from aws_cdk import Stack, Token
from aws_cdk.aws_lambda import Function, ILayerVersion, LayerVersion

from cdk_layers.app.marks import ImportedLayer, function_data
from cdk_layers.app.model import LayerUse
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.follow.imports import rely_on
from cdk_layers.cdk.follow.labels import declare
from cdk_layers.cdk.follow.references import arn_for, follow
from cdk_layers.cdk.grants import LayerGrant
from cdk_layers.cdk.layer import SharedPythonLayer
from cdk_layers.cdk.model.function_model import arn_of, model_of
from cdk_layers.cdk.validation import LayerValidation
from cdk_layers.errors import RuleError
from cdk_layers.project.settings import app_settings
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aws_cdk.aws_lambda import CfnFunction

    from cdk_layers.app.model import Function as FunctionModel
    from cdk_layers.app.model import Layer
    from cdk_layers.cdk.arguments.types import Layers
    from cdk_layers.cdk.follow.shared import Shared
    from cdk_layers.cdk.model.place import Place


class Declaration:
    """The layers of one function."""

    def __init__(self, place: Place, model: FunctionModel) -> None:
        """Begin with none.

        Args:
            place: Where the function stands.
            model: What the rules are to know of it, without its layers.
        """
        self.model = model
        self.layers: tuple[ILayerVersion, ...] = ()
        """In the order that they were declared and are merged in."""
        self._place = place
        self._is_ordered_here = False
        self._relied_on: dict[ILayerVersion | str, Shared] = {}

    @property
    def path(self) -> str:
        """The function's construct path."""
        return self.model.where.path

    def checked(self, layers: Layers | None) -> tuple[ILayerVersion | str, ...]:
        """Return what was given as layers.

        Raises:
            UsageError: Something among them is neither a layer version nor an ARN.
        """
        arguments = Arguments(f"Function {self.path!r}")

        def read(name: str, layer: object) -> ILayerVersion | str:
            is_stack = isinstance(layer, Stack)
            if not is_stack and not isinstance(layer, type) and _is_layer(layer):
                return cast("ILayerVersion | str", layer)
            remedy = "Pass the layer version itself: the CDK would leave out anything else without a word."
            if is_stack:
                remedy = 'Pass layers of the stack: layers=stack.pick("base"), or [*stack.layers.values()] for all.'
            raise arguments.wrong(layer, name, "a layer version or its ARN", remedy)

        return arguments.all_of("layers", layers, read, "layer versions")

    def accepted(self, layers: Sequence[ILayerVersion | str]) -> list[ILayerVersion]:
        """Return the layers for the CDK's own constructor; none if it could refuse them, so that errors keep types."""
        versions = [one for one in layers if not isinstance(one, str)]
        if len(versions) < len(layers):
            return []
        try:
            self._check([model_of(one) for one in versions])
        except RuleError:
            return []
        return versions

    def with_imports_found(self, layers: Sequence[ILayerVersion | str]) -> list[ILayerVersion | str]:
        """Return layers as the code is built for, with layers of the app in the place of imports that lead to them.

        From now on the function follows these, as it does layers that it is given directly.
        """
        for layer in layers:
            shared = rely_on(layer, self._place.stack) if self._place.bundled else None
            if shared is not None:
                self._relied_on[layer] = shared
        return [self._relied_on[layer].layer if layer in self._relied_on else layer for layer in layers]

    def imported(self, function: Function, layers: Iterable[ILayerVersion | str]) -> tuple[ILayerVersion, ...]:
        """Return layers for use by the function, which the ARNs among them become a part of."""
        start = len(self.layers)
        return tuple(
            LayerVersion.from_layer_version_arn(function, f"Layer{number}", one) if isinstance(one, str) else one
            for number, one in enumerate(layers, start=start)
        )

    def extensions(self, function: Function) -> tuple[ILayerVersion, ...]:
        """Return the layers that the CDK has added by itself, while there are no others."""
        arns = self._place.stack.resolve(_resource_of(function).layers) or []
        return tuple(
            LayerVersion.from_layer_version_arn(function, f"Extension{number}", Token.as_string(arn))
            for number, arn in enumerate(arns)
        )

    def use(
        self,
        function: Function,
        layers: tuple[ILayerVersion, ...],
        extensions: tuple[ILayerVersion, ...] = (),
        *,
        there: bool = False,
    ) -> None:
        """Check all layers together before the CDK gets to see the new ones.

        Args:
            function: The function.
            layers: What it uses from now on, after those that it has.
            extensions: What the CDK has added already, behind them.
            there: Whether the CDK was given `layers` already.

        Raises:
            LimitError, IdentityError, CompatibilityError: As for LayeredFunction.
        """
        declared = (*self.layers, *layers, *extensions)
        models = [model_of(one) for one in declared]
        if not there or self.model.code is not None:
            self._check(models)
        self._grant(layers)
        if layers and not there:
            Function.add_layers(function, *layers)
        self.layers = declared
        self._keep_order(function, models, extended=bool(extensions))
        self._declare([_named(*both) for both in zip(declared, models, strict=True)])
        follow(function, self._place.scope, self._place.stack, declared, tuple(self._relied_on.values()))
        LayerValidation.watch(self._place.stack)

    def _check(self, layers: Sequence[Layer]) -> None:
        """Refuse what the rules refuse, unless they had nothing against a function that is the same to them."""
        model = self.model
        key = (
            tuple(map(id, layers)), id(model.code), model.image, model.runtime, model.architecture, model.budget_bytes,
        )  # fmt: skip
        if key not in self._place.accepted:
            refuse(replace(model, layers=tuple(LayerUse(one) for one in layers)), app_settings())
            # They are kept, so that nothing else gets their identities.
            self._place.accepted[key] = (layers, model.code)

    def _grant(self, layers: Iterable[ILayerVersion]) -> None:
        """Let this account use the layers of other accounts. The stacks that they stand in are deployed first."""
        account = self._place.account
        for one in layers:
            owner = model_of(one).account
            if isinstance(one, SharedPythonLayer) and account and owner and account != owner:
                one.grant(LayerGrant.account(account))

    def _keep_order(self, function: Function, models: Sequence[Layer], *, extended: bool) -> None:
        paths = [one.where.path for one in models]
        sorted_by_cdk = paths != sorted(paths) and self._place.sorts_layers
        arns = [arn_of(one) for one in self.layers]
        reachable = [arn_for(*both, within=self._place.stack) for both in zip(self.layers, arns, strict=True)]
        self._is_ordered_here = self._is_ordered_here or sorted_by_cdk or extended or reachable != arns
        if self._is_ordered_here:
            # A property and not an override, so that whoever overrides it later still has the last word.
            _resource_of(function).layers = reachable

    def _declare(self, labels: list[str | ImportedLayer]) -> None:
        declared = function_data(labels, self.model.budget_bytes, self.model.notes)
        if declared:
            declare(self._place.stack, self.path, declared)


def _is_layer(value: object) -> bool:
    return isinstance(value, (str, LayerVersion)) or hasattr(value, "layer_version_arn")


def _named(layer: ILayerVersion, model: Layer) -> str | ImportedLayer:
    """Return what tells a layer from others: its construct path or literal ARN, else where its ARN comes from."""
    known = model.is_resource or model.raw_arn is not None
    return model.label if known else ImportedLayer(model.label, arn_of(layer))


def _resource_of(function: Function) -> CfnFunction:
    """Return a function's resource, which most functions need not be asked for."""
    return cast("CfnFunction", function.node.default_child)
