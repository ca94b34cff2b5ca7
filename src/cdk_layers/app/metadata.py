"""Metadata that constructs of this library write into an assembly, and that its reader reads back.

Constructs know what a template cannot contain: the declared order of layers, the user's own limits, the notes of a
build. They write it as construct metadata, which is a part of the cloud assembly. Some keys are in the template.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.notes import NO_REPORT, BuildReport, Note
from cdk_layers.findings import Origin
from cdk_layers.system.document_values import items, mapping
from cdk_layers.system.project_paths import is_project_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_PREFIX: Final = "cdk-layers:"

FUNCTIONS: Final = f"{_PREFIX}functions"
"""Construct metadata of a stack: the declarations of all of its functions, as one JSON string. See `functions_text`."""

BUILD: Final = f"{_PREFIX}build"
"""Construct metadata of a layer: its origin, digest, budget_bytes, notes, savings and uncompiled. See `build_data`."""

PUBLIC: Final = f"{_PREFIX}public"
"""Construct metadata of a permission that `LayerGrant.public()` requested: True."""

UNBUILT: Final = f"{_PREFIX}unbuilt"
"""Construct metadata of a layer or a function whose stack the CDK did not bundle: True. Its asset is the entry."""

GENERATED: Final = f"{_PREFIX}generated"
"""Template metadata of a layer version: the names of its properties that are generated from its distributions."""

LAYER_DIGESTS: Final = f"{_PREFIX}layer-digests"
"""Template metadata of a function: "Hub/base=<digest>, Hub/data=<digest>", so that it changes with its layers."""

_SEPARATOR: Final = ", "


@dataclass(frozen=True, slots=True)
class ImportedLayer:
    """A declared layer whose ARN is an expression, such as the value of an SSM parameter."""

    label: str
    arn: Any
    """A token in the app; in the assembly, an expression in terms of the function's template."""


@dataclass(frozen=True, slots=True)
class ConstructMetadata:
    """This library's metadata of one construct."""

    declared_layers: tuple[str | ImportedLayer, ...] | None = None
    report: BuildReport = NO_REPORT
    budget_bytes: int | None = None
    digest: str | None = None
    runtime: str | None = None
    """The runtime that a function's code was built for."""

    public_on_purpose: bool = False
    is_unbuilt: bool = False
    """Whether the asset is the entry folder, since the CDK did not bundle the stack."""


def build_data(
    budget_bytes: int | None,
    report: BuildReport,
    *,
    digest: str | None = None,
    layers: Sequence[str | ImportedLayer] = (),
    runtime: str | None = None,
    origin: Origin | None = None,
) -> dict[str, Any]:
    """Return the value of `BUILD`, or the declarations of one function for `functions_text`, without empty values.

    Args:
        budget_bytes: The user's own limit on its unzipped bytes.
        report: The report of its build.
        digest: A digest of a layer's content.
        layers: The layers of a function in declared order: construct paths, literal ARNs, or imported layers.
        runtime: The runtime that the code of a function was built for.
        origin: Where the user wrote the construct.
    """
    data = {
        "layers": layers, "digest": digest, "budget_bytes": budget_bytes,
        "notes": [asdict(note) for note in report.notes], "savings": _lists(report.savings),
        "uncompiled": [*report.uncompiled], "runtime": runtime,
        "origin": origin and {name: value for name, value in asdict(origin).items() if value},
    }  # fmt: skip
    return {name: value for name, value in data.items() if value}


def functions_text(functions: Mapping[str, Mapping[str, Any]], resolve: Callable[[str], Any]) -> str:
    """Return the value of `FUNCTIONS`. It is a string, since the CDK would resolve each value of an object.

    Args:
        functions: The `build_data` of each function, by its construct path.
        resolve: Returns the expression of a token.
    """

    def resolved(layer: ImportedLayer) -> dict[str, Any]:
        return {"label": layer.label, "arn": resolve(layer.arn)}

    return json.dumps(functions, default=resolved)


def generated_text(properties: Iterable[str]) -> str:
    """Return the value of `GENERATED`."""
    return _SEPARATOR.join(properties)


def generated_properties(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the generated properties in a resource's template metadata."""
    text = metadata.get(GENERATED)
    return tuple(text.split(_SEPARATOR)) if isinstance(text, str) else ()


def layer_digests_text(digests: Iterable[str]) -> str:
    """Return the value of `LAYER_DIGESTS`: "path=digest" pairs in their order."""
    return _SEPARATOR.join(sorted(digests))


def read_entry(path: str, key: object, data: Any) -> dict[str, dict[str, Any]]:
    """Return this library's metadata in one entry of construct metadata, by construct path and type without its prefix.

    Args:
        path: The construct that has the entry.
        key: The entry's type.
        data: The entry's data, which is untrusted.

    Returns:
        The metadata of one construct, or of each function for the `FUNCTIONS` of a stack; {} for other metadata.
    """
    if not isinstance(key, str) or not key.startswith(_PREFIX):
        return {}
    if key == FUNCTIONS:
        return {function: {"layers": declared} for function, declared in _functions(data).items()}
    return {path: {key.removeprefix(_PREFIX): data}}


def read_origin(entries: Mapping[str, Any]) -> Origin | None:
    """Return where the user wrote a construct; None if its metadata does not contain it.

    Args:
        entries: The result of `read_entry` for its path.
    """
    data = {**mapping(entries, "layers"), **mapping(entries, "build")}.get("origin")
    if not isinstance(data, dict):
        return None
    file, line, manifest, checksum = (data.get(name) for name in ("file", "line", "manifest", "checksum"))
    manifest = manifest if is_project_path(manifest) else ""
    if is_project_path(file) and type(line) is int and line > 0:
        return Origin(file, line, manifest, checksum if type(checksum) is int else None)
    return Origin(manifest=manifest) if manifest else None


def read_metadata(entries: Mapping[str, Any]) -> ConstructMetadata:
    """Return this library's metadata of one construct.

    Args:
        entries: The result of `read_entry` for its path.
    """
    layers, build = entries.get("layers"), entries.get("build")
    declared = layers.get("layers") if isinstance(layers, dict) else layers
    data = {**mapping(layers), **mapping(build)}
    budget, digest, runtime = data.get("budget_bytes"), data.get("digest"), data.get("runtime")
    return ConstructMetadata(
        declared_layers=tuple(map(_layer, declared)) if isinstance(declared, list) else None,
        report=BuildReport(_notes(data.get("notes")), _savings(data.get("savings")), _strings(data.get("uncompiled"))),
        budget_bytes=budget if isinstance(budget, int) else None,
        digest=digest if isinstance(digest, str) else None,
        runtime=runtime if isinstance(runtime, str) else None,
        public_on_purpose=bool(entries.get("public")),
        is_unbuilt=bool(entries.get("unbuilt")),
    )


def _layer(entry: object) -> str | ImportedLayer:
    if isinstance(entry, dict) and "arn" in entry:
        return ImportedLayer(str(entry.get("label")), entry["arn"])
    return str(entry)


def _functions(data: object) -> dict[str, Any]:
    try:
        functions = json.loads(data) if isinstance(data, str) else None
    except (ValueError, RecursionError):
        return {}
    return mapping(functions)


def _lists(savings: Mapping[str, tuple[int, int]]) -> dict[str, list[int]]:
    """Return savings in values that jsii accepts."""
    return {kind: list(found) for kind, found in savings.items()}


def _savings(data: object) -> dict[str, tuple[int, int]]:
    return {
        str(kind): (found[0], found[1])
        for kind, found in mapping(data).items()
        if isinstance(found, list) and len(found) == 2 and all(type(number) is int for number in found)  # noqa: PLR2004
    }


def _strings(data: object) -> tuple[str, ...]:
    return tuple(item for item in items(data) if isinstance(item, str))


def _notes(entries: object) -> tuple[Note, ...]:
    return tuple(
        Note(
            str(entry["rule"]),
            str(entry["message"]),
            str(entry["remedy"]),
            is_warning=entry.get("is_warning") is True,
            distribution=str(entry.get("distribution") or ""),
        )
        for entry in items(entries)
        if isinstance(entry, dict) and all(name in entry for name in ("rule", "message", "remedy"))
    )
