"""What an assembly says about the constructs behind a template: their paths, and the marks that they left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.notes import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOGICAL_ID: Final = "aws:cdk:logicalId"
_PLUGIN: Final = "cdk-layers::"

DEFAULT_CHILDREN: Final = ("Resource", "Default")
"""The ids by which an L2 construct holds its resource."""

_MARK: Final = "cdk-layers:"
_FUNCTIONS: Final = "cdk-layers:functions"
"""What a stack tells of all its functions, by their construct paths, as JSON."""

_ACKNOWLEDGED: Final = "aws:cdk:acknowledged-rules"


@dataclass(frozen=True, slots=True)
class DeclaredImport:
    """A declared layer that is known by an expression alone."""

    label: str
    arn: Any
    """The expression, in terms of the template of the function that declares it."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a construct of this library left in its metadata."""

    declared_layers: tuple[str | DeclaredImport, ...] | None = None
    notes: tuple[Note, ...] = ()
    budget_bytes: int | None = None
    digest: str | None = None
    public_on_purpose: bool = False


@dataclass(frozen=True, slots=True)
class Constructs:
    """The constructs of one stack, by the logical ids of their resources."""

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Logical ids to construct paths: several where nested stacks use the same logical id."""

    marks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Construct paths to this library's metadata: the type without its prefix, to its data."""

    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Construct paths to this library's rules that are acknowledged there, with the reasons."""

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Constructs:
        """Read the metadata of one stack: construct paths to lists of entries with a type and data."""
        paths: dict[str, tuple[str, ...]] = {}
        marks: dict[str, dict[str, Any]] = {}
        acknowledged: dict[str, dict[str, str]] = {}
        for name, entries in metadata.items():
            path = name.strip("/")
            for entry in entries if isinstance(entries, list) else ():
                kind, data = (entry.get("type"), entry.get("data")) if isinstance(entry, dict) else (None, None)
                if kind == _LOGICAL_ID and isinstance(data, str):
                    paths[data] = (*paths.get(data, ()), path)
                elif kind == _FUNCTIONS:
                    for function, declared in _functions(data).items():
                        marks.setdefault(function, {})["layers"] = declared
                elif isinstance(kind, str) and kind.startswith(_MARK):
                    marks.setdefault(path, {})[kind.removeprefix(_MARK)] = data
                elif kind == _ACKNOWLEDGED and isinstance(data, dict):
                    acknowledged.setdefault(path, {}).update(own_rules(data))
        return cls(paths, marks, acknowledged)

    def path_of(self, logical_id: str, within: str, apart_from: tuple[str, ...] = ()) -> str | None:
        """Return the construct path of a resource.

        Args:
            logical_id: Its logical id.
            within: The construct path of its stack; what lies beneath it is preferred.
            apart_from: Construct paths of the stacks nested in that one.
        """
        paths = self.paths.get(logical_id, ())
        inside = [path for path in paths if path.startswith(f"{within}/")]
        own = [path for path in inside if not path.startswith(tuple(f"{nested}/" for nested in apart_from))]
        return next(iter((*own, *inside, *paths)), None)

    def marks_of(self, path: str) -> Marks:
        """Return the marks that a construct, or the resource in it, left."""
        data: dict[str, Any] = {}
        for place in (path, *(f"{path}/{child}" for child in DEFAULT_CHILDREN)):
            data.update(self.marks.get(place, {}))
        layers, build = data.get("layers"), data.get("build")
        declared = layers.get("layers") if isinstance(layers, dict) else layers
        both = {**(layers if isinstance(layers, dict) else {}), **(build if isinstance(build, dict) else {})}
        budget, digest = both.get("budget_bytes"), both.get("digest")
        return Marks(
            declared_layers=tuple(map(_declared, declared)) if isinstance(declared, list) else None,
            notes=_notes(both.get("notes")),
            budget_bytes=budget if isinstance(budget, int) else None,
            digest=digest if isinstance(digest, str) else None,
            public_on_purpose=bool(data.get("public")),
        )


def _declared(entry: object) -> str | DeclaredImport:
    if isinstance(entry, dict) and "arn" in entry:
        return DeclaredImport(str(entry.get("label")), entry["arn"])
    return str(entry)


def _functions(data: object) -> dict[str, Any]:
    try:
        functions = json.loads(data) if isinstance(data, str) else None
    except (ValueError, RecursionError):
        return {}
    return functions if isinstance(functions, dict) else {}


def _notes(entries: object) -> tuple[Note, ...]:
    names = ("rule", "message", "remedy")
    return tuple(
        Note(*(str(entry[name]) for name in names))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and all(name in entry for name in names)
    )


def own_rules(acknowledged: Mapping[str, Any]) -> dict[str, str]:
    """Return those acknowledged rules that are this library's, by their plain names, with the reasons."""
    return {
        name.removeprefix(_PLUGIN): str(reason) for name, reason in acknowledged.items() if name.startswith(_PLUGIN)
    }


def without_default_child(path: str) -> str:
    """Return the path of the construct that a user wrote: an L2's, not that of the resource in it."""
    head, _, last = path.rpartition("/")
    return head if head and last in DEFAULT_CHILDREN else path
