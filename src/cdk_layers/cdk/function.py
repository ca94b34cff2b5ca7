"""A function whose layers are kept in order, checked at once, and followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from aws_cdk.aws_lambda import Code, Function, ILayerVersion

from cdk_layers.cdk.declaration import Declaration
from cdk_layers.cdk.function_code import CodeSource, contents_of_code
from cdk_layers.cdk.function_model import literal, literals, runtime_name
from cdk_layers.cdk.identity import name_of
from cdk_layers.cdk.place import place_of
from cdk_layers.cdk.targets import DEFAULT_ARCHITECTURE
from cdk_layers.rules.model import Function as FunctionModel
from cdk_layers.rules.model import Where

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from aws_cdk import Size
    from aws_cdk.aws_lambda import Architecture, Runtime
    from constructs import Construct

    from cdk_layers.build.contents import Contents

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
        self._declaration = declaration = Declaration(
            place,
            FunctionModel(
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
            ),
        )
        given = declaration.checked(layers)
        extended = not _EXTENDING.isdisjoint(kwargs)
        at_once = [] if extended else declaration.accepted(given)
        source = CodeSource(declaration.path, code, entry, tuple(asset_excludes), tuple(allow_source_builds))
        made = source.made(runtime, architecture, given, bundled=place.bundled)
        super().__init__(
            scope, id, code=made.code, handler=handler, runtime=runtime, architecture=architecture,
            layers=at_once or None, **kwargs,
        )  # fmt: skip
        contents = made.contents or contents_of_code(self, made.code, place)
        declaration.model = replace(declaration.model, code=contents)
        imported = declaration.imported(self, given)
        extensions = declaration.extensions(self) if extended else ()
        declaration.use(self, imported, extensions, there=bool(at_once))

    def add_layers(self, *layers: ILayerVersion | str) -> None:
        """Let the function use more layers, after those that it has.

        Args:
            *layers: Layer versions, or their ARNs, in merge order.

        Raises:
            LimitError, IdentityError, CompatibilityError: As when the function was made, for all of its layers.
            UsageError: Something among the layers is none.
        """
        declaration = self._declaration
        declaration.use(self, declaration.imported(self, declaration.checked(layers)))

    @property
    def unzipped_bytes(self) -> int | None:
        """The unzipped bytes of its code alone; None where that is not known."""
        return None if self.contents is None else self.contents.unzipped_bytes

    @property
    def contents(self) -> Contents | None:
        """What is in its code; None where that is not known, as for inline code and images."""
        return self._declaration.model.code

    @property
    def declared_layers(self) -> tuple[ILayerVersion, ...]:
        """Its layers, in the order that they were declared and are merged in."""
        return self._declaration.layers
