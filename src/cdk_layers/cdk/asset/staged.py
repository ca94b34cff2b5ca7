"""Check that the staged asset of a layer is what was built.

A property injector of the app runs inside the construct, after the build. It could change the targets that the layer
declares, or its asset.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.cdk.asset.output import restore
from cdk_layers.cdk.model.constructs import contents_of
from cdk_layers.cdk.model.targets import DEFAULT_ARCHITECTURE
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import AssetStaging
    from aws_cdk.aws_lambda import CfnLayerVersion

    from cdk_layers.cdk.asset.preparation import Prepared, Wishes
    from cdk_layers.contents.model import Contents
    from cdk_layers.lambda_service.target import Target


def staged_contents(
    resource: CfnLayerVersion, stage: AssetStaging, wishes: Wishes, prepared: Prepared, *, bundled: bool
) -> Contents | None:
    """Return the contents of a layer's asset: those of the build, or measured if the asset has another origin.

    Args:
        resource: The layer's resource.
        stage: Its asset.
        wishes: How the user wants it.
        prepared: What was built for it.
        bundled: Whether the CDK asks for bundling.

    Returns:
        None where the CDK asked for no bundling.

    Raises:
        UsageError: The layer declares other targets than it was built for, or its asset is not what was built.
        AssemblyError: The output of a container cannot be measured.
    """
    if not _declares(resource, wishes.targets):
        message = (
            f"Layer {wishes.path!r}: a property injector of the app changed compatible_runtimes or "
            "compatible_architectures after the layer was built. Pass these arguments to the layer itself."
        )
        raise UsageError(message)
    if not bundled:
        return None
    built = prepared.build
    if built is None:
        return contents_of(stage, state_of(stage).store)
    staged = Path(stage.absolute_staged_path)
    if not wishes.bundling.has_own_hash:
        restore(staged, built)
    if staged.is_file() and staged.stat().st_size == built.archive_bytes:
        return built.contents
    # The output folder may contain an archive of the same files by an earlier version of the compressor.
    contents = contents_of(stage, built.job.store)
    if not wishes.bundling.has_own_hash and not _are_equal(contents, built.contents):
        message = (
            f"Layer {wishes.path!r}: {str(staged)!r} is not what was built. If an earlier synthesis left it, remove "
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
