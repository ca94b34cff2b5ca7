"""The command `cdk-layers`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from cdk_layers.cli.arguments import parser
from cdk_layers.errors import CdkLayersError

if TYPE_CHECKING:
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
        # Each command imports what it needs: the rules take longer to load than --help may take.
        status = int(arguments.execute(arguments))
        sys.stdout.flush()
    except CdkLayersError as error:
        print(f"cdk-layers: {error}", file=sys.stderr)  # noqa: T201
        return COULD_NOT_RUN
    except BrokenPipeError:
        # Whoever read the report has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    return status
