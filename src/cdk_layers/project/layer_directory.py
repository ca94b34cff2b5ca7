"""Folders of layers: one subfolder for each layer, and a `layers.toml` with their order and options.

```toml
order = ["base", "data", "tools"]        # lowest first; defaults to the subfolders by name

[defaults]                               # for all layers
compatible_runtimes = ["python3.13"]
compatible_architectures = ["arm64"]
grants = ["222222222222", "o-a1b2c3d4e5"]

[layers.data]                            # for one layer; its grants are added to the shared ones
description = "pandas and numpy"
max_unzipped = "120 MiB"
groups = ["lambda"]                      # dependency groups of its lock file; also: extras = [...]

[layers.tools]
opt_entry = "."                          # copied to /opt unchanged; relative to the layer's subfolder
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.job import missing_folder
from cdk_layers.errors import EntryError, UsageError
from cdk_layers.lambda_service.arn import GRANTEE
from cdk_layers.lambda_service.runtimes import ARCHITECTURES, BUILDABLE_PYTHONS
from cdk_layers.project.option_kinds import FLAG, TRIM, OptionKind, string, strings
from cdk_layers.system.toml import parse_toml
from cdk_layers.system.wording import bytes_of, folder_fault, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

FILE_NAME: Final = "layers.toml"
"""The file's name."""

REMOVAL_POLICIES: Final = ("retain", "destroy")
_HEADER: Final = re.compile(r"""\s*\[\s*layers\s*\.\s*["']?([\w-]+)["']?\s*\]""", re.ASCII)
_RUNTIMES: Final = tuple(f"python{version}" for version in BUILDABLE_PYTHONS)


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """The options of one layer, or of all. None if the file does not set an option."""

    compatible_runtimes: tuple[str, ...] | None = None
    """Names in Lambda's API, such as "python3.13"."""

    compatible_architectures: tuple[str, ...] | None = None
    """"x86_64", "arm64", or both."""

    grants: tuple[str, ...] | None = None
    """Account ids of 12 digits, organization ids, or "public"."""

    removal_policy: str | None = None
    """"retain" or "destroy"."""

    asset_excludes: tuple[str, ...] | None = None
    default_excludes: bool | None = None
    follow_links: bool | None = None
    allow_source_builds: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    extras: tuple[str, ...] | None = None
    bytecode: bool | None = None
    trim: bool | tuple[str, ...] | None = None
    dependency_excludes: tuple[str, ...] | None = None
    aws_services: tuple[str, ...] | None = None
    try_imports: bool | None = None
    max_unzipped: int | None = None
    """In bytes. In the file, a string with a unit: "120 MiB"."""

    docker: bool | None = None
    opt_entry: str | None = None
    """A folder, relative to the layer's subfolder."""

    description: str | None = None
    license: str | None = None
    layer_version_name: str | None = None


_FOR_ONE_LAYER_ONLY: Final = frozenset({"opt_entry", "description", "license", "layer_version_name"})


@dataclass(frozen=True, slots=True)
class LayerDirectory:
    """A folder of layers, as read."""

    path: Path
    defaults: LayerOptions
    layers: Mapping[str, LayerOptions]
    """The options of every layer, by the name of its subfolder, in merge order: lowest first."""

    lines: Mapping[str, int]
    """The lines of the file, from 1 on, at which the tables of layers begin, by their names."""

    @property
    def file(self) -> Path:
        """The file with the order and the options, which need not exist."""
        return self.path / FILE_NAME


def read_layer_directory(path: Path) -> LayerDirectory:
    """Read a folder of layers.

    Args:
        path: A folder with one subfolder for each layer, and optionally a `layers.toml`. Subfolders whose names begin
            with "." or "_" are not layers.

    Raises:
        EntryError: The folder does not exist or contains no layer, or its `layers.toml` is not TOML.
        UsageError: The `layers.toml` has an invalid key or value.
    """
    names = _subfolders(path)
    file = path / FILE_NAME
    document = _parsed(file) if file.exists() else {}
    _expect_known(file, "", document, {"order", "defaults", "layers"})
    options = _table(file, "layers", document)
    _expect_known(file, "layers.", options, names, "There is no such subfolder. Subfolders:")
    shared = {field.name for field in fields(LayerOptions)} - _FOR_ONE_LAYER_ONLY
    layers = {
        name: _options(file, name, options, shared | _FOR_ONE_LAYER_ONLY) for name in _order(file, document, names)
    }
    for name, layer in layers.items():
        if layer.opt_entry is not None and folder_fault(path / name / layer.opt_entry):
            raise _wrong(file, f"layers.{name}.opt_entry", layer.opt_entry, _KINDS["opt_entry"].expected)
    return LayerDirectory(path, _options(file, "defaults", document, shared), layers, _lines(file, options))


def _lines(file: Path, tables: Iterable[str]) -> dict[str, int]:
    """Return the lines of the headers of tables such as [layers.data]; without those that are written in other ways."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    headers = {match[1]: number for number, line in enumerate(lines, start=1) if (match := _HEADER.match(line))}
    return {name: headers[name] for name in tables if name in headers}


def _subfolders(path: Path) -> list[str]:
    if folder_fault(path):
        message = f"{missing_folder('folder of layers', path)} Give a folder with one subfolder for each layer."
        raise EntryError(message)
    names = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith((".", "_")))
    if not names:
        message = f"The folder of layers {str(path)!r} has no subfolder. Make one for each layer."
        raise EntryError(message)
    return names


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return parse_toml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read as UTF-8 text: {error}."
        raise EntryError(message) from None
    except ValueError as error:
        message = f"{file} is not TOML: {error}."
        raise EntryError(message) from None


def _order(file: Path, document: Mapping[str, Any], names: list[str]) -> tuple[str, ...]:
    if "order" not in document:
        return tuple(names)
    order = strings(document["order"])
    if order is None:
        raise _wrong(file, "order", document["order"], "a list of the layers' names")
    repeated = sorted({name for name in order if order.count(name) > 1})
    missing = [name for name in names if name not in order]
    unknown = [name for name in order if name not in names]
    faults = (("names twice:", repeated), ("names what is not a subfolder:", unknown), ("leaves out:", missing))
    for fault, layers in faults:
        if layers:
            message = (
                f"{file}: order {fault} {', '.join(map(repr, layers))}. It has to name every layer once, lowest first; "
                f"the layers are {', '.join(map(repr, names))}."
            )
            raise UsageError(message)
    return order


def _options(file: Path, name: str, tables: Mapping[str, Any], known: set[str]) -> LayerOptions:
    place = name if name == "defaults" else f"layers.{name}"
    table = _table(file, name, tables, place)
    _expect_known(file, f"{place}.", table, known)
    return LayerOptions(**{key: _value(file, f"{place}.{key}", key, value) for key, value in table.items()})


def _table(file: Path, name: str, tables: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise _wrong(file, place or name, table, "a table")
    return table


def _expect_known(
    file: Path, place: str, table: Mapping[str, Any], known: set[str] | list[str], valid: str = "Valid keys:"
) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        sentences = (
            f"{file}: unknown key {place + unknown[0]!r}.", nearest(unknown[0], known),
            f"{valid} {', '.join(sorted(known))}.",
        )  # fmt: skip
        message = " ".join(filter(None, sentences))
        raise UsageError(message)


def _value(file: Path, place: str, key: str, value: object) -> Any:
    kind = _KINDS[key]
    converted = kind.read(value)
    if converted is None:
        wrong = kind.wrong(place, value)
        raise _wrong(file, wrong.name, wrong.value, wrong.expected, wrong.hint)
    return converted


def _wrong(file: Path, place: str, value: object, expected: str, hint: str = "") -> UsageError:
    return UsageError(f"{file}: {place} is {value!r}, and has to be {expected}.{hint and f' {hint}'}")


def _bytes(value: object) -> int | None:
    return bytes_of(value) if isinstance(value, str) else None


def _some_of(names: Collection[str]) -> Callable[[object], tuple[str, ...] | None]:
    def read(value: object) -> tuple[str, ...] | None:
        listed = strings(value)
        return listed if listed and set(listed) <= set(names) else None

    return read


def _grants(value: object) -> tuple[str, ...] | None:
    listed = strings(value)
    return None if listed is None or not all(map(GRANTEE.fullmatch, listed)) else listed


_GRANTS: Final = 'account ids ("222222222222"), organization ids ("o-a1b2c3d4e5") and "public"'
_STRING: Final = OptionKind(string, "a string")
_STRINGS: Final = OptionKind(strings, "a list of strings", "a string")
_KINDS: Final[Mapping[str, OptionKind]] = {
    "compatible_runtimes": OptionKind(
        _some_of(_RUNTIMES), f"a list of {', '.join(_RUNTIMES)}", f"one of {', '.join(_RUNTIMES)}", _RUNTIMES
    ),
    "compatible_architectures": OptionKind(
        _some_of(ARCHITECTURES),
        f"a list of {' and '.join(ARCHITECTURES)}",
        f"one of {' and '.join(ARCHITECTURES)}",
        ARCHITECTURES,
    ),
    "grants": OptionKind(_grants, f"a list of {_GRANTS}", f"one of {_GRANTS}"),
    "removal_policy": OptionKind(lambda value: value if value in REMOVAL_POLICIES else None, '"retain" or "destroy"'),
    "asset_excludes": _STRINGS,
    "default_excludes": FLAG,
    "follow_links": FLAG,
    "allow_source_builds": _STRINGS,
    "groups": _STRINGS,
    "extras": _STRINGS,
    "bytecode": FLAG,
    "trim": TRIM,
    "dependency_excludes": _STRINGS,
    "aws_services": _STRINGS,
    "try_imports": FLAG,
    "max_unzipped": OptionKind(_bytes, 'a size with its unit, such as "120 MiB"'),
    "docker": FLAG,
    "opt_entry": OptionKind(string, "a folder, relative to the layer's own"),
    "description": _STRING,
    "license": _STRING,
    "layer_version_name": _STRING,
}
