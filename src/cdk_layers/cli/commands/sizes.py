"""`cdk-layers sizes`: the sizes of layers and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_layers.cli.assembly_path import add_path, default_path

if TYPE_CHECKING:
    from argparse import Namespace


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("sizes", help="show the sizes of layers and functions, and what is left of the limit")
    parser.description = (
        "Show the sizes of layers and functions, and what is left of the limit of 250 MiB unzipped. A question mark is "
        "a size that is not known, such as the zipped size of a folder that is zipped at deploy. An architecture with "
        "'(content)' is not declared, but that of the native code."
    )
    add_path(parser)
    parser.add_argument("--format", choices=("table", "json"), default="table", help="the form (default: table)")
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Print the sizes."""
    from cdk_layers.assembly.reader import read  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415
    from cdk_layers.report.sizes import show_sizes, sizes_as_json  # noqa: PLC0415

    app = read(arguments.path or default_path(), store=user_store())
    if arguments.format == "json":
        print(sizes_as_json(app))  # noqa: T201
    else:
        show_sizes(app)
    return 0
