"""The constructs of a template's resources: their paths, and the metadata and acknowledgements that they wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.metadata import read_entry, read_metadata, read_origin
from cdk_layers.findings import Origin
from cdk_layers.system.document_values import items, texts
from cdk_layers.system.project_paths import is_installed, project_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.app.metadata import ConstructMetadata

_LOGICAL_ID: Final = "aws:cdk:logicalId"
_TEMPLATE_FILE: Final = "aws:cdk:templateFile"
_CREATED_BY: Final = "aws:cdk:creationStack"
_PLUGIN: Final = "cdk-layers::"

DEFAULT_CHILDREN: Final = ("Resource", "Default")
"""The ids of the resource in an L2 construct."""

_ACKNOWLEDGED: Final = "aws:cdk:acknowledged-rules"
_FRAME: Final = re.compile(r"\(([^()]+?):([1-9][0-9]{0,8})(?::[0-9]{1,9})?\)\Z")
_BUNDLING_MODULE: Final = "@aws-cdk/aws-lambda-python-alpha"
"""The module whose constructs always bundle their asset. Source: its lib/bundling.ts."""


@dataclass(frozen=True, slots=True)
class Constructs:
    """The constructs of one stack, by the logical ids of their resources."""

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Logical ids to construct paths: several if nested stacks use the same logical id."""

    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Construct paths to this library's metadata: the type without its prefix, to its data."""

    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Construct paths to the rules of this library that are acknowledged there, with the reasons."""

    bundling: frozenset[str] = frozenset()
    """Construct paths of resources that a construct of the CDK created which always bundles its asset."""

    templates: Mapping[str, str] = field(default_factory=dict)
    """Names of template files to the construct paths of their stacks. Source: `CDK_TEMPLATE_FILE_KEY` of cx-api."""

    created: Mapping[str, Origin] = field(default_factory=dict)
    """Construct paths to the lines that create them, as far as the CDK recorded them: for apps in TypeScript or
    JavaScript, and with `cdk synth --debug` for those in other languages."""

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Constructs:
        """Read the metadata of one stack: construct paths to lists of entries with a type and data."""
        paths: dict[str, tuple[str, ...]] = {}
        own: dict[str, dict[str, Any]] = {}
        acknowledged: dict[str, dict[str, str]] = {}
        bundling: set[str] = set()
        created: dict[str, Origin] = {}
        templates: dict[str, str] = {}
        for name, entries in metadata.items():
            path = name.strip("/")
            for entry in items(entries):
                kind, data = (entry.get("type"), entry.get("data")) if isinstance(entry, dict) else (None, None)
                if kind == _LOGICAL_ID and isinstance(data, str):
                    paths[data] = (*paths.get(data, ()), path)
                elif kind == _ACKNOWLEDGED and isinstance(data, dict):
                    acknowledged.setdefault(path, {}).update(own_rules(data))
                elif kind == _TEMPLATE_FILE and isinstance(data, str):
                    templates[data] = path
                elif kind == _CREATED_BY:
                    bundling.update([path] if _BUNDLING_MODULE in str(data) else ())
                    created.update({path: origin} if (origin := _creating_line(data)) else {})
                for construct, found in read_entry(path, kind, data).items():
                    own.setdefault(construct, {}).update(found)
        return cls(paths, own, acknowledged, frozenset(bundling), templates, created)

    def path_of(self, logical_id: str, within: str, other_stacks: tuple[str, ...] = ()) -> str | None:
        """Return the construct path of a resource.

        Args:
            logical_id: Its logical id.
            within: The construct path of its stack. Paths below it are preferred.
            other_stacks: Construct paths of the stacks in that one, which come last.
        """
        paths = self.paths.get(logical_id, ())
        inside = [path for path in paths if path.startswith(f"{within}/")]
        own = [path for path in inside if not path.startswith(tuple(f"{nested}/" for nested in other_stacks))]
        return next(iter((*own, *inside, *paths)), None)

    def stacks_in(self, stack: str) -> tuple[str, ...]:
        """Return the construct paths of the stacks in a stack that name their template file, such as products."""
        return tuple(path for path in self.templates.values() if path.startswith(f"{stack}/"))

    def metadata_of(self, path: str) -> ConstructMetadata:
        """Return the metadata of a construct and of the resource in it."""
        return read_metadata(self._data_of(path))

    def origin_of(self, path: str) -> Origin | None:
        """Return where the user wrote a construct, or the one that created it, such as the layer of a grant."""
        own = read_origin(self._data_of(path)) or read_origin(self._data_of(path.rpartition("/")[0]))
        recorded = (self.created[place] for place in _with_default_children(path) if place in self.created)
        return own or next(recorded, None)

    def _data_of(self, path: str) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for place in _with_default_children(path):
            data.update(self.metadata.get(place, {}))
        return data


def _with_default_children(path: str) -> tuple[str, ...]:
    return (path, *(f"{path}/{child}" for child in DEFAULT_CHILDREN))


def _creating_line(trace: object) -> Origin | None:
    """Return the innermost line of a file in the working folder in a trace such as "new Hub (/app/lib/hub.ts:3:5)"."""
    for frame in texts(trace):
        if found := _FRAME.search(frame):
            path = project_path(found[1])
            if path and not is_installed(path):
                return Origin((Path.cwd() / path).as_posix(), int(found[2]))
    return None


def own_rules(acknowledged: Mapping[str, Any]) -> dict[str, str]:
    """Return the acknowledged rules of this library, by their names without prefix, with the reasons."""
    return {
        name.removeprefix(_PLUGIN): str(reason) for name, reason in acknowledged.items() if name.startswith(_PLUGIN)
    }


def without_default_child(path: str) -> str:
    """Return the path of the construct that the user created: the L2 construct, not the resource in it."""
    head, _, last = path.rpartition("/")
    return head if head and last in DEFAULT_CHILDREN else path
