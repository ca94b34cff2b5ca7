"""Runtimes and architectures of the CDK's as targets of a build."""

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
"""What Lambda takes a function or layer to be for that names no architecture."""


def target_of(place: str, runtime: Runtime, architecture: Architecture | None) -> Target:
    """Return what is built for one runtime on one architecture.

    Args:
        place: What errors call the construct, such as "Layer 'Hub/base'".
        runtime: The CDK's runtime.
        architecture: The CDK's architecture; Lambda's default where there is none.

    Raises:
        TargetError: The runtime is not Python, or not one that Lambda serves today.
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
    """Return every target that a layer declares, the one that PythonLayerVersion builds for first.

    Args:
        path: The construct path that errors name.
        runtimes: The CDK's runtimes.
        architectures: The CDK's architectures; Lambda's default alone where nobody named any.

    Raises:
        TargetError: There is none, or one that no layer can be built for.
    """
    for what, given, example in (
        ("compatible_runtimes", runtimes, "[Runtime.PYTHON_3_13]"),
        ("compatible_architectures", architectures, "[Architecture.ARM_64]"),
    ):
        if given is not None and not given:
            message = (
                f"Layer {path!r}: {what} is empty, so there is nothing to build for. Name at least one: {example}."
            )
            raise TargetError(message)
    return tuple(
        dict.fromkeys(
            target_of(f"Layer {path!r}", runtime, arch) for runtime in runtimes for arch in architectures or (None,)
        )
    )
