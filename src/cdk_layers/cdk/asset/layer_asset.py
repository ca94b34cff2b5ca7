"""Asset of a layer: a finished build, none for a stack that the CDK does not bundle, or the output of a container.

It is decided before the layer's construct exists, so that errors keep their types and leave no half-made construct.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cdk_layers.building.builds import recall
from cdk_layers.building.multi_target import build_for
from cdk_layers.building.notes import NO_REPORT
from cdk_layers.cdk.asset.build_errors import build_errors
from cdk_layers.cdk.asset.output import placing
from cdk_layers.cdk.asset.prebuilt_layers import PrebuiltLayers
from cdk_layers.cdk.asset.staged import staged_build
from cdk_layers.cdk.model.layers import contents_of
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import CdkLayersError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from aws_cdk import AssetStaging
    from aws_cdk.aws_lambda import ILayerVersion
    from aws_cdk.aws_lambda_python_alpha import BundlingOptions

    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.building.notes import BuildReport
    from cdk_layers.cdk.asset.layer_source import LayerSource
    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.cdk.state import AppState
    from cdk_layers.contents.model import Contents


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build, whose archive the CDK stages."""

    source: LayerSource
    build: LayerBuild

    earlier_digest = None

    @property
    def contents(self) -> Contents:
        """The contents, as far as they are known before the construct exists."""
        return self.build.contents

    @property
    def report(self) -> BuildReport:
        """What the build reports about its archive."""
        return self.build.report

    def try_imports(self, state: AppState) -> None:
        """Import the packages of the layer on this machine if the user asked for it.

        Raises:
            BrokenImportError: One of them cannot be imported.
        """
        if self.build.job.options.content.try_imports:
            from cdk_layers.cdk.asset.tried_imports import try_layer  # noqa: PLC0415 - few layers ask for it

            try_layer(self.source.path, self.source.targets, self.build, state)

    def bundling(self) -> BundlingOptions:
        """Return the options for PythonLayerVersion."""
        return self.source.bundling.placing(self.build)

    def staging(self) -> AbstractContextManager[None]:
        """Return the context in which PythonLayerVersion stages the asset."""
        return placing(f"Layer {self.source.path!r}", self.build)

    def staged_contents(self, stage: AssetStaging) -> Contents:
        """Return the contents of the staged asset.

        Raises:
            UsageError: The staged asset is not what was built.
        """
        return staged_build(stage, self.build, self.source)

    def digest(self, _: AssetStaging) -> str:
        """Return the digest of the content."""
        return self.build.digest


@dataclass(frozen=True, slots=True)
class Unstaged:
    """No asset, since the CDK does not bundle the stack. Functions of other stacks may use the layer all the same."""

    source: LayerSource
    build: LayerBuild | None
    """None if the CDK bundles no stack, if the build failed, or if a container builds the layer."""

    earlier_digest: str | None = None
    """The digest of an earlier build, which is only recalled if the CDK bundles no stack."""

    @property
    def contents(self) -> Contents | None:
        """The contents, which functions of other stacks leave out of their code."""
        return None if self.build is None else self.build.contents

    @property
    def report(self) -> BuildReport:
        """What the build reports about its archive."""
        return NO_REPORT if self.build is None else self.build.report

    def bundling(self) -> BundlingOptions:
        """Return the options for PythonLayerVersion."""
        return self.source.bundling.unbundled()

    def staging(self) -> AbstractContextManager[None]:
        """Return the context in which PythonLayerVersion stages the asset."""
        return nullcontext()

    def staged_contents(self, _: AssetStaging) -> Contents | None:
        """Return the contents of the build, since the CDK stages the entry folder and not the layer."""
        return self.contents

    def digest(self, _: AssetStaging) -> str | None:
        """Return the digest of the content; None if it is not known."""
        return None if self.build is None else self.build.digest


@dataclass(frozen=True, slots=True)
class ByContainer:
    """The output of a container that PythonLayerVersion runs."""

    source: LayerSource

    contents = None
    earlier_digest = None
    report = NO_REPORT

    def bundling(self) -> BundlingOptions:
        """Return the options for PythonLayerVersion."""
        return self.source.bundling.for_container(self.source.excludes)

    def staging(self) -> AbstractContextManager[None]:
        """Return the context in which PythonLayerVersion stages the asset."""
        from cdk_layers.cdk.asset.docker import container_errors  # noqa: PLC0415 - few layers need a container

        return container_errors(self.source.path, self.source.bundling.environment)

    def staged_contents(self, stage: AssetStaging) -> Contents:
        """Return the contents of the staged asset.

        Raises:
            AssemblyError: The output of the container cannot be measured.
        """
        return contents_of(stage, state_of(stage).store)

    def digest(self, stage: AssetStaging) -> str:
        """Return the asset hash, which the CDK made from the output."""
        return stage.asset_hash


LayerAsset: TypeAlias = Built | Unstaged | ByContainer


def build_of(layer: ILayerVersion) -> LayerBuild | None:
    """Return the build of a layer that this library defined; None for any other, or if there is none."""
    asset = getattr(layer, "_asset", None)
    return asset.build if isinstance(asset, (Built, Unstaged)) else None


def asset_of(source: LayerSource, scope: KnownScope) -> LayerAsset:
    """Build a layer, or find out where its asset comes from instead.

    Args:
        source: The source of the layer.
        scope: The scope of the layer. If the CDK does not bundle its stack, the CDK stages the entry folder.

    Raises:
        CompatibilityError: The content does not fit all targets.
        BrokenImportError: `try_imports` is set, and a package cannot be imported.
        CdkLayersError: As `build`; a BuildError if a container is needed and no engine answers.
        UsageError: An argument needs a container, and another one needs a build without one.
    """
    with build_errors("Layer", source.path, source.entry_or_opt):
        reasons = source.container_reasons
        if reasons:
            source.refuse_local_options()
            if scope.bundled:
                from cdk_layers.cdk.asset.docker import require_engine  # noqa: PLC0415 - as above

                require_engine(source.path, reasons)
            return ByContainer(source) if scope.bundled else Unstaged(source, None)
        if scope.bundled:
            built = Built(source, _build(source, scope))
            built.try_imports(state_of(scope.construct))
            return built
        if not scope.builds_layers:
            earlier = recall(source.folder, source.targets[0], source.options, store=state_of(scope.construct).store)
            return Unstaged(source, None, None if earlier is None else earlier.digest)
    # The layer is not deployed, so its errors concern only the functions that use it: see `unknown_digest_text`.
    with suppress(CdkLayersError):
        return Unstaged(source, _build(source, scope))
    return Unstaged(source, None)


def _build(source: LayerSource, scope: KnownScope) -> LayerBuild:
    """Return the build of a layer, which may have been made with those of other layers."""
    state = state_of(scope.construct)
    build = state.part(PrebuiltLayers).take(source, state.store)
    return build or build_for(source.folder, source.targets, source.options, store=state.store, label=source.path)
