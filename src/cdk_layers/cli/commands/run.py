"""`cdk-layers run`: run one function here, with the layers that will be deployed."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.cli.error_output import remark, write_log
from cdk_layers.cli.local_arguments import add_arguments, add_function, add_isolation, chosen_function, port
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

_LOOPBACK: Final = "127.0.0.1"
"""Where the debugger listens: see local/process/start.py."""


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "run", help="run a function here, with its layers",
        epilog="Exit status: 0 if the function returned a result, 1 if it failed, 2 if it could not run.",
    )  # fmt: skip
    parser.description = (
        "Run one function of a synthesized app on this machine. Its result goes to the standard output, its log to the "
        "error output."
    )
    add_function(parser)
    add_arguments(parser)
    add_isolation(parser)
    parser.add_argument("--event", metavar="EVENT", help="JSON, a file, or - for the standard input; defaults to {}")
    parser.add_argument("--debug", metavar="PORT", type=port(1), help="wait for a debugger (debugpy) on this port")
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Run the function and return the exit status."""
    from cdk_layers.local.event import read_event  # noqa: PLC0415
    from cdk_layers.local.runner import Runner  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415

    event = read_event(arguments.event)
    if arguments.debug is not None:
        _refuse_taken(arguments.debug)
    store = user_store()
    function = chosen_function(arguments, store)
    runner = Runner(store, is_isolated=not arguments.no_isolation, debug_port=arguments.debug)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    environment = runner.start(function, write_log)
    try:
        for difference in environment.differences:
            remark(difference)
        outcome = environment.invoke(event)
    finally:
        environment.close()
    sys.stdout.buffer.write(outcome.payload + b"\n")
    return 0 if outcome.error is None else 1


def _refuse_taken(debug_port: int) -> None:
    """Refuse a port that the debugger cannot listen on, which it would report by a traceback of its own."""
    import socket  # noqa: PLC0415

    try:
        socket.create_server((_LOOPBACK, debug_port)).close()
    except OSError as error:
        message = (
            f"{_LOOPBACK}:{debug_port} cannot be listened on: {error.strerror or error}. Choose another --debug port."
        )
        raise UsageError(message) from None
