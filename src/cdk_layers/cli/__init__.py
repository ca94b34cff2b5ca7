"""The command `cdk-layers`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from cdk_layers.cli.arguments import parser
from cdk_layers.errors import CdkLayersError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

COULD_NOT_RUN: Final = 2
"""The exit status when there is no verdict."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        argv: The arguments; those of this process by default.
    """
    arguments = parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = _executed(arguments)
        sys.stdout.flush()
    except CdkLayersError as error:
        print(f"cdk-layers: {error}", file=sys.stderr)  # noqa: T201
        return COULD_NOT_RUN
    except BrokenPipeError:
        # Whoever read the report has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    return status


def _executed(arguments: Namespace) -> int:
    """Run the command and return its exit status. Each loads what it needs: the rules take longer than --help may."""
    if hasattr(arguments, "execute"):
        return int(arguments.execute(arguments))
    from cdk_layers.cli import commands  # noqa: PLC0415

    return commands.run(arguments)
