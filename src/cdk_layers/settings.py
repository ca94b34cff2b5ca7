"""What a project sets for the command line, in `[tool.cdk-layers]` of its pyproject.toml."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import UsageError
from cdk_layers.wording import bytes_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TABLE: Final = "cdk-layers"


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The keys of `[tool.cdk-layers]`, each with a dash for an underscore."""

    select: tuple[str, ...] = ()
    """The only rules that count; all of them by default."""

    ignore: tuple[str, ...] = ()
    """Rules that do not count."""

    budget: int | None = None
    """The user's own limit on the unzipped bytes of every layer and of every function with its layers."""

    strict_budget: bool = True
    """Whether going over the budget is an error; else it is a warning."""

    strict: bool = False
    """Whether warnings fail the check as well."""


def read_settings(folder: Path) -> ProjectSettings:
    """Return the settings of the nearest pyproject.toml, in a folder or above it; the defaults where there is none.

    Raises:
        UsageError: The file cannot be read, or has a key or a value there that means nothing.
    """
    path = next((file for up in (folder, *folder.parents) if (file := up / "pyproject.toml").is_file()), None)
    if path is None:
        return ProjectSettings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}."
        raise UsageError(message) from error
    tools = document.get("tool", {})
    return _from_table(tools.get(_TABLE, {}) if isinstance(tools, dict) else {}, path)


def _from_table(table: Any, path: Path) -> ProjectSettings:
    known = {field.name.replace("_", "-"): field.name for field in fields(ProjectSettings)}
    unknown = [key for key in table if key not in known] if isinstance(table, dict) else ["(not a table)"]
    if unknown:
        message = f"{path}: [tool.{_TABLE}] knows no {', '.join(unknown)}. It knows {', '.join(sorted(known))}."
        raise UsageError(message)
    return ProjectSettings(**{known[key]: _value(key, value, path) for key, value in table.items()})


def _value(key: str, value: Any, path: Path) -> Any:
    wanted = _WANTED[key]
    if key in ("select", "ignore") and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if key == "budget" and isinstance(value, (str, int)) and not isinstance(value, bool):
        return parse_size(str(value), f"{path}: [tool.{_TABLE}] budget")
    if key.startswith("strict") and isinstance(value, bool):
        return value
    message = f"{path}: [tool.{_TABLE}] {key} is {value!r}, but has to be {wanted}."
    raise UsageError(message)


_WANTED: Final[Mapping[str, str]] = {
    "select": "a list of rule names",
    "ignore": "a list of rule names",
    "budget": 'a size such as "120MiB"',
    "strict": "true or false",
    "strict-budget": "true or false",
}


def parse_size(text: str, what: str) -> int:
    """Return the bytes of a size such as "120MiB", "1.5 GB" or "1048576".

    Args:
        text: A size with its unit, as `wording.bytes_of` reads it for layers.toml and constructs too, or bytes alone.
        what: What a message calls it.

    Raises:
        UsageError: It is not a size, or is zero.
    """
    trimmed = text.strip()
    size = bytes_of(trimmed if trimmed.endswith("B") else f"{trimmed}B") or 0
    if size < 1:
        message = f'{what} is {text!r}, which is no size. Write one such as "120MiB".'
        raise UsageError(message)
    return size
