"""The command `cdk-layers`."""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Final

from cdk_layers.cli.arguments import parsed
from cdk_layers.cli.error_output import discard_rest
from cdk_layers.errors import CdkLayersError

if TYPE_CHECKING:
    from collections.abc import Sequence

COULD_NOT_RUN: Final = 2
"""The exit status if the command could not run."""

_SYSTEM_ERRORS: Final = {
    errno.ENOSPC: "The disk that the output is written to is full. Free some space.",
    errno.ENOENT: "The working folder does not exist any more. Change to one that does.",
}
"""What errors of the system mean that name no file."""

_INTERRUPTED: Final = 130
"""The exit status of a program that Ctrl+C ended, as in shells."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        argv: The arguments. Defaults to those of this process.
    """
    try:
        return _run(argv)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(argv: Sequence[str] | None) -> int:
    arguments = parsed(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        # Each command imports what it needs, so that --help does not load the rules.
        status = int(arguments.execute(arguments))
        sys.stdout.flush()
    except CdkLayersError as error:
        print(f"cdk-layers: {error}", file=sys.stderr)  # noqa: T201
        return COULD_NOT_RUN
    except BrokenPipeError:
        # The reader of the output, such as `head`, has ended.
        discard_rest(sys.stdout)
        return COULD_NOT_RUN
    except OSError as error:
        if error.errno not in _SYSTEM_ERRORS or error.filename:
            raise
        print(f"cdk-layers: {_SYSTEM_ERRORS[error.errno]}", file=sys.stderr)  # noqa: T201
        discard_rest(sys.stdout)
        return COULD_NOT_RUN
    return status
