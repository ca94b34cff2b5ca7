"""`cdk-layers start-time`: the time of a function's imports at each cold start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.cli.error_output import remark
from cdk_layers.cli.local_arguments import add_arguments, add_function, add_isolation, chosen_function
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from cdk_layers.local.start_time import StartTime

_RUNS: Final = 5
_MODULES: Final = 3
_MEASURABLE: Final = 0.001
"""Less than this varies between runs, and can be negative."""


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("start-time", help="measure the imports of a function")
    parser.description = (
        "Import a function's module in new processes. Show the median time by distribution, and the import to postpone "
        "first."
    )
    add_function(parser)
    add_arguments(parser)
    add_isolation(parser)
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"number of processes (default: {_RUNS})")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="the form (default: table)")
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Measure the imports and print the times."""
    from cdk_layers.local.runner import Runner  # noqa: PLC0415
    from cdk_layers.local.start_time import measure  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415

    if arguments.runs < 1:
        message = f"--runs {arguments.runs}: at least one is needed."
        raise UsageError(message)
    store = user_store()
    function = chosen_function(arguments, store)
    runner = Runner(store, is_isolated=not arguments.no_isolation)
    result = measure(runner, function, runs=arguments.runs)
    for difference in result.differences:
        remark(difference)
    if arguments.format == "json":
        print(json.dumps(_as_json(function.path, result), indent=2))  # noqa: T201
    else:
        _show(function.path, result)
    return 0


def _as_json(path: str, result: StartTime) -> dict[str, object]:
    return {
        "function": path,
        "runs": result.runs,
        "seconds": result.seconds,
        "bytecode_saves_seconds": result.bytecode_saves_seconds,
        "compiling_seconds": result.compiling_seconds,
        "distributions": [
            {
                "name": distribution.owner.name,
                "version": distribution.owner.version,
                "seconds": distribution.seconds,
                "modules": {module.name: module.seconds for module in distribution.modules},
            }
            for distribution in result.distributions
        ],
        "imports": [
            {"name": imported.owner.name, "seconds": imported.seconds, "importer": imported.importer}
            for imported in result.imports
        ],
        "advice": list(result.advice()),
    }


def _show(path: str, result: StartTime) -> None:
    from rich.table import Table  # noqa: PLC0415

    from cdk_layers.report.console import console  # noqa: PLC0415
    from cdk_layers.system.outgoing import printable  # noqa: PLC0415

    table = Table(
        "Distribution", "Version", header_style="bold", title_justify="left",
        title=f"{printable(path)}: {_milliseconds(result.seconds)} of imports, median of {result.runs}",
    )  # fmt: skip
    for name in ("Time", "Share"):
        table.add_column(name, justify="right")
    table.add_column("Slowest modules")
    for distribution in result.distributions:
        slowest = (f"{printable(module.name)} {_milliseconds(module.seconds)}" for module in distribution.modules)
        table.add_row(
            printable(distribution.owner.name), printable(distribution.owner.version or ""),
            _milliseconds(distribution.seconds), f"{distribution.seconds / (result.seconds or 1):.0%}",
            ", ".join([module for module, _ in zip(slowest, range(_MODULES), strict=False)]),
        )  # fmt: skip
    out = console()
    out.print(table)
    if result.bytecode_saves_seconds is not None:
        is_measurable = result.bytecode_saves_seconds >= _MEASURABLE
        saved = _milliseconds(result.bytecode_saves_seconds) if is_measurable else "nothing measurable"
        out.print(f"The bytecode in the archives saves {saved}.")
    advice = result.advice()
    if advice:
        out.print("What would save most:")
    for sentence in advice:
        out.print(f"- {printable(sentence)}")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
