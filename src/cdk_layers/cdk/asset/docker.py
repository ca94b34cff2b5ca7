"""Docker, for those who ask for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cdk_layers.cdk.node.contract import container_failure
from cdk_layers.errors import BuildError
from cdk_layers.system import host
from cdk_layers.system.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VARIABLE: Final = "CDK_DOCKER"
"""What the CDK reads to find its container program. Source: aws-cdk-lib, core/lib/bundling."""


def require_engine(path: str, reasons: Sequence[str]) -> None:
    """Make sure that a container engine answers, before anything is started that needs one.

    The program alone says nothing: it is often installed where no engine runs, so it is asked for its containers.

    Args:
        path: The construct path of the layer that wants Docker.
        reasons: The arguments that ask for it.

    Raises:
        BuildError: No engine answers.
    """
    program = host.environ().get(_VARIABLE) or "docker"
    trouble = _trouble(program)
    if trouble:
        wish = ", ".join(reasons)
        message = (
            f"Layer {path!r} is to be built in Docker, because of {wish}, but no container engine answers: {trouble}. "
            f"Start the engine, name its program in {_VARIABLE}, or leave out {wish}: without it the layer is built "
            f"here, which needs no Docker."
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
    return f"{program!r} says {lines[0] if lines else f'nothing and ends with status {done.returncode}'!r}"


@contextmanager
def container_errors(path: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Turn what the CDK raises for a failed container into an error of this package, without credentials.

    The CDK tells the whole command, with every variable that the container was given.

    Args:
        path: The construct path of the layer.
        environment: The variables that the container was given.

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
            f"Layer {path!r} could not be built in Docker, whose output is above: {scrub(reason, environment.values())}"
        )
        raise BuildError(message) from None
