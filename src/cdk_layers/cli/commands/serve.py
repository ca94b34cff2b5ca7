"""`cdk-layers serve`: answer Lambda's Invoke API with the functions of an app."""

from __future__ import annotations

import signal
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.cli.error_output import labelled_log, remark
from cdk_layers.cli.local_arguments import add_arguments, add_isolation, port
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from cdk_layers.local.execution import ExecutionEnvironment
    from cdk_layers.local.function import LocalFunction
    from cdk_layers.local.runner import Runner

_PORT: Final = 3001
_WORKERS: Final = 4


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("serve", help="answer Lambda's Invoke API with the functions of an app")
    parser.description = (
        "Answer Lambda's Invoke API on this machine: boto3.client('lambda', endpoint_url='http://127.0.0.1:3001')."
    )
    add_arguments(parser)
    add_isolation(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=port(0), default=_PORT, help=f"the port (default: {_PORT}; 0 for a free one)")
    parser.add_argument(
        "--workers", type=int, default=_WORKERS, help=f"functions that run at a time (default: {_WORKERS})"
    )
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Serve until interrupted."""
    from cdk_layers.cli.assembly_path import default_path  # noqa: PLC0415
    from cdk_layers.local.app_service import AppService  # noqa: PLC0415
    from cdk_layers.local.runner import Runner  # noqa: PLC0415
    from cdk_layers.local.service import Service  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415

    if arguments.workers < 1:
        message = f"--workers {arguments.workers}: at least one is needed."
        raise UsageError(message)
    store = user_store()
    runner = Runner(store, is_isolated=not arguments.no_isolation)
    path = arguments.path or default_path()
    said: set[str] = set()
    app = AppService(
        path, arguments.workers, lambda function: _start(runner, function, said),
        archives={arn: Path(archive) for arn, archive in arguments.layer}, environment=dict(arguments.env),
        report=remark, store=store,
    )  # fmt: skip
    try:
        service = Service((arguments.host, arguments.port), app.known, app.invoke, remark)
    except OSError as error:
        message = (
            f"Host {arguments.host!r} with port {arguments.port} cannot be listened on: {error.strerror or error}. "
            f"Choose another --port, or a --host that is an IPv4 address of this machine."
        )
        raise UsageError(message) from None
    host, number = service.server_address[:2]
    if not ip_address(str(host)).is_loopback:
        remark(f"{host!s} is not a loopback address: everyone who can reach it can run these functions.")
    remark(f"Serving {path} at http://{host!s}:{number}. Stop with Ctrl+C.")
    # Process managers end a service by SIGTERM.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        service.serve_forever(0.1)
    except KeyboardInterrupt:
        remark("Stopped.")
    finally:
        service.server_close()
        app.close()
    return 0


def _start(runner: Runner, function: LocalFunction, said: set[str]) -> ExecutionEnvironment:
    """Start an execution environment. Report once what is different from Lambda."""
    environment = runner.start(function, labelled_log(function.path))
    for difference in environment.differences:
        sentence = f"{function.path}: {difference}"
        if sentence not in said:
            said.add(sentence)
            remark(sentence)
    return environment
