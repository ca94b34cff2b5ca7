"""Sizes of layers and functions, compared with the limit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypeVar

from rich.table import Table

from cdk_layers.building.trim.savings import savings_json, savings_text
from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES
from cdk_layers.report.console import console
from cdk_layers.system.outgoing import json_in_logs, printable
from cdk_layers.system.wording import count, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_layers.app.model import App, Function, Layer

_Subject = TypeVar("_Subject", bound="Layer | Function")
_UNKNOWN: Final = "?"
_NAMED: Final = 5


def show_sizes(app: App) -> None:
    """Print a table of the layers and one of the functions, with what is left of the limit of 250 MiB unzipped."""
    out = console()
    if app.layers:
        out.print(_layers(app.layers))
    if app.functions:
        out.print(_functions(app.functions))
    for subject in _every(app):
        if subject.fault is not None:
            text = f"Not read for {subject.where.path}: {subject.fault.text}"
            out.print(printable(text), highlight=False, markup=False, soft_wrap=True)
    for subject in (each for each in _every(app) if each.report.savings):
        out.print(
            f"Trimmed from {printable(subject.where.path)}: {savings_text(subject.report.savings)}", highlight=False
        )
    for subject in (each for each in _every(app) if each.report.uncompiled):
        modules = f"{count(len(subject.report.uncompiled), 'module')}: {listed(subject.report.uncompiled, _NAMED)}"
        text = f"Not compiled in {subject.where.path}: {modules}"
        out.print(printable(text), highlight=False, markup=False, soft_wrap=True)


def sizes_as_json(app: App) -> str:
    """Return the sizes as JSON: bytes, None where they are not known."""
    document = {
        "limit_bytes": MAX_UNZIPPED_BYTES,
        "layers": [
            {
                "construct": layer.label, "unzipped_bytes": layer.unzipped_bytes, "archive_bytes": layer.archive_bytes,
                "distributions": None if layer.contents is None else len(layer.contents.distributions),
                "trimmed": savings_json(layer.report.savings), "uncompiled": layer.report.uncompiled,
            }
            for layer in _once(app.layers)
        ],
        "functions": [
            {
                "construct": function.where.path,
                "layers": None if function.layers is None else [layer.label for layer in function.used_layers],
                "code_bytes": None if function.code is None else function.code.unzipped_bytes,
                "trimmed": savings_json(function.report.savings), "uncompiled": function.report.uncompiled,
            }
            for function in _once(app.functions)
        ],
    }  # fmt: skip
    return json_in_logs(json.dumps(document, indent=2))


def _every(app: App) -> list[Layer | Function]:
    """Return the layers and functions, each once."""
    every: list[Layer | Function] = [*app.layers, *app.functions]
    return _once(every)


def _once(subjects: Iterable[_Subject]) -> list[_Subject]:
    """Return layers or functions, each in one of its scenarios."""
    return list({subject.where: subject for subject in subjects}.values())


def _layers(layers: Sequence[Layer]) -> Table:
    table = _table("Layer", "Python", "Architecture", numbers=("Distributions", "Unzipped", "Zipped", "Headroom"))
    for layer in _once(layers):
        unzipped = layer.unzipped_bytes
        table.add_row(
            printable(layer.label),
            _enumerated(layer.runtimes, "python"),
            _architectures(layer),
            _UNKNOWN if layer.contents is None else str(len(layer.contents.distributions)),
            _size(unzipped),
            _size(layer.archive_bytes),
            _size(None if unzipped is None else max(MAX_UNZIPPED_BYTES - unzipped, 0)),
        )
    return table


def _functions(functions: Sequence[Function]) -> Table:
    table = _table("Function", "Layers, lowest first", numbers=("Code", f"Total of {size(MAX_UNZIPPED_BYTES)}"))
    for function in _once(functions):
        names = [layer.label.rpartition("/")[2] if layer.is_resource else layer.label for layer in function.used_layers]
        code = None if function.code is None else function.code.unzipped_bytes
        table.add_row(
            printable(function.where.path),
            _UNKNOWN if function.layers is None else printable(", ".join(names)) or "none",
            _size(code),
            _total(function, code),
        )
    return table


def _total(function: Function, code: int | None) -> str:
    parts = [code, *(layer.unzipped_bytes for layer in function.used_layers)]
    known = sum(part for part in parts if part is not None)
    share = f"{size(known)} ({known * 100 // MAX_UNZIPPED_BYTES}%)"
    return f"at least {share}" if None in parts or function.layers is None else share


def _table(*texts: str, numbers: Sequence[str]) -> Table:
    table = Table(header_style="bold", title_justify="left")
    for name in texts:
        # The end of a path may be its only difference from another.
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _size(number_of_bytes: int | None) -> str:
    return _UNKNOWN if number_of_bytes is None else size(number_of_bytes)


def _architectures(layer: Layer) -> str:
    """Return the architectures that a layer declares, else those of its native files."""
    machines = () if layer.contents is None else tuple(sorted({native.machine for native in layer.contents.natives}))
    if layer.architectures == () and machines:
        return f"{', '.join(machines)} (content)"
    return _enumerated(layer.architectures)


def _enumerated(names: tuple[str, ...] | None, prefix: str = "") -> str:
    return _UNKNOWN if names is None else ", ".join(name.removeprefix(prefix) for name in names) or "any"
