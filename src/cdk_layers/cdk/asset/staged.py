"""What stands in a layer's construct, against what was built for it.

A property injector of the app runs inside the construct, after the build. It could make the layer claim, or hold,
something that was never built.
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
    """Return what is in a layer's asset: what was built, or what is measured on what someone else made.

    Args:
        resource: The layer's resource, as it was constructed.
        stage: Its asset.
        wishes: How the user wants it.
        prepared: What was built for it.
        bundled: Whether the CDK asks for bundling.

    Returns:
        None where the CDK asked for no bundling.

    Raises:
        UsageError: The layer declares other targets than it was built for, or holds something else than what was built.
        AssemblyError: What a container made cannot be measured.
    """
    if not _declares(resource, wishes.targets):
        message = (
            f"Layer {wishes.path!r}: a property injector of the app changed compatible_runtimes or "
            "compatible_architectures after the layer was built. Give the layer itself what it is to have."
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
    # The output folder may hold the same files from an earlier time, as another compressor made them.
    contents = contents_of(stage, built.job.store)
    if not wishes.bundling.has_own_hash and not _are_the_same(contents, built.contents):
        message = (
            f"Layer {wishes.path!r}: {str(staged)!r} is not what was built. If it is left from an earlier time, remove "
            "it. If a property injector of the app changes bundling, give the layer itself what it is to have."
        )
        raise UsageError(message)
    return contents


def _declares(resource: CfnLayerVersion, targets: Iterable[Target]) -> bool:
    runtimes = resource.compatible_runtimes or ()
    architectures = resource.compatible_architectures or [DEFAULT_ARCHITECTURE]
    declared = {(runtime, architecture) for runtime in runtimes for architecture in architectures}
    return declared == {(one.runtime.name, one.architecture) for one in targets}


def _are_the_same(one: Contents, other: Contents) -> bool:
    return dict(one.files) == dict(other.files) and dict(one.links) == dict(other.links)
