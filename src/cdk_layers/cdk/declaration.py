"""Layers that one function declares.

They are not in the function's class, since jsii inspects all attributes of such a class for each object.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aws_cdk import Stack
from aws_cdk.aws_lambda import Function, ILayerVersion, LayerVersion

from cdk_layers.app.metadata import build_data
from cdk_layers.app.model import Layer, LayerUse
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.asset.function_code import contents_of_archive, contents_of_code
from cdk_layers.cdk.follow.declarations import declare
from cdk_layers.cdk.follow.layer_list import layer_list
from cdk_layers.cdk.follow.references import arns_for, follow
from cdk_layers.cdk.grants import LayerGrant
from cdk_layers.cdk.layer import SharedPythonLayer
from cdk_layers.cdk.model.layers import imported_model, model_of
from cdk_layers.cdk.node.contract import adds_layers, is_reported_by_cli
from cdk_layers.cdk.state import state_of
from cdk_layers.cdk.validation import register_validation
from cdk_layers.errors import RuleError
from cdk_layers.project.settings import app_settings
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aws_cdk.aws_lambda import CfnFunction, Code

    from cdk_layers.app.metadata import ImportedLayer
    from cdk_layers.app.model import Function as FunctionModel
    from cdk_layers.cdk.arguments.types import Layers
    from cdk_layers.cdk.follow.layer_list import LayerList
    from cdk_layers.cdk.follow.shared_layer import SharedLayer
    from cdk_layers.cdk.model.known_scope import KnownScope

_T = TypeVar("_T")


class Declaration:
    """The layers of one function: checked, merged in the declared order, granted and followed."""

    def __init__(self, scope: KnownScope, model: FunctionModel) -> None:
        """Begin without layers.

        Args:
            scope: The scope of the function.
            model: The model of the function, without layers.
        """
        self.model = model
        self.layers: tuple[ILayerVersion, ...] = ()
        """In the order of their declaration, which is the merge order."""
        self._scope = scope
        self._is_ordered_here = False
        self._relied_on: dict[ILayerVersion | str, SharedLayer] = {}

    @property
    def path(self) -> str:
        """The function's construct path."""
        return self.model.where.path

    def checked(self, layers: Layers | None) -> tuple[ILayerVersion | str, ...]:
        """Return the layers that the user passed.

        Raises:
            UsageError: One of them is neither a layer version nor an ARN.
        """
        arguments = Arguments(f"Function {self.path!r}")

        def read(name: str, layer: object) -> ILayerVersion | str:
            is_stack = isinstance(layer, Stack)
            if not is_stack and not isinstance(layer, type) and _is_layer(layer):
                return cast("ILayerVersion | str", layer)
            remedy = "Pass the layer version itself: the CDK ignores anything else without an error."
            if is_stack and hasattr(layer, "pick"):
                remedy = 'Pass layers of the stack: layers=stack.pick("base"), or [*stack.layers.values()] for all.'
            elif is_stack:
                remedy = "Pass the layer versions that it defines: the CDK ignores a stack without an error."
            raise arguments.wrong(layer, name, "a layer version or its ARN", remedy)

        return arguments.all_of("layers", layers, read, "layer versions")

    def check(self, layers: Sequence[ILayerVersion | str], extensions: Sequence[ILayerVersion] = ()) -> None:
        """Check the function with its layers and with more of them, before anything is defined.

        An ARN may be the default of a value that the CDK CLI looks up only after a first synthesis, which an error
        would end. So where the CLI reports what `LayerValidation` finds, the texts of ARNs are left to that.

        Args:
            layers: Layers to add.
            extensions: Layers that the function got from property injectors or the CDK.

        Raises:
            RuleError: The rules reject the function, such as a LimitError, IdentityError or CompatibilityError.
        """
        settings = app_settings()
        function = replace(self.model, layers=self._uses(layers, extensions))
        try:
            refuse(function, settings)
        except RuleError:
            if not is_reported_by_cli(state_of(self._scope.construct).root):
                raise
        else:
            return
        refuse(replace(function, layers=tuple(map(_without_text, function.layers or ()))), settings)

    def check_code(self, layers: Sequence[ILayerVersion | str], code: Code) -> None:
        """Check the function with its layers and with its code, whose contents may not be known.

        Raises:
            RuleError: As `check`.
        """
        try:
            self.check(layers)
        except RuleError:
            # The error lists all findings, so the size of an archive has to be known too.
            contents = contents_of_archive(code, self._scope) if self.model.code is None else None
            if contents is None:
                raise
            self.model = replace(self.model, code=contents)
        else:
            return
        self.check(layers)

    def _uses(self, layers: Sequence[ILayerVersion | str], extensions: Sequence[ILayerVersion]) -> tuple[LayerUse, ...]:
        """Return the function's layers with more of them, as the rules judge them."""
        constructs = [layer for layer in layers if not isinstance(layer, str)]
        if len(constructs) == len(layers):
            return layer_list((*self.layers, *constructs, *extensions), self._scope.construct).uses
        added = [
            imported_model(f"{self.path}/{name}", layer) if isinstance(layer, str) else model_of(layer)
            for name, layer in self._with_ids(layers)
        ]
        models = [*map(model_of, self.layers), *added, *map(model_of, extensions)]
        return tuple(map(LayerUse, models))

    def with_imports_found(self, layers: Sequence[ILayerVersion | str]) -> list[ILayerVersion | str]:
        """Return layers with those imports replaced that are layers of the app, which the function then follows."""
        # Only functions with an entry need it.
        from cdk_layers.cdk.follow.imported_layers import depend_on_import  # noqa: PLC0415

        for layer in layers:
            shared = depend_on_import(layer, self._scope.stack) if self._scope.bundled else None
            if shared is not None:
                self._relied_on[layer] = shared
        return [self._relied_on[layer].construct if layer in self._relied_on else layer for layer in layers]

    def _with_ids(self, layers: Sequence[_T]) -> Iterator[tuple[str, _T]]:
        """Yield layers to add with the ids of the constructs for those that are imported by ARN."""
        yield from ((f"Layer{number}", layer) for number, layer in enumerate(layers, start=len(self.layers)))

    def passed(self, layers: Sequence[ILayerVersion | str], arguments: Mapping[str, Any]) -> list[ILayerVersion]:
        """Return the layers that the CDK gets as an argument of the function, in their order: all or none of them.

        They are added later if one is an ARN, which becomes a construct below the function, or if the CDK adds its own.
        """
        versions = [layer for layer in layers if not isinstance(layer, str)]
        return [] if len(versions) < len(layers) or adds_layers(arguments) else versions

    def add_first(
        self, function: Function, layers: Sequence[ILayerVersion | str], arguments: Mapping[str, Any], code: Code
    ) -> None:
        """Add the layers of a new function, after checking what was not known before it was defined.

        Args:
            function: The function.
            layers: Its layers.
            arguments: The arguments of the function that the CDK got.
            code: Its code.

        Raises:
            RuleError: As `check`.
        """
        passed, is_extended = self.passed(layers, arguments), adds_layers(arguments)
        before, after = self._unpassed(function, passed) if is_extended or self._scope.injects else ((), ())
        injected, extensions = ((), (*before, *after)) if is_extended else (before, after)
        is_unknown = self.model.code is None
        if is_unknown:
            # Only now the CDK has staged code that it was given as an asset.
            self.model = replace(self.model, code=contents_of_code(function, code, self._scope))
        if is_unknown or injected or extensions:
            self.check(layers, (*injected, *extensions))
        self.add(function, layers, injected, extensions, is_known=bool(passed))

    def _unpassed(
        self, function: Function, passed: Sequence[ILayerVersion]
    ) -> tuple[tuple[ILayerVersion, ...], tuple[ILayerVersion, ...]]:
        """Return layers that the function did not get as an argument, before and after those that it got."""
        # Few functions have such layers.
        from cdk_layers.cdk.follow.added_layers import added_layers  # noqa: PLC0415

        return added_layers(function, passed)

    def add(
        self,
        function: Function,
        layers: Sequence[ILayerVersion | str],
        injected: Sequence[ILayerVersion] = (),
        extensions: Sequence[ILayerVersion] = (),
        *,
        is_known: bool = False,
    ) -> None:
        """Add checked layers to the function.

        Args:
            function: The function.
            layers: The layers to add. ARNs become constructs below the function.
            injected: Layers that the function got from a property injector or the CDK, before them.
            extensions: Layers that it got in these ways, after them.
            is_known: Whether the CDK got `layers` as an argument of the function.
        """
        added = [
            LayerVersion.from_layer_version_arn(function, name, layer) if isinstance(layer, str) else layer
            for name, layer in self._with_ids(layers)
        ]
        if added and not is_known:
            Function.add_layers(function, *added)
        new = (*injected, *added, *extensions)
        self._grant(new)
        self.layers = (*self.layers, *new)
        declared = layer_list(self.layers, self._scope.construct)
        self._keep_order(function, declared, is_extended=bool(injected or extensions))
        self._declare(declared.labels)
        follow(function, self._scope, declared.shared, tuple(self._relied_on.values()))
        register_validation(self._scope.stack)

    def _grant(self, layers: Iterable[ILayerVersion]) -> None:
        """Let the function's account use layers of other accounts, whose stacks are deployed first."""
        account = self._scope.account
        for layer in layers:
            owner = model_of(layer).account
            if isinstance(layer, SharedPythonLayer) and account and owner and account != owner:
                layer.grant(LayerGrant.account(account))

    def _keep_order(self, function: Function, declared: LayerList, *, is_extended: bool) -> None:
        """Write the layers in the declared order where the CDK would write another one."""
        sorted_by_cdk = not declared.is_sorted and self._scope.sorts_layers
        reachable = arns_for(self.layers, declared.arns, within=self._scope.stack)
        self._is_ordered_here = self._is_ordered_here or sorted_by_cdk or is_extended or reachable != declared.arns
        if self._is_ordered_here:
            # A property and not an override, so that an override by the user still takes precedence.
            _resource_of(function).layers = reachable

    def _declare(self, labels: list[str | ImportedLayer]) -> None:
        model = self.model
        declared = build_data(
            model.budget_bytes, model.report, layers=labels, runtime=model.built_for, origin=model.where.origin
        )
        if declared:
            declare(self._scope.stack, self.path, declared)


def _without_text(use: LayerUse) -> LayerUse:
    """Return a layer of the app unchanged, and one that is imported by its ARN as if that was not known."""
    layer = use.layer
    return use if layer.is_resource else LayerUse(Layer(where=layer.where, runtimes=layer.runtimes))


def _is_layer(value: object) -> bool:
    return isinstance(value, (str, LayerVersion)) or hasattr(value, "layer_version_arn")


def _resource_of(function: Function) -> CfnFunction:
    """Return a function's resource: a jsii call, which most functions do without."""
    return cast("CfnFunction", function.node.default_child)
