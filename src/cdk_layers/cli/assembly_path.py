"""Paths of assemblies on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from argparse import ArgumentParser

_PLACES: Final = ("cdk.out", ".aws-sam/build", ".serverless")
"""The default paths of assemblies: of the CDK, of AWS SAM, then of the Serverless Framework."""


def add_path(command: ArgumentParser) -> None:
    """Add the argument for an assembly or a template."""
    command.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        type=Path,
        help="cdk.out or another cloud assembly, .aws-sam/build, .serverless, or one template in JSON or YAML; "
        "defaults to the first of these folders that exists",
    )


def default_path() -> Path:
    """Return the assembly in the working folder.

    Raises:
        AssemblyError: The working folder contains no assembly.
    """
    found = next((path for path in map(Path, _PLACES) if path.is_dir()), None)
    if found is None:
        message = (
            f"There is no assembly here: neither {_PLACES[0]} nor {_PLACES[1]} nor {_PLACES[2]}. Run `cdk synth`, "
            f"`sam build` or `serverless package` first, or give the path of a cloud assembly or a template."
        )
        raise AssemblyError(message)
    return found
