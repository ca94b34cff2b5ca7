"""Stacks of an assembly: their templates, accounts and Regions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.constructs import Constructs, without_default_child
from cdk_layers.errors import AssemblyError
from cdk_layers.findings import Where
from cdk_layers.lambda_service.regions import partition_of
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

UNKNOWN: Final = ("unknown-account", "unknown-region")
"""Account and Region that the CDK writes for a stack without an environment."""


@dataclass(frozen=True, eq=False, slots=True)
class Resource:
    """A resource of a template."""

    stack: Stack = field(repr=False)
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]
    """The whole resource, with Metadata, Condition, DeletionPolicy and so on."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its Metadata; {} if it has none."""
        return mapping(self.attributes, "Metadata")

    @property
    def transforms(self) -> tuple[str, ...]:
        """The names of the macros that its own `Fn::Transform` calls, in its properties or next to them."""
        calls = [body["Fn::Transform"] for body in (self.attributes, self.properties) if "Fn::Transform" in body]
        return tuple(str(mapping(call).get("Name", "Fn::Transform")) for call in calls)

    @property
    def where(self) -> Where:
        """Its place, with the path of the construct that the user created if that is known."""
        path = self.stack.construct_path(self)
        return Where(path, str(self.stack.path), self.logical_id, self.stack.constructs.origin_of(path))


@dataclass(eq=False, slots=True)
class Stack:
    """A template, and the stack that it is deployed as."""

    path: Path
    """The template's file."""

    document: Mapping[str, Any] = field(repr=False)
    name: str | None = None
    """The name of the CloudFormation stack."""

    construct: str | None = None
    """The stack's construct path."""

    label: str | None = None
    """What paths of its resources begin with if they have no construct paths. Defaults to the template's file name."""

    account: str | None = None
    region: str | None = None
    constructs: Constructs = field(default_factory=Constructs, repr=False)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The literal values of parameters in the assembly."""

    parent: Resource | None = field(default=None, repr=False)
    """The resource that makes this a nested stack."""

    nested: dict[str, Stack] = field(default_factory=dict, repr=False)
    """The nested stacks by their logical ids."""

    resources: dict[str, Resource] = field(init=False, repr=False)
    parameters: Mapping[str, Any] = field(init=False, repr=False)
    conditions: Mapping[str, Any] = field(init=False, repr=False)
    mappings: Mapping[str, Any] = field(init=False, repr=False)
    outputs: Mapping[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the sections of the template.

        Raises:
            AssemblyError: It is not a template.
        """
        # The CDK writes an empty template for an empty stack.
        found = self.document.get("Resources", {})
        if not isinstance(found, dict):
            message = f"{self.path} is not a CloudFormation template: its Resources are not a mapping."
            raise AssemblyError(message)
        self.resources = {name: self._resource(name, body) for name, body in found.items() if isinstance(body, dict)}
        self.parameters = mapping(self.document, "Parameters")
        self.conditions = mapping(self.document, "Conditions")
        self.mappings = mapping(self.document, "Mappings")
        self.outputs = mapping(self.document, "Outputs")

    def _resource(self, name: str, body: Mapping[str, Any]) -> Resource:
        kind = body.get("Type")
        return Resource(self, str(name), kind if isinstance(kind, str) else "", mapping(body, "Properties"), body)

    @property
    def partition(self) -> str | None:
        """The partition; None if the Region is not known."""
        return partition_of(self.region) if self.region else None

    @property
    def macros(self) -> tuple[str, ...]:
        """The names of the macros that process the whole template, without those of AWS.

        Those of AWS either have their own readers here or leave functions unchanged.
        """
        declared = self.document.get("Transform", [])
        listed = declared if isinstance(declared, list) else [declared]
        names = (str(each.get("Name")) if isinstance(each, dict) else str(each) for each in listed)
        return tuple(name for name in names if not name.startswith("AWS::"))

    @property
    def may_define_more_conditions(self) -> bool:
        """Whether macros, included snippets or loops (`Fn::ForEach`) may define conditions besides those read here."""
        is_generated = any(str(name).startswith("Fn::") for name in self.conditions)
        return is_generated or "Fn::Transform" in self.document or bool(self.macros)

    def is_undefined(self, name: object) -> bool:
        """Return whether what a `Ref` names is neither a resource, a parameter nor a pseudo parameter.

        SAM generates resources whose names contain a dot.
        """
        is_plain = isinstance(name, str) and "." not in name and "::" not in name
        return is_plain and name not in self.resources and name not in self.parameters

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of some types."""
        return (resource for resource in self.resources.values() if resource.type in types)

    def construct_path(self, resource: Resource) -> str:
        """Return the construct path of a resource; if it is not known, "<label>#<logical id>".

        In a nested stack, that is "<label>#<nested stack>/<logical id>": its template is often called template.yaml
        too.
        """
        metadata = resource.metadata.get("aws:cdk:path")
        path = metadata if isinstance(metadata, str) else None
        if path is None and self.construct is not None:
            nested = tuple(stack.construct for stack in self.nested.values() if stack.construct)
            inner = (*nested, *self.constructs.stacks_in(self.construct))
            path = self.constructs.path_of(resource.logical_id, self.construct, inner)
        if path:
            return without_default_child(path)
        outer = f"{self.label or self.path.name}#" if self.parent is None else f"{self.parent.where.path}/"
        return f"{outer}{resource.logical_id}"
