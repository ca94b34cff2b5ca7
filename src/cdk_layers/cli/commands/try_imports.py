"""`cdk-layers try-imports`: import every top-level package of a layer or a function in the target's Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_layers.cli.error_output import remark
from cdk_layers.cli.local_arguments import add_arguments, add_isolation, as_local_function
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from cdk_layers.local.function import LocalFunction
    from cdk_layers.local.try_imports import TriedImports
    from cdk_layers.store.protocol import Store


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "try-imports", help="import every package of a layer or a function",
        epilog="Exit status: 0 if nothing is broken, 1 if an import fails, 2 if this machine cannot try the imports.",
    )  # fmt: skip
    parser.description = (
        "Import every top-level package of the distributions of a layer, or of a function with its layers, in the "
        "target's Python on this machine. List those that fail, for example because `trim` or `dependency_excludes` "
        "left out too much. This runs the code of the distributions."
    )
    parser.add_argument(
        "function", metavar="FUNCTION|LAYER", help="construct path, name, logical id, or a unique end of the path"
    )
    add_arguments(parser)
    add_isolation(parser)
    parser.add_argument(
        "--untrimmed", metavar="PATH", type=Path,
        help="an archive or a folder with the untrimmed content: imports that fail in it too are not counted; defaults "
        "to the untrimmed build, if this machine built it",
    )  # fmt: skip
    parser.add_argument(
        "--runtime", metavar="NAME", help="a runtime of a layer; defaults to the newest that it declares"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="the form (default: table)")
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Import, print, and return the exit status."""
    from cdk_layers.local.runner import Runner  # noqa: PLC0415
    from cdk_layers.local.try_imports import try_imports  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415
    from cdk_layers.system.temporary_folders import temporary_folder  # noqa: PLC0415

    if arguments.untrimmed is not None and not arguments.untrimmed.exists():
        message = f"--untrimmed {arguments.untrimmed}: there is no archive or folder there."
        raise UsageError(message)
    store = user_store()
    function, digest = _chosen(arguments, store)
    runner = Runner(store, is_isolated=not arguments.no_isolation)
    with temporary_folder("imports") as folder:
        untrimmed = arguments.untrimmed or _built_untrimmed(store, digest, folder / "archive.zip")
        result = try_imports(runner, function, untrimmed=untrimmed)
    for difference in result.differences:
        remark(difference)
    print(_as_json(function, result) if arguments.format == "json" else _as_text(function, result))  # noqa: T201
    return 1 if result.broken else 0


def _built_untrimmed(store: Store, digest: str | None, archive: Path) -> Path | None:
    """Write the archive that a layer of this library was before it was trimmed; None if the store has no such build."""
    from cdk_layers.building.trim.untrimmed import write_untrimmed  # noqa: PLC0415

    return archive if digest and write_untrimmed(store, digest, archive) else None


def _chosen(arguments: Namespace, store: Store) -> tuple[LocalFunction, str | None]:
    """Return the function that the user names, or the layer as a function with the digest of its content."""
    from cdk_layers.app.model import Layer  # noqa: PLC0415
    from cdk_layers.assembly.reader import read  # noqa: PLC0415
    from cdk_layers.cli.assembly_path import default_path  # noqa: PLC0415
    from cdk_layers.local.selection import find_function_or_layer  # noqa: PLC0415
    from cdk_layers.local.try_imports import layer_as_function  # noqa: PLC0415

    chosen = find_function_or_layer(read(arguments.path or default_path(), store=store), arguments.function)
    if isinstance(chosen, Layer):
        return layer_as_function(chosen, arguments.runtime, dict(arguments.env)), chosen.asset
    if arguments.runtime is not None:
        message = f"--runtime {arguments.runtime}: function {chosen.where.path!r} has its own, {chosen.runtime}."
        raise UsageError(message)
    return as_local_function(chosen, arguments), None


def _as_json(function: LocalFunction, result: TriedImports) -> str:
    document = {
        "name": function.path,
        "runtime": function.runtime,
        "architecture": function.architecture,
        "imported": [name for name in result.names if name not in {failure.name for failure in result.failed}],
        "failed": [
            {"name": failure.name, "error": failure.error, "fails_untrimmed": failure.fails_untrimmed}
            for failure in result.failed
        ],
    }
    return json.dumps(document, indent=2)


def _as_text(function: LocalFunction, result: TriedImports) -> str:
    from cdk_layers.system.outgoing import printable  # noqa: PLC0415
    from cdk_layers.system.wording import count  # noqa: PLC0415

    lines = [
        f"{failure.name}: {failure.error}" + ("" if failure.is_fault else " (it fails untrimmed, too)")
        for failure in result.failed
    ]
    broken, target = len(result.broken), f"{function.runtime} on {function.architecture}"
    if not result.names:
        missing = "its archives contain no metadata of distributions (*.dist-info), which names their packages"
        return printable(f"{function.path}: no package was imported: {missing}.")
    total = f"{function.path}: {count(len(result.names), 'package')} imported in {target}, {broken} broken."
    return "\n".join(printable(line) for line in [*lines, total])
