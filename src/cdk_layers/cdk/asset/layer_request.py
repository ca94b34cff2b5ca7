"""Arguments of a layer, read and checked before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import RemovalPolicy

from cdk_layers.app.model import Layer
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.asset.description import common_license, describe
from cdk_layers.cdk.asset.layer_source import LayerSource
from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.cdk.model.targets import targets_of
from cdk_layers.cdk.model.tokens import known
from cdk_layers.findings import Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import ReferenceStrength
    from aws_cdk.aws_lambda import Architecture, Runtime

    from cdk_layers.cdk.arguments.types import LayerArguments
    from cdk_layers.cdk.asset.layer_asset import LayerAsset
    from cdk_layers.cdk.grants import LayerGrant
    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.contents.model import Contents


@dataclass(frozen=True, slots=True)
class LayerRequest:
    """What the user asked for."""

    source: LayerSource
    runtimes: tuple[Runtime, ...]
    architectures: tuple[Architecture, ...] | None
    """None for Lambda's default."""

    name: str | None
    description: str | None
    """None to make it from the distributions; "" for none."""

    license: str | None
    """None to make it from the distributions; "" for none."""

    removal_policy: RemovalPolicy
    reference_strength: ReferenceStrength | None
    grants: tuple[LayerGrant, ...]
    budget_bytes: int | None

    @classmethod
    def read(cls, path: str, given: LayerArguments) -> LayerRequest:
        """Read the arguments of a layer.

        Args:
            path: The construct path of the layer.
            given: All arguments of `SharedPythonLayer`.

        Raises:
            UsageError: An argument does not have its type.
            TargetError: A layer cannot be built for a runtime or architecture.
        """
        arguments = Arguments(f"Layer {path!r}")
        runtimes = arguments.runtimes("compatible_runtimes", given["compatible_runtimes"])
        architectures = arguments.architectures("compatible_architectures", given["compatible_architectures"])
        return cls(
            source=LayerSource.read(
                path, arguments, given, architectures,
                opt_entry=arguments.folder("opt_entry", given["opt_entry"]),
                targets=targets_of(path, runtimes, architectures),
                docker=arguments.flag("docker", given["docker"]),
            ),
            runtimes=runtimes,
            architectures=architectures,
            name=arguments.text("layer_version_name", given["layer_version_name"]),
            description=arguments.text("description", given["description"]),
            license=arguments.text("license", given["license"]),
            removal_policy=arguments.removal_policy(given["removal_policy"]) or RemovalPolicy.RETAIN,
            reference_strength=arguments.reference_strength(given["reference_strength"]),
            grants=arguments.grants("grants", given["grants"]),
            budget_bytes=arguments.size("max_unzipped", given["max_unzipped"]),
        )  # fmt: skip

    @property
    def generated(self) -> tuple[str, ...]:
        """The properties of the layer version that are made from its distributions."""
        texts = {"Description": self.description, "LicenseInfo": self.license}
        return tuple(name for name, text in texts.items() if text is None)

    def properties(self, asset: LayerAsset) -> dict[str, Any]:
        """Return the arguments for PythonLayerVersion."""
        return {
            "entry": str(self.source.entry_or_opt.absolute()),
            "bundling": asset.bundling(),
            "compatible_runtimes": list(self.runtimes),
            "compatible_architectures": None if self.architectures is None else list(self.architectures),
            "description": _text(self.description, asset.contents, describe),
            "layer_version_name": self.name,
            "license": _text(self.license, asset.contents, common_license),
            "removal_policy": self.removal_policy,
        }

    def model(self, scope: KnownScope, properties: dict[str, Any], **facts: Any) -> Layer:
        """Return the model of the layer, without a jsii call for each of its properties.

        Args:
            scope: The scope of the layer.
            properties: Its `properties`.
            **facts: Fields of the model that the asset determines.
        """
        return Layer(
            where=Where(self.source.path),
            name=known(self.name),
            is_resource=True,
            partition=scope.partition,
            region=scope.region,
            account=scope.account,
            runtimes=tuple(map(name_of, self.runtimes)),
            architectures=tuple(map(name_of, self.architectures or ())),
            description=known(properties["description"]),
            license=known(properties["license"]),
            budget_bytes=self.budget_bytes,
            **facts,
        )


def _text(given: str | None, contents: Contents | None, make: Callable[[Contents], str | None]) -> str | None:
    if given is not None:
        return given or None
    return None if contents is None else make(contents)
