"""A function whose layers are kept in order, checked at once, and followed."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import Token
from aws_cdk.aws_lambda import CfnFunction, Code, Function, ILayerVersion, LayerVersion

from cdk_layers.cdk.function_code import CodeSource, contents_of_code
from cdk_layers.cdk.function_model import arn_of, literal, literals, model_of, runtime_name
from cdk_layers.cdk.grants import LayerGrant
from cdk_layers.cdk.identity import name_of
from cdk_layers.cdk.labels import declare
from cdk_layers.cdk.layer import SharedPythonLayer
from cdk_layers.cdk.place import place_of
from cdk_layers.cdk.references import follow
from cdk_layers.cdk.targets import DEFAULT_ARCHITECTURE
from cdk_layers.cdk.validation import LayerValidation
from cdk_layers.errors import RuleError, UsageError
from cdk_layers.rules.engine import refuse
from cdk_layers.rules.model import Function as FunctionModel
from cdk_layers.rules.model import LayerUse, Settings, Where

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from aws_cdk import Size
    from aws_cdk.aws_lambda import Architecture, Runtime
    from constructs import Construct

    from cdk_layers.build.contents import Contents
    from cdk_layers.rules.model import Layer

_EXTENDING: Final = frozenset({"adot_instrumentation", "insights_version", "params_and_secrets"})
"""The arguments by which `Function` adds layers of its own. Source: aws-cdk-lib 2.275, function.js."""


class LayeredFunction(Function):
    """A Lambda function whose layers are checked when it is made, keep their order, and are followed when they change.

    It takes all arguments of `Function`. Different are: `entry` can take the place of `code`; layers can be named by
    ARN; and layers that the service would refuse, or that could not work, are an error at once.

    Example:
        >>> function = LayeredFunction(
        ...     stack, "Report", entry="functions/report", handler="main.handler",
        ...     runtime=Runtime.PYTHON_3_13, layers=[base],
        ... )
        >>> function.unzipped_bytes
        76
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: str,
        runtime: Runtime,
        code: Code | None = None,
        entry: str | os.PathLike[str] | None = None,
        layers: Sequence[ILayerVersion | str] | None = None,
        architecture: Architecture | None = None,
        max_unzipped: Size | None = None,
        asset_excludes: Sequence[str] = (),
        allow_source_builds: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        """Build the code where an entry is given, refuse what cannot work, and define the function.

        Args:
            scope: The construct that it belongs to.
            id: Its id there.
            handler: The function in the code that Lambda calls, such as "main.handler".
            runtime: What it runs on.
            code: Its code, as for `Function`; this or `entry`.
            entry: Folder with its code and a manifest (requirements.txt, a lock file) of its own; this or `code`. It is
                built like a layer, without the distributions that its layers bring at a version that fits.
            layers: Layer versions, or their ARNs, in merge order: what comes later wins. None by default.
            architecture: The instruction set it runs on, `Architecture.X86_64` by default.
            max_unzipped: The user's own limit on the unzipped bytes of code and layers together; none by default.
            asset_excludes: Patterns, as in a .gitignore, of the entry's files that stay out of the code.
            allow_source_builds: Distributions of the entry that may be built from source here when they have no wheel.
            **kwargs: Every other argument of `Function`.

        Raises:
            EntryError: The entry folder or its manifest cannot be used.
            TargetError: An entry is to be built for a runtime that is not Python, or not one that is served.
            DependencyError: The requirements of the entry cannot be met.
            BuildError: The build of the entry could not be finished.
            LimitError: There are more than five layers, or code and layers are over the service's 262144000 unzipped
                bytes or over `max_unzipped`.
            IdentityError: A layer is malformed, of another Region or partition, or there twice.
            CompatibilityError: A layer suits neither the runtime nor the architecture, or one of them not.
            UsageError: Arguments exclude each other, or something among the layers is none.
        """
        place = place_of(scope)
        self._place = place
        self._declared: tuple[ILayerVersion, ...] = ()
        self._is_ordered_here = False
        self._model = FunctionModel(
            where=Where(place.path_of(id)),
            image=runtime_name(runtime) is None,
            runtime=runtime_name(runtime),
            architecture=name_of(architecture) if architecture else DEFAULT_ARCHITECTURE,
            handler=literal(handler),
            environment=literals(kwargs.get("environment")),
            partition=place.partition,
            region=place.region,
            account=place.account,
            budget_bytes=None if max_unzipped is None else int(max_unzipped.to_bytes()),
        )
        given = self._checked(layers)
        extended = not _EXTENDING.isdisjoint(kwargs)
        at_once = [] if extended else self._accepted(given)
        source = CodeSource(self._model.where.path, code, entry, tuple(asset_excludes), tuple(allow_source_builds))
        made = source.made(runtime, architecture, given, bundled=place.bundled)
        super().__init__(
            scope, id, code=made.code, handler=handler, runtime=runtime, architecture=architecture,
            layers=at_once or None, **kwargs,
        )  # fmt: skip
        self._model = replace(self._model, code=made.contents or contents_of_code(self, made.code, place))
        self._use(self._imported(given), self._extensions() if extended else (), there=bool(at_once))

    def add_layers(self, *layers: ILayerVersion | str) -> None:
        """Let the function use more layers, after those that it has.

        Args:
            *layers: Layer versions, or their ARNs, in merge order.

        Raises:
            LimitError, IdentityError, CompatibilityError: As when the function was made, for all of its layers.
            UsageError: Something among the layers is none.
        """
        self._use(self._imported(self._checked(layers)))

    @property
    def unzipped_bytes(self) -> int | None:
        """The unzipped bytes of its code alone; None where that is not known."""
        return None if self._model.code is None else self._model.code.unzipped_bytes

    @property
    def contents(self) -> Contents | None:
        """What is in its code; None where that is not known, as for inline code and images."""
        return self._model.code

    @property
    def declared_layers(self) -> tuple[ILayerVersion, ...]:
        """Its layers, in the order that they were declared and are merged in."""
        return self._declared

    @cached_property
    def _resource(self) -> CfnFunction:
        """The function's resource, which most functions need not be asked for."""
        return cast("CfnFunction", self.node.default_child)

    def _checked(self, layers: Sequence[ILayerVersion | str] | None) -> tuple[ILayerVersion | str, ...]:
        if isinstance(layers, str):
            message = f"{self._model.where.path!r}: layers is one text. Put it into a list: layers=[{layers!r}]."
            raise UsageError(message)
        given = tuple(layers or ())
        for one in given:
            if not isinstance(one, (str, LayerVersion)) and not hasattr(one, "layer_version_arn"):
                message = (
                    f"{self._model.where.path!r}: {one!r} is among the layers, and is neither a layer version nor the "
                    f"ARN of one. The CDK would leave it out without a word. Pass the layer version itself."
                )
                raise UsageError(message)
        return given

    def _imported(self, layers: Iterable[ILayerVersion | str]) -> tuple[ILayerVersion, ...]:
        start = len(self._declared)
        return tuple(
            LayerVersion.from_layer_version_arn(self, f"Layer{number}", one) if isinstance(one, str) else one
            for number, one in enumerate(layers, start=start)
        )

    def _extensions(self) -> tuple[ILayerVersion, ...]:
        """Return the layers that the CDK has added by itself, while there are no others."""
        arns = self._place.stack.resolve(self._resource.layers) or []
        return tuple(
            LayerVersion.from_layer_version_arn(self, f"Extension{number}", Token.as_string(arn))
            for number, arn in enumerate(arns)
        )

    def _accepted(self, layers: Sequence[ILayerVersion | str]) -> list[ILayerVersion]:
        """Return the layers for the CDK's own constructor; none if it could refuse them, so that errors keep types."""
        versions = [one for one in layers if not isinstance(one, str)]
        if len(versions) < len(layers):
            return []
        try:
            self._check([model_of(one) for one in versions])
        except RuleError:
            return []
        return versions

    def _check(self, layers: Sequence[Layer]) -> None:
        """Refuse what the rules refuse, unless they had nothing against a function that is the same to them."""
        model = self._model
        key = (
            tuple(map(id, layers)), id(model.code), model.image, model.runtime, model.architecture, model.budget_bytes,
        )  # fmt: skip
        if key not in self._place.accepted:
            refuse(self._with(layers), Settings())
            # They are kept, so that nothing else gets their identities.
            self._place.accepted[key] = (layers, model.code)

    def _with(self, layers: Iterable[Layer]) -> FunctionModel:
        return replace(self._model, layers=tuple(LayerUse(one) for one in layers))

    def _use(
        self, layers: tuple[ILayerVersion, ...], extensions: tuple[ILayerVersion, ...] = (), *, there: bool = False
    ) -> None:
        """Check all layers together before the CDK gets to see the new ones, unless they are there already."""
        declared = (*self._declared, *layers, *extensions)
        models = [model_of(one) for one in declared]
        if not there or self._model.code is not None:
            self._check(models)
        self._grant(layers)
        if layers and not there:
            super().add_layers(*layers)
        self._declared = declared
        self._keep_order(models, extended=bool(extensions))
        if declared:
            self._declare([one.label for one in models])
        follow(self, self._place.scope, self._place.stack, declared)
        LayerValidation.watch(self._place.stack)

    def _keep_order(self, models: Sequence[Layer], *, extended: bool) -> None:
        paths = [one.where.path for one in models]
        sorted_by_cdk = paths != sorted(paths) and self._place.sorts_layers
        self._is_ordered_here = self._is_ordered_here or sorted_by_cdk or extended
        if self._is_ordered_here:
            # A property and not an override, so that whoever overrides it later still has the last word.
            self._resource.layers = [arn_of(one) for one in self._declared]

    def _grant(self, layers: Iterable[ILayerVersion]) -> None:
        """Let this account use the layers of other accounts. The stacks that they stand in are deployed first."""
        account = self._place.account
        for one in layers:
            owner = model_of(one).account
            if isinstance(one, SharedPythonLayer) and account and owner and account != owner:
                one.grant(LayerGrant.account(account))

    def _declare(self, labels: list[str]) -> None:
        budget = self._model.budget_bytes
        declared = {"layers": labels, **({} if budget is None else {"budget_bytes": budget})}
        declare(self._place.stack, self._model.where.path, declared)
