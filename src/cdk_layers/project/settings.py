"""Settings of a project for synthesis and for the command line: `[tool.cdk-layers]` in its pyproject.toml."""

from __future__ import annotations

import stat
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import Settings
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.errors import UsageError
from cdk_layers.project.option_kinds import FLAG, TRIM, OptionKind, string, strings
from cdk_layers.store.inventory import DEFAULT_MAX_BYTES
from cdk_layers.system.wording import bytes_of, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TABLE: Final = "cdk-layers"


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The keys of `[tool.cdk-layers]`, there with dashes instead of underscores."""

    select: tuple[str, ...] = ()
    """The only rules to apply. Defaults to all."""

    ignore: tuple[str, ...] = ()
    """Rules to ignore."""

    budget: int | None = None
    """Your own limit on the unzipped bytes of every layer, and of every function with its layers."""

    strict_budget: bool = True
    """Whether exceeding the budget is an error, not a warning."""

    strict: bool = False
    """Whether warnings fail the check as well."""

    bytecode: bool = False
    """Whether archives contain the bytecode of their modules. Arguments of layers and functions override it."""

    trim: bool | tuple[str, ...] = False
    """Files of distributions to leave out: true, or a list of kinds. Arguments of layers and functions override it."""

    dependency_excludes: tuple[str, ...] = ()
    """Patterns of files of distributions to leave out. Arguments of layers and functions override them."""

    aws_services: tuple[str, ...] = ()
    """The only services whose data of botocore is included. Defaults to all. Arguments override it."""

    try_imports: bool = False
    """Whether to import packages at synthesis, which runs their code. Arguments of layers and functions override it."""

    cache_size: int | None = DEFAULT_MAX_BYTES
    """The size of the build cache, such as "2 GiB", or "unlimited". CDK_LAYERS_CACHE_SIZE overrides it."""

    @property
    def content(self) -> ContentOptions:
        """The options for the content of archives, where a construct has no argument."""
        return ContentOptions(self.bytecode, self.trim, self.dependency_excludes, self.aws_services, self.try_imports)

    def settings(self, **overrides: Any) -> Settings:
        """Return the settings for the rules. Overrides that are not None take precedence.

        The project does not ignore a rule that the overrides select.
        """
        selected = overrides.get("select") or ()
        own = {
            "budget_bytes": self.budget, "strict_budget": self.strict_budget, "strict": self.strict,
            "select": self.select, "ignore": tuple(rule for rule in self.ignore if rule not in selected),
        }  # fmt: skip
        return Settings(**{**own, **{name: value for name, value in overrides.items() if value is not None}})


def read_settings(*folders: Path) -> ProjectSettings:
    """Return the settings of the nearest pyproject.toml that has any. Defaults to the default of each key.

    Args:
        folders: Where an app may be. Each of them and then the folders above it are searched.

    Raises:
        UsageError: A file cannot be read, or has an invalid key or value in the table.
    """
    file = settings_file(*folders)
    return (file and _read(file)) or ProjectSettings()


def settings_file(*folders: Path) -> Path | None:
    """Return the file that `read_settings` reads its settings from; None if there is none."""
    files = (up / "pyproject.toml" for folder in folders for up in (folder, *folder.parents))
    return next((file for file in files if _read(file) is not None), None)


def app_settings() -> Settings:
    """Return the settings of the project of the running app. The CDK starts an app in the folder of its cdk.json.

    Raises:
        UsageError: As `read_settings`.
    """
    return read_settings(Path.cwd()).settings()


def _read(path: Path) -> ProjectSettings | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _parsed(path, status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None


@lru_cache(maxsize=64)
def _parsed(path: Path, _changed: int, _size: int) -> ProjectSettings | None:
    """Return the settings in a file; None if it does not have the table. The cache is per change of the file."""
    try:
        content = path.read_bytes()
        if _TABLE.encode() not in content:
            # Most projects have no settings, and constructs read them too.
            return None
        from cdk_layers.system.toml import parse_toml  # noqa: PLC0415

        document = parse_toml(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}."
        raise UsageError(message) from None
    tools = document.get("tool", {})
    table = tools.get(_TABLE) if isinstance(tools, dict) else None
    return None if table is None else _from_table(table, path)


def _from_table(table: Any, path: Path) -> ProjectSettings:
    if not isinstance(table, dict):
        message = f"{path}: tool.{_TABLE} is {table!r}, but has to be a table, [tool.{_TABLE}]."
        raise UsageError(message)
    known = {field.name.replace("_", "-"): field.name for field in fields(ProjectSettings)}
    unknown = [key for key in table if key not in known]
    if unknown:
        sentences = (
            f"{path}: unknown key {unknown[0]!r} in [tool.{_TABLE}].", nearest(unknown[0], known),
            f"Valid keys: {', '.join(sorted(known))}.",
        )  # fmt: skip
        message = " ".join(filter(None, sentences))
        raise UsageError(message)
    return ProjectSettings(**{known[key]: _value(key, value, path) for key, value in table.items()})


def _value(key: str, value: object, path: Path) -> Any:
    kind, place = _KINDS[key], f"{path}: [tool.{_TABLE}]"
    found = kind.read(value)
    if found is None:
        wrong = kind.wrong(key, value)
        message = f"{place} {wrong.name} is {wrong.value!r}, but has to be {wrong.expected}. {wrong.hint}"
        raise UsageError(message.rstrip())
    return _PARSERS[key](str(found), f"{place} {key}") if key in _PARSERS else found


def parse_size(text: str, what: str) -> int:
    """Return the bytes of a size such as "120MiB", "1.5 GB" or "1048576 B".

    Args:
        text: A size with its unit, as `wording.bytes_of` reads it.
        what: The name of the setting in a message.

    Raises:
        UsageError: The text is not a size with its unit, or is zero.
    """
    size = bytes_of(text.strip()) or 0
    if size < 1:
        message = f'{what} is {text!r}, which is not a size with its unit. Write one such as "120 MiB".'
        raise UsageError(message)
    return size


def parse_limit(text: str, what: str) -> int | None:
    """Return the bytes of a size as `parse_size`; None for "unlimited".

    Args:
        text: The size.
        what: The name of the setting in a message.

    Raises:
        UsageError: The text is neither.
    """
    return None if text.strip() == "unlimited" else parse_size(text, what)


def _listed(items: str) -> OptionKind:
    return OptionKind(strings, f"a list of {items}", f"a string, in a list of {items}")


def _size_text(value: object) -> str | None:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


_KINDS: Final[Mapping[str, OptionKind]] = {
    "select": _listed("rule names"),
    "ignore": _listed("rule names"),
    "budget": OptionKind(_size_text, 'a size such as "120MiB"'),
    "strict": FLAG,
    "strict-budget": FLAG,
    "bytecode": FLAG,
    "trim": TRIM,
    "dependency-excludes": _listed("patterns"),
    "aws-services": _listed("names of services"),
    "try-imports": FLAG,
    "cache-size": OptionKind(string, 'a size such as "2 GiB", or "unlimited"'),
}
_PARSERS: Final[Mapping[str, Callable[[str, str], int | None]]] = {"budget": parse_size, "cache-size": parse_limit}
"""Parsers of the texts of options."""
