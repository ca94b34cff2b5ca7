"""The CDK's runtimes and architectures as targets of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.errors import TargetError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk.aws_lambda import Architecture, Runtime

    from cdk_layers.lambda_service import runtimes as service


DEFAULT_ARCHITECTURE: Final = "x86_64"
"""Lambda's architecture for functions and layers that name none."""


def target_of(place: str, runtime: Runtime, architecture: Architecture | None) -> Target:
    """Return the target for one runtime on one architecture.

    Args:
        place: The construct's name in messages, such as "Layer 'Hub/base'".
        runtime: The CDK's runtime.
        architecture: The CDK's architecture. Defaults to Lambda's.

    Raises:
        TargetError: The runtime is not a Python runtime that Lambda supports today.
    """
    try:
        name = DEFAULT_ARCHITECTURE if architecture is None else name_of(architecture)
        return Target.for_runtime(name_of(runtime), cast("service.Architecture", name))
    except TargetError as error:
        message = f"{place}: {error}"
        raise TargetError(message) from None


def targets_of(
    path: str, runtimes: Sequence[Runtime], architectures: Sequence[Architecture] | None
) -> tuple[Target, ...]:
    """Return all targets that a layer declares, first the one that PythonLayerVersion builds for.

    Args:
        path: The construct path.
        runtimes: The CDK's runtimes.
        architectures: The CDK's architectures. Defaults to Lambda's.

    Raises:
        TargetError: There is no target, or a layer cannot be built for one of them.
    """
    for name, values, example in (
        ("compatible_runtimes", runtimes, "[Runtime.PYTHON_3_13]"),
        ("compatible_architectures", architectures, "[Architecture.ARM_64]"),
    ):
        if values is not None and not values:
            message = f"Layer {path!r}: {name} is empty. Pass at least one to build for: {example}."
            raise TargetError(message)
    return tuple(
        dict.fromkeys(
            target_of(f"Layer {path!r}", runtime, arch) for runtime in runtimes for arch in architectures or (None,)
        )
    )
