"""Runtimes and architectures of the CDK's as targets of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cdk_layers.build.target import Target
from cdk_layers.cdk.identity import name_of
from cdk_layers.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk.aws_lambda import Architecture, Runtime

    from cdk_layers.lambda_service import runtimes as service


def target_of(path: str, runtime: Runtime, architecture: Architecture) -> Target:
    """Return what is built for one runtime on one architecture.

    Args:
        path: The construct path that errors name.
        runtime: The CDK's runtime.
        architecture: The CDK's architecture.

    Raises:
        TargetError: The runtime is not Python, or not one that Lambda serves today.
    """
    try:
        return Target.for_runtime(name_of(runtime), cast("service.Architecture", name_of(architecture)))
    except TargetError as error:
        message = f"{path!r}: {error}"
        raise TargetError(message) from None


def targets_of(path: str, runtimes: Sequence[Runtime], architectures: Sequence[Architecture]) -> tuple[Target, ...]:
    """Return every target that a layer declares, the one that PythonLayerVersion builds for first.

    Raises:
        TargetError: There is none, or one that no layer can be built for.
    """
    for what, given, example in (
        ("compatible_runtimes", runtimes, "[Runtime.PYTHON_3_13]"),
        ("compatible_architectures", architectures, "[Architecture.ARM_64]"),
    ):
        if not given:
            message = (
                f"Layer {path!r}: {what} is empty, so there is nothing to build for. Name at least one: {example}."
            )
            raise TargetError(message)
    return tuple(dict.fromkeys(target_of(path, runtime, arch) for runtime in runtimes for arch in architectures))
