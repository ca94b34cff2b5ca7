"""Container engines, for layers that are built in Docker."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cdk_layers.cdk.node.error_texts import container_failure
from cdk_layers.errors import BuildError
from cdk_layers.system import host
from cdk_layers.system.outgoing import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VARIABLE: Final = "CDK_DOCKER"
"""The variable that names the CDK's container program. Source: aws-cdk-lib, core/lib/bundling."""


def require_engine(path: str, reasons: Sequence[str]) -> None:
    """Check that a container engine runs, before a build needs it.

    The program is often installed where no engine runs, so the check lists the engine's containers.

    Args:
        path: The construct path of the layer.
        reasons: The arguments that need a container.

    Raises:
        BuildError: No engine answers.
    """
    program = host.environ().get(_VARIABLE) or "docker"
    trouble = _trouble(program)
    if trouble:
        arguments = ", ".join(reasons)
        message = (
            f"Layer {path!r} needs Docker because of {arguments}, but no container engine answers: {trouble}. "
            f"Start the engine, name its program in {_VARIABLE}, or leave out {arguments}: then the layer is built "
            f"on this machine, without Docker."
        )
        raise BuildError(message)


def _trouble(program: str) -> str:
    try:
        done = host.run([program, "ps", "--quiet"])
    except OSError as error:
        return f"{program!r} cannot be started ({error.strerror})"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return f"{program!r}: {lines[0] if lines else f'no output, exit status {done.returncode}'!r}"


@contextmanager
def container_errors(path: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Raise a BuildError without credentials in place of the CDK's error for a failed container.

    The CDK's message contains the whole command, with the values of all environment variables of the container.

    Args:
        path: The construct path of the layer.
        environment: The environment variables of the container.

    Raises:
        BuildError: The container failed.
    """
    try:
        yield
    except RuntimeError as error:
        reason = container_failure(error)
        if reason is None:
            raise
        message = (
            f"Layer {path!r} could not be built in Docker. The output is above: {scrub(reason, environment.values())}"
        )
        raise BuildError(message) from None
