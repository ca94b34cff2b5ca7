"""Check that the staged asset of a layer is what was built.

A property injector of the app runs inside the construct, after the build. It could change the targets that the layer
declares, or its asset.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.cdk.asset.output import restore
from cdk_layers.cdk.model.layers import contents_of
from cdk_layers.cdk.model.targets import DEFAULT_ARCHITECTURE
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import AssetStaging
    from aws_cdk.aws_lambda import CfnLayerVersion

    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.cdk.asset.layer_source import LayerSource
    from cdk_layers.contents.model import Contents
    from cdk_layers.lambda_service.target import Target


def refuse_changed_targets(resource: CfnLayerVersion, source: LayerSource) -> None:
    """Refuse a layer that declares other targets than it was built for.

    Raises:
        UsageError: A property injector changed them.
    """
    if not _declares(resource, source.targets):
        message = (
            f"Layer {source.path!r}: a property injector of the app changed compatible_runtimes or "
            "compatible_architectures after the layer was built. Pass these arguments to the layer itself."
        )
        raise UsageError(message)


def staged_build(stage: AssetStaging, build: LayerBuild, source: LayerSource) -> Contents:
    """Return the contents of a staged asset that was built here. An incomplete archive is written again.

    Args:
        stage: The asset.
        build: The build that the CDK was given to stage.
        source: The source of the layer.

    Raises:
        UsageError: The asset is not what was built, and the user chose no asset hash.
    """
    staged = Path(stage.absolute_staged_path)
    if not source.bundling.has_own_hash:
        restore(staged, build)
        if staged.is_file() and staged.stat().st_size == build.archive_bytes:
            return build.contents
    # The output folder may contain an archive of the same files by an earlier version of the compressor.
    contents = contents_of(stage, build.job.store)
    if not source.bundling.has_own_hash and not _are_equal(contents, build.contents):
        message = (
            f"Layer {source.path!r}: {str(staged)!r} is not what was built. If an earlier synthesis left it, remove "
            "it. If a property injector of the app changes bundling, pass these options to the layer itself."
        )
        raise UsageError(message)
    return contents


def _declares(resource: CfnLayerVersion, targets: Iterable[Target]) -> bool:
    runtimes = resource.compatible_runtimes or ()
    architectures = resource.compatible_architectures or [DEFAULT_ARCHITECTURE]
    declared = {(runtime, architecture) for runtime in runtimes for architecture in architectures}
    return declared == {(target.runtime.name, target.architecture) for target in targets}


def _are_equal(contents: Contents, others: Contents) -> bool:
    return dict(contents.files) == dict(others.files) and dict(contents.links) == dict(others.links)
