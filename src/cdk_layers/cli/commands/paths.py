"""`cdk-layers paths`: the folders that a function imports from, for editors and type checkers."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.cli.local_arguments import add_arguments, add_function, chosen_function

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

_FORMS: Final = ("lines", "env", "pyright", "json")


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("paths", help="print the folders that a function imports from")
    parser.description = (
        "Print the folders that a function imports from, for editors and type checkers: its code, then its layers."
    )
    add_function(parser)
    add_arguments(parser)
    parser.add_argument(
        "--format", choices=_FORMS, default="lines",
        help="lines: one folder per line; env: PYTHONPATH for a .env file; pyright: extraPaths for pyrightconfig.json",
    )  # fmt: skip
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Print the folders."""
    from cdk_layers.local.runner import Runner  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415

    store = user_store()
    function = chosen_function(arguments, store)
    print(_shown([str(path) for path in Runner(store).import_paths(function)], arguments.format))  # noqa: T201
    return 0


def _shown(folders: Sequence[str], form: str) -> str:
    if form == "env":
        # All local runs share the folders, so that nothing may write bytecode there.
        return f"PYTHONPATH={os.pathsep.join(folders)}\nPYTHONDONTWRITEBYTECODE=1"
    if form == "pyright":
        return json.dumps({"extraPaths": list(folders)}, indent=2)
    return json.dumps(list(folders), indent=2) if form == "json" else "\n".join(folders)
