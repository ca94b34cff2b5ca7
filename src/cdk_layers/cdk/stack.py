"""A stack of shared layers, in their merge order."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import CfnOutput, RemovalPolicy, Size, Stack
from aws_cdk.aws_lambda import Architecture, Runtime

from cdk_layers.cdk.grants import LayerGrant
from cdk_layers.cdk.layer import SharedPythonLayer
from cdk_layers.cdk.place import place_of
from cdk_layers.errors import UsageError
from cdk_layers.lambda_service.arn import LAYER_NAME

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from aws_cdk import ReferenceStrength
    from constructs import Construct
    from typing_extensions import Self

    from cdk_layers.layer_directory import LayerOptions


class MultiLayerStack(Stack):
    """A stack of shared layers, in merge order: lowest first, so what comes later wins where two bring the same file.

    Each layer's versioned ARN is an output, and an SSM parameter where a prefix for these is given. Functions of other
    stacks refer to the layers without an export, are deployed after them, and move on when a layer's content changes.

    Example:
        >>> layers = MultiLayerStack(app, "Layers", compatible_runtimes=[Runtime.PYTHON_3_13])
        >>> base = layers.add_layer("base", entry="layers/base")
        >>> layers.pick("base") == [base]
        True
    """

    def __init__(
        self,
        scope: Construct | None = None,
        id: str | None = None,
        *,
        layers: Mapping[str, Mapping[str, Any]] | None = None,
        compatible_runtimes: Sequence[Runtime] = (),
        compatible_architectures: Sequence[Architecture] | None = None,
        grants: Sequence[LayerGrant] = (),
        removal_policy: RemovalPolicy | None = None,
        parameter_prefix: str | None = None,
        reference_strength: ReferenceStrength | None = None,
        **kwargs: Any,
    ) -> None:
        """Define the stack, and the layers that are named at once.

        Args:
            scope: The app or stage that it belongs to.
            id: Its id there.
            layers: Options of `add_layer` by the layers' names, in merge order, lowest first.
            compatible_runtimes: The runtimes of layers that name none of their own.
            compatible_architectures: The architectures of layers that name none, `[Architecture.X86_64]` by default.
            grants: Who else may use the layers; a layer's own grants come on top.
            removal_policy: The removal policy of layers that name none, `RETAIN` by default.
            parameter_prefix: Start of the names of SSM parameters with the layers' ARNs: "/layers" makes
                "/layers/base". No parameters by default.
            reference_strength: How other stacks refer to the layers, `WEAK` by default.
            **kwargs: Every other argument of `Stack`.

        Raises:
            UsageError: The prefix or a layer's name is malformed.
            CdkLayersError: As `add_layer`.
        """
        super().__init__(scope, id, **kwargs)
        self._path = place_of(self).path
        self._defaults: dict[str, Any] = {
            "compatible_runtimes": tuple(compatible_runtimes),
            "compatible_architectures": compatible_architectures,
            "removal_policy": removal_policy,
            "reference_strength": reference_strength,
        }
        self._grants = tuple(grants)
        self._prefix = self._checked_prefix(parameter_prefix)
        self._layers: dict[str, SharedPythonLayer] = {}
        for name, options in (layers or {}).items():
            self.add_layer(name, **options)

    @classmethod
    def from_directory(cls, scope: Construct, id: str, directory: str | os.PathLike[str], **kwargs: Any) -> Self:
        """Define a stack with one layer for each subfolder of a folder.

        Order and options come from a file `layers.toml` in that folder; without one, the layers are in the order of
        their names. What the file says goes before what is said here.

        Args:
            scope: The app or stage that it belongs to.
            id: Its id there.
            directory: The folder.
            **kwargs: Every other argument of `MultiLayerStack`.

        Raises:
            EntryError: There is no such folder, no layer in it, or its file is not TOML.
            UsageError: The file says something that makes no sense.
            CdkLayersError: As `add_layer`.
        """
        # It reads TOML, and most stacks name their layers in code.
        from cdk_layers.layer_directory import read_layer_directory  # noqa: PLC0415

        read = read_layer_directory(Path(directory))
        defaults = _arguments(read.defaults)
        grants = [*kwargs.pop("grants", ()), *defaults.pop("grants", ())]
        own = {name: defaults.pop(name) for name in tuple(defaults) if name not in _OF_STACK}
        stack = cls(scope, id, grants=grants, **{**kwargs, **defaults})
        for name, options in read.layers.items():
            folder = read.path / name
            arguments = {**own, **_arguments(options)}
            if "opt_entry" in arguments:
                arguments["opt_entry"] = folder / arguments["opt_entry"]
            if arguments.get("opt_entry") != folder:
                arguments["entry"] = folder
            stack.add_layer(name, **arguments)
        return stack

    def add_layer(
        self,
        name: str,
        *,
        entry: str | os.PathLike[str] | None = None,
        opt_entry: str | os.PathLike[str] | None = None,
        grants: Sequence[LayerGrant] = (),
        **options: Any,
    ) -> SharedPythonLayer:
        """Define one more layer, on top of those that are there.

        Args:
            name: Its name in this stack, of letters, digits, "-" and "_".
            entry: Folder with a manifest (requirements.txt, a lock file), code, or both; this, `opt_entry`, or both.
            opt_entry: Folder that lands in /opt as it is, such as one with bin/ and lib/.
            grants: Who else may use it, beside those who may use all layers of the stack.
            **options: Every other argument of `SharedPythonLayer`; the stack's own where they are not given.

        Raises:
            UsageError: The name is malformed or taken, or there is nothing to build from, or no runtime to build for.
            CdkLayersError: As `SharedPythonLayer`.
        """
        path = f"{self._path}/{name}"
        self._check(name, path)
        given = {**self._defaults, **{key: value for key, value in options.items() if value is not None}}
        if not given["compatible_runtimes"] and "compatible_runtimes" not in options:
            message = (
                f"Layer {path!r} has no runtime to be built for. Name it there or for the whole stack: "
                f"compatible_runtimes=[Runtime.PYTHON_3_13]."
            )
            raise UsageError(message)
        layer = SharedPythonLayer(
            self, name, entry=entry, opt_entry=opt_entry, grants=[*self._grants, *grants], **given
        )
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
            UsageError: There is none.
        """
        if name not in self._layers:
            known = ", ".join(map(repr, self._layers)) or "none yet"
            message = f"Stack {self._path!r} has no layer {name!r}. It has {known}."
            raise UsageError(message)
        return self._layers[name]

    def pick(self, *names: str) -> list[SharedPythonLayer]:
        """Return the layers of these names in the stack's merge order, in whatever order they are named.

        So all functions agree on which layer wins. For another order, list the layers one by one.

        Raises:
            UsageError: There is no layer of one of the names.
        """
        wanted = {self[name] for name in names}
        return [layer for layer in self._layers.values() if layer in wanted]

    def _check(self, name: str, path: str) -> None:
        if not LAYER_NAME.fullmatch(name):
            message = f"Layer {path!r}: its name may hold letters, digits, '-' and '_', and at most 140 of them."
            raise UsageError(message)
        if name in self._layers:
            message = f"Layer {path!r} is there already. Layers of one stack need different names."
            raise UsageError(message)

    def _checked_prefix(self, prefix: str | None) -> str | None:
        if prefix is None:
            return None
        if not prefix.startswith("/") or not prefix.strip("/"):
            message = (
                f"Stack {self._path!r}: parameter_prefix is {prefix!r}. It has to begin with '/' and to go on with "
                f"a name, such as '/layers'."
            )
            raise UsageError(message)
        return prefix.rstrip("/")

    def _publish(self, name: str, layer: SharedPythonLayer) -> None:
        arn = layer.layer_version_arn
        CfnOutput(self, f"{name}Arn", value=arn, description=f"The layer version {name}")
        if self._prefix is not None:
            # Loading this part of the CDK takes a tenth of a second, which few stacks need.
            from aws_cdk.aws_ssm import StringParameter  # noqa: PLC0415

            StringParameter(
                self, f"{name}Parameter", parameter_name=f"{self._prefix}/{name}", string_value=arn,
                description=f"The ARN of the layer version {name}",
            )  # fmt: skip


_OF_STACK: Final = frozenset({"compatible_runtimes", "compatible_architectures", "removal_policy"})


def _arguments(options: LayerOptions) -> dict[str, Any]:
    """Return what a folder's file says as arguments of `add_layer`; what it does not say is left out."""
    said = {
        "compatible_runtimes": [_runtime(name) for name in options.compatible_runtimes],
        "compatible_architectures": [_architecture(name) for name in options.compatible_architectures],
        "grants": [_grant(text) for text in options.grants],
        "removal_policy": RemovalPolicy[options.removal_policy.upper()] if options.removal_policy else None,
        "asset_excludes": list(options.asset_excludes),
        "allow_source_builds": list(options.allow_source_builds),
        "max_unzipped": None if options.max_unzipped is None else Size.bytes(options.max_unzipped),
        "docker": options.docker,
        "opt_entry": options.opt_entry,
        "description": options.description,
        "license": options.license,
        "layer_version_name": options.layer_version_name,
    }
    return {name: value for name, value in said.items() if value is not None and value != []}


def _runtime(name: str) -> Runtime:
    """Return the CDK's own runtime, since it takes no other for equal."""
    return cast("Runtime", getattr(Runtime, name.replace("python", "PYTHON_").replace(".", "_")))


def _architecture(name: str) -> Architecture:
    return Architecture.ARM_64 if name == "arm64" else Architecture.X86_64


def _grant(text: str) -> LayerGrant:
    """Return what a grant of the file means, whose form its reader has checked."""
    if text.isdigit():
        return LayerGrant.account(text)
    return LayerGrant.organization(text) if text.startswith("o-") else LayerGrant.public()
