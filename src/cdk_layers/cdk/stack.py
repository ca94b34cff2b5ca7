"""A stack of shared layers, in their merge order."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, cast

import jsii
from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_lambda import ILayerVersion

from cdk_layers.cdk.arguments.content import ContentChoices
from cdk_layers.cdk.arguments.keywords import cdk_arguments, checked_arguments, checked_keywords, checked_names
from cdk_layers.cdk.arguments.readers import Arguments, describe
from cdk_layers.cdk.arguments.stack_layers import (
    OF_STACK,
    from_options,
    from_subfolders,
    keyword_defaults,
    only_chosen,
    only_given,
    parameter_prefix_of,
    refuse_name,
)
from cdk_layers.cdk.asset.layer_request import LayerRequest
from cdk_layers.cdk.asset.prebuilt_layers import PrebuiltLayers
from cdk_layers.cdk.layer import SharedPythonLayer
from cdk_layers.cdk.model.known_scope import known_scope
from cdk_layers.cdk.model.origins import declared_in
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import CdkLayersError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import ReferenceStrength, RemovalPolicy
    from constructs import Construct
    from typing_extensions import Self, Unpack

    from cdk_layers.cdk.arguments.types import (
        Architectures,
        Folder,
        Grants,
        LayerArguments,
        Runtimes,
        StackArguments,
        StackDefaults,
        Texts,
        Trim,
    )
    from cdk_layers.cdk.grants import LayerGrant


@jsii.implements(ILayerVersion)
class MultiLayerStack(Stack):
    """A stack of shared layers in merge order: if two layers contain the same file, the later one overrides it.

    The versioned ARN of each layer is an output, and with `parameter_prefix` an SSM parameter. Functions of other
    stacks refer to the layers without an export, are deployed after them, and get the new version when a layer changes.

    Examples:
        >>> layers = MultiLayerStack(app, "Layers", compatible_runtimes=[Runtime.PYTHON_3_13])
        >>> base = layers.add_layer("base", entry="layers/base")
        >>> layers.pick("base") == [base]
        True
    """

    @checked_arguments("Stack", Stack.__init__)
    def __init__(
        self,
        scope: Construct | None = None,
        id: str | None = None,
        *,
        layers: Mapping[str, LayerArguments] | None = None,
        compatible_runtimes: Runtimes | None = (),
        compatible_architectures: Architectures | None = None,
        grants: Grants | None = (),
        removal_policy: RemovalPolicy | str | None = None,
        parameter_prefix: str | None = None,
        reference_strength: ReferenceStrength | str | None = None,
        default_excludes: bool | None = True,
        bytecode: bool | None = None,
        trim: Trim | None = None,
        dependency_excludes: Texts | None = None,
        aws_services: Texts | None = None,
        try_imports: bool | None = None,
        **kwargs: Unpack[StackArguments],
    ) -> None:
        """Define the stack and its layers.

        Args:
            scope: The app or stage to define the stack in.
            id: Its id in the scope.
            layers: Options of `add_layer` by the names of the layers, in merge order, lowest first.
            compatible_runtimes: The runtimes of layers that set none.
            compatible_architectures: The architectures of layers that set none. Defaults to `[Architecture.X86_64]`.
            grants: Who else may use the layers. The grants of a layer are added to these.
            removal_policy: The removal policy of layers that set none. Defaults to `RETAIN`. Retained versions count as
                code storage, whose quota of 300 GB unzipped per Region cannot be raised.
            parameter_prefix: Prefix of the names of SSM parameters with the ARNs of the layers, such as "/layers" for
                "/layers/base". Defaults to none, and no parameters.
            reference_strength: How other stacks refer to the layers. Defaults to `WEAK`.
            default_excludes: Whether layers that do not set it leave out files that only development needs. Defaults to
                True.
            bytecode: Whether layers that do not set it compile their modules. Defaults to the project's settings.
            trim: What layers that do not set it leave out of distributions. Defaults to the project's settings.
            dependency_excludes: The patterns of layers that set none. Defaults to the project's settings.
            aws_services: The services of layers that set none. Defaults to the project's settings.
            try_imports: Whether to import the packages of layers that do not set it on this machine, which runs their
                code. Defaults to the project's settings.
            **kwargs: Every other argument of `Stack`.

        Raises:
            UsageError: The prefix or a layer's name is malformed.
            CdkLayersError: As `add_layer`.
        """
        arguments = Arguments(f"Stack {_path(scope, id)!r}")
        self._defaults: LayerArguments = {
            "compatible_runtimes": arguments.runtimes("compatible_runtimes", compatible_runtimes),
            "compatible_architectures": arguments.architectures("compatible_architectures", compatible_architectures),
            "removal_policy": arguments.removal_policy(removal_policy),
            "reference_strength": arguments.reference_strength(reference_strength),
            "default_excludes": default_excludes is None or arguments.flag("default_excludes", default_excludes),
            **only_chosen(ContentChoices.read(arguments, {
                "bytecode": bytecode, "trim": trim, "dependency_excludes": dependency_excludes,
                "aws_services": aws_services, "try_imports": try_imports,
            })),
        }  # fmt: skip
        self._grants = arguments.grants("grants", grants)
        self._prefix = parameter_prefix_of(arguments, parameter_prefix)
        described = arguments.layers(layers)
        with cdk_arguments(arguments.place, kwargs):
            super().__init__(scope, id, **kwargs)
        self._path = known_scope(self).path
        self._layers: dict[str, SharedPythonLayer] = {}
        self._build_first(described)
        for name, options in described.items():
            self.add_layer(name, **options)

    @classmethod
    @checked_arguments("Stack")
    def from_directory(cls, scope: Construct, id: str, directory: Folder, **kwargs: Unpack[StackDefaults]) -> Self:
        """Define a stack with one layer for each subfolder of a folder.

        Order and options come from a file `layers.toml` in that folder; without one, the layers are in the order of
        their names. Options in the file override the arguments, but its grants are added to them.

        Args:
            scope: The app or stage to define the stack in.
            id: Its id in the scope.
            directory: The folder.
            **kwargs: Every other argument of `MultiLayerStack`.

        Raises:
            EntryError: There is no such folder, no layer in it, or its file is not TOML.
            UsageError: An option in the file is invalid.
            CdkLayersError: As `add_layer`.
        """
        # It reads TOML, and most stacks name their layers in code.
        from cdk_layers.project.layer_directory import read_layer_directory  # noqa: PLC0415

        arguments = Arguments(f"Stack {_path(scope, id)!r}")
        folder = arguments.folder("directory", directory)
        if folder is None:
            raise arguments.wrong(None, "directory", "the path of a folder with one subfolder for each layer")
        read = read_layer_directory(folder)
        defaults = from_options(read.defaults)
        shared = arguments.grants("grants", kwargs.pop("grants", ()))
        kwargs["grants"] = [*shared, *arguments.grants("grants", defaults.pop("grants", ()))]
        own = {name: defaults.pop(name) for name in tuple(defaults) if name not in OF_STACK}
        stack = cls(scope, id, **{**kwargs, **defaults})
        stack._build_first(layers := from_subfolders(read, own))
        for name, options in layers.items():
            with declared_in(read.file, read.lines.get(name)):
                stack.add_layer(name, **options)
        return stack

    def _build_first(self, layers: Mapping[str, LayerArguments]) -> None:
        """Build several layers at the same time, before they are defined."""
        scope = known_scope(self)
        if scope.builds_layers:
            state, sources = state_of(scope.construct), []
            defaults = keyword_defaults(SharedPythonLayer.__init__)
            for name, options in layers.items():
                # The definition of the layer raises what is wrong with its arguments.
                with suppress(CdkLayersError):
                    path, given = f"{self._path}/{name}", self._given(options, self._grants)
                    sources.append(LayerRequest.read(path, {**defaults, **given}).source)
            state.part(PrebuiltLayers).build(sources, state.store)

    def _given(self, options: LayerArguments, grants: Sequence[LayerGrant | str]) -> LayerArguments:
        """Return the arguments of a layer, with those of the stack where it has none."""
        return cast("LayerArguments", {**self._defaults, **only_given(options), "grants": grants})

    @checked_names
    def add_layer(self, name: str, **options: Unpack[LayerArguments]) -> SharedPythonLayer:
        """Define one more layer, after those that exist.

        Args:
            name: Its name in this stack, of letters, digits, "-" and "_".
            **options: Arguments of `SharedPythonLayer`. Default to those of the stack. Its grants are added to those
                of the stack.

        Raises:
            UsageError: The name is malformed or taken, an argument is misspelt or has a wrong type, or there is no
                folder to build from, or no runtime to build for.
            CdkLayersError: As `SharedPythonLayer`.
        """
        path = f"{self._path}/{name}"
        arguments = Arguments(f"Layer {path!r}")
        refuse_name(self._path, name, self._layers)
        checked_keywords(arguments.place, SharedPythonLayer.__init__, options)
        grants = [*self._grants, *arguments.grants("grants", options.get("grants"))]
        given: dict[str, Any] = {**self._given(options, grants)}
        if not given["compatible_runtimes"] and "compatible_runtimes" not in options:
            message = (
                f"Layer {path!r} has no runtime to build for. Pass one to the layer or to the stack: "
                f"compatible_runtimes=[Runtime.PYTHON_3_13]."
            )
            raise UsageError(message)
        layer = SharedPythonLayer(self, name, **given)
        self._layers[name] = layer
        self._publish(name, layer)
        return layer

    @property
    def layers(self) -> Mapping[str, SharedPythonLayer]:
        """The layers by their names, in merge order: lowest first."""
        return MappingProxyType(self._layers)

    def __getitem__(self, name: str) -> SharedPythonLayer:
        """Return the layer of this name.

        Raises:
            UsageError: The stack has no such layer.
        """
        if name not in [*self._layers]:  # a list, since what a user passes may not be hashable
            if not isinstance(name, str):
                problem = f"Stack {self._path!r} has no layer named by {describe(name)}."
                message = f'{problem} Pass each name as a string: pick("base", "data"). stack.layers has them all.'
                raise UsageError(message)
            known = ", ".join(map(repr, self._layers)) or "none yet"
            message = f"Stack {self._path!r} has no layer {name!r}. It has {known}."
            raise UsageError(message)
        return self._layers[name]

    def pick(self, *names: str) -> list[SharedPythonLayer]:
        """Return the layers of these names in the stack's merge order, not in the order of the names.

        So the layers of all functions are merged in the same order. For another order, pass a list of layers.

        Raises:
            UsageError: The stack has no layer of one of the names.
        """
        wanted = {self[name] for name in names}
        return [layer for layer in self._layers.values() if layer in wanted]

    @property
    def layer_version_arn(self) -> NoReturn:
        """The stack is not a layer version, and the CDK leaves out what has no ARN without a word.

        So the stack has this property of a layer version, which the CDK reads when it renders a function's layers.

        Raises:
            UsageError: Whenever it is read.
        """
        message = (
            f"Stack {self._path!r} is among the layers of a function, and it is not a layer. Pass layers of the stack: "
            'layers=stack.pick("base"), or [*stack.layers.values()] for all.'
        )
        raise UsageError(message)

    def _publish(self, name: str, layer: SharedPythonLayer) -> None:
        arn = layer.layer_version_arn
        CfnOutput(self, f"{name}Arn", value=arn, description=f"The layer version {name}")
        if self._prefix is not None:
            # This import takes a tenth of a second, and few stacks need it.
            from aws_cdk.aws_ssm import StringParameter  # noqa: PLC0415

            StringParameter(
                self, f"{name}Parameter", parameter_name=f"{self._prefix}/{name}", string_value=arn, simple_name=False,
                description=f"The ARN of the layer version {name}",
            )  # fmt: skip


def _path(scope: Construct | None, id: str | None) -> str:
    """Return the construct path of a stack that does not exist yet."""
    start = scope.node.path if scope else ""
    return "/".join(part for part in (start, id) if part)
