"""A folder of layers, one a subfolder, and the small file beside them that says their order and options.

```toml
order = ["base", "data", "tools"]        # lowest first; without it, the subfolders by name

[defaults]                               # for all layers
compatible_runtimes = ["python3.13"]
compatible_architectures = ["arm64"]
grants = ["222222222222", "o-a1b2c3d4e5"]

[layers.data]                            # for one layer; its grants come on top of the shared ones
description = "pandas and numpy"
max_unzipped = "120 MiB"
groups = ["lambda"]                      # dependency groups of its lock file; extras = [...] likewise

[layers.tools]
opt_entry = "."                          # lands in /opt as it is; relative to the layer's own subfolder
```
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.content_options import TRIM_VALUES, trim_of
from cdk_layers.errors import EntryError, UsageError
from cdk_layers.lambda_service.arn import GRANTEE
from cdk_layers.lambda_service.runtimes import ARCHITECTURES, BUILDABLE_PYTHONS
from cdk_layers.system import toml
from cdk_layers.system.wording import bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

FILE_NAME: Final = "layers.toml"
"""The file's name."""

REMOVAL_POLICIES: Final = ("retain", "destroy")
_RUNTIMES: Final = tuple(f"python{version}" for version in BUILDABLE_PYTHONS)


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """The options of one layer, or of all; None and () where the file does not say."""

    compatible_runtimes: tuple[str, ...] = ()
    """Names in Lambda's API, such as "python3.13"."""

    compatible_architectures: tuple[str, ...] = ()
    """"x86_64", "arm64", or both."""

    grants: tuple[str, ...] = ()
    """Account ids of 12 digits, organization ids, or "public"."""

    removal_policy: str | None = None
    """"retain" or "destroy"."""

    asset_excludes: tuple[str, ...] = ()
    default_excludes: bool | None = None
    follow_links: bool | None = None
    allow_source_builds: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    bytecode: bool | None = None
    trim: bool | tuple[str, ...] | None = None
    dependency_excludes: tuple[str, ...] | None = None
    aws_services: tuple[str, ...] | None = None
    max_unzipped: int | None = None
    """In bytes. In the file, a text with a unit: "120 MiB"."""

    docker: bool = False
    opt_entry: str | None = None
    """A folder, relative to the layer's own subfolder."""

    description: str | None = None
    license: str | None = None
    layer_version_name: str | None = None


_OF_ONE_LAYER: Final = frozenset({"opt_entry", "description", "license", "layer_version_name"})


@dataclass(frozen=True, slots=True)
class LayerDirectory:
    """What a folder of layers says."""

    path: Path
    defaults: LayerOptions
    layers: Mapping[str, LayerOptions]
    """The options of every layer by its name, which is its subfolder's, in merge order: lowest first."""


def read_layer_directory(path: Path) -> LayerDirectory:
    """Read a folder of layers.

    Args:
        path: A folder with one subfolder a layer and, if any option is needed, a `layers.toml`. Subfolders whose names
            begin with "." or "_" are no layers.

    Raises:
        EntryError: There is no such folder, or no layer in it, or its `layers.toml` is not TOML.
        UsageError: The `layers.toml` says something that makes no sense.
    """
    names = _subfolders(path)
    file = path / FILE_NAME
    said = _parsed(file) if file.exists() else {}
    _expect_known(file, "", said, {"order", "defaults", "layers"})
    options = _table(file, "layers", said)
    _expect_known(file, "layers.", options, names, "There is no such subfolder; there are")
    shared = {field.name for field in fields(LayerOptions)} - _OF_ONE_LAYER
    return LayerDirectory(
        path,
        _options(file, "defaults", said, shared),
        {name: _options(file, name, options, shared | _OF_ONE_LAYER) for name in _order(file, said, names)},
    )


def _subfolders(path: Path) -> list[str]:
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        message = f"The folder of layers {str(path)!r} {what}. Give a folder with one subfolder for each layer."
        raise EntryError(message)
    names = sorted(one.name for one in path.iterdir() if one.is_dir() and not one.name.startswith((".", "_")))
    if not names:
        message = f"The folder of layers {str(path)!r} has no subfolder. Make one for each layer."
        raise EntryError(message)
    return names


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return toml.loads(file.read_text(encoding="utf-8"))
    except toml.TOMLDecodeError as error:
        message = f"{file} is not TOML: {error}."
        raise EntryError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read as UTF-8 text: {error}."
        raise EntryError(message) from None


def _order(file: Path, said: Mapping[str, Any], names: list[str]) -> tuple[str, ...]:
    if "order" not in said:
        return tuple(names)
    order = _texts(said["order"])
    if order is None:
        raise _wrong(file, "order", said["order"], "a list of the layers' names")
    repeated = sorted({name for name in order if order.count(name) > 1})
    missing = [name for name in names if name not in order]
    strange = [name for name in order if name not in names]
    for what, which in (("names twice", repeated), ("names, without a subfolder,", strange), ("leaves out", missing)):
        if which:
            message = (
                f"{file}: order {what} {', '.join(map(repr, which))}. It has to name every layer once, lowest first; "
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
    file: Path, place: str, table: Mapping[str, Any], known: set[str] | list[str], why: str = "Known here are"
) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        message = f"{file}: {place}{unknown[0]} means nothing. {why} {', '.join(sorted(known))}."
        raise UsageError(message)


def _value(file: Path, place: str, key: str, value: object) -> Any:
    read, expected = _KINDS[key]
    found = read(value)
    if found is None:
        raise _wrong(file, place, value, expected)
    return found


def _wrong(file: Path, place: str, value: object, expected: str) -> UsageError:
    return UsageError(f"{file}: {place} is {value!r}, and has to be {expected}.")


def _texts(value: object) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _bytes(value: object) -> int | None:
    return bytes_of(value) if isinstance(value, str) else None


def _some_of(names: Collection[str]) -> Callable[[object], tuple[str, ...] | None]:
    def read(value: object) -> tuple[str, ...] | None:
        texts = _texts(value)
        return texts if texts and set(texts) <= set(names) else None

    return read


def _grants(value: object) -> tuple[str, ...] | None:
    texts = _texts(value)
    return None if texts is None or not all(GRANTEE.fullmatch(one) for one in texts) else texts


_TEXT: Final = (_text, "a text")
_TEXTS: Final = (_texts, "a list of texts")
_KINDS: Final[dict[str, tuple[Callable[[object], object | None], str]]] = {
    "compatible_runtimes": (_some_of(_RUNTIMES), f"a list of {', '.join(_RUNTIMES)}"),
    "compatible_architectures": (_some_of(ARCHITECTURES), f"a list of {' and '.join(ARCHITECTURES)}"),
    "grants": (
        _grants,
        'a list of account ids ("222222222222"), organization ids ("o-a1b2c3d4e5") and "public"',
    ),
    "removal_policy": (lambda value: value if value in REMOVAL_POLICIES else None, '"retain" or "destroy"'),
    "asset_excludes": _TEXTS,
    "default_excludes": (_flag, "true or false"),
    "follow_links": (_flag, "true or false"),
    "allow_source_builds": _TEXTS,
    "groups": _TEXTS,
    "extras": _TEXTS,
    "bytecode": (_flag, "true or false"),
    "trim": (trim_of, TRIM_VALUES.replace("True, False", "true, false")),
    "dependency_excludes": _TEXTS,
    "aws_services": _TEXTS,
    "max_unzipped": (_bytes, 'a size with its unit, such as "120 MiB"'),
    "docker": (_flag, "true or false"),
    "opt_entry": (_text, "a folder, relative to the layer's own"),
    "description": _TEXT,
    "license": _TEXT,
    "layer_version_name": _TEXT,
}
