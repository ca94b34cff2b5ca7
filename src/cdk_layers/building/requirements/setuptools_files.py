"""Readers of setup.cfg and setup.py, which setuptools reads."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from cdk_layers.system.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Argument(NamedTuple):
    """A keyword argument of a call."""

    function: str | None
    """The name of the called function, without its module; None for other expressions."""

    name: str
    value: ast.expr
    """The expression, also where the argument is a name that the module assigns it to."""


def setup_cfg(folder: Path) -> dict[str, dict[str, str]]:
    """Return the sections of a project's setup.cfg; {} if it is missing or damaged."""
    file = folder / "setup.cfg"
    if not file.is_file():
        return {}
    import configparser  # noqa: PLC0415 - few projects have such a file

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8", errors="replace"))
    except (configparser.Error, OSError):
        return {}
    return {name: dict(section) for name, section in parser.items()}


def setup_py_arguments(folder: Path) -> Iterator[Argument]:
    """Yield the keyword arguments of all calls in a project's setup.py, without running it; none if it is damaged."""
    try:
        tree = parse((folder / "setup.py").read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            value = keyword.value
            if keyword.arg is not None:
                value = constants.get(value.id, value) if isinstance(value, ast.Name) else value
                yield Argument(_function_name(call.func), keyword.arg, value)


def _function_name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else None
