"""Links between the stacks of an assembly: exports, outputs, SSM parameters, nested stacks."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.documents import nodes_in
from cdk_layers.assembly.evaluate.scenarios import NeedsChoice
from cdk_layers.assembly.evaluate.values import Unknown, as_text, with_kind
from cdk_layers.system.document_values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_layers.app.model import ReferenceKind
    from cdk_layers.assembly.evaluate.values import Evaluator, Value
    from cdk_layers.assembly.stacks import Resource, Stack

NESTED_STACKS: Final = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_ROLE: Final = re.compile(r"arn:[^:]*:iam::(\d{12}):")
_PARAMETER_ARN: Final = re.compile(r"arn:[^:]*:ssm:[^:]*:\d{12}:parameter(/.+)")
_EDGE_READER: Final = "Custom::CrossRegionStringParameterReader"
_EXPORT_READER: Final = "Custom::CrossRegionExportReader"
_READERS: Final = (_EDGE_READER, _EXPORT_READER)
_EXPORT_WRITER: Final = "Custom::CrossRegionExportWriter"


@dataclass(frozen=True, slots=True)
class _LinkEnd:
    """The expression at the other end of a link."""

    stack: Stack
    expression: Any
    region: str | None
    """The Region in which the name exists; None if it is not known."""


@dataclass(slots=True)
class Links:
    """All links between the stacks of one assembly."""

    stacks: Sequence[Stack]
    _exports: dict[str, list[_LinkEnd]] | None = None
    _parameters: dict[str, list[_LinkEnd]] | None = None
    _compared: dict[Stack, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def export(self, name: str, stack: Stack, evaluation: Evaluator) -> Value | None:
        """Return the value of an export in a stack's account and Region; None if the assembly does not define it."""
        if self._exports is None:
            self._exports = defaultdict(list)
            for defining in self.stacks:
                for output in defining.outputs.values():
                    exported = _plain_text(mapping(output, "Export").get("Name"), defining, evaluation)
                    if exported is not None:
                        self._exports[exported].append(
                            _LinkEnd(defining, mapping(output).get("Value"), defining.region)
                        )
        return self._follow(self._exports.get(name, ()), stack, f"export {name}", evaluation, "import-value")

    def ssm_parameter(
        self, name: str, stack: Stack, evaluation: Evaluator, *, region: str | None = None
    ) -> Value | None:
        """Return the value of an SSM parameter; None if the assembly does not define it.

        Args:
            name: The parameter's name.
            stack: The stack that reads it.
            evaluation: Evaluates the value.
            region: The Region that it is read from. Defaults to that of the stack.
        """
        if self._parameters is None:
            self._parameters = defaultdict(list)
            for defined, end in self._defined_parameters(evaluation):
                self._parameters[defined].append(end)
        ends = self._parameters.get(_parameter_name(name), ())
        return self._follow(ends, stack, f"SSM parameter {name}", evaluation, "parameter", region=region)

    def _defined_parameters(self, evaluation: Evaluator) -> Iterator[tuple[str, _LinkEnd]]:
        for stack in self.stacks:
            for resource in stack.of_type("AWS::SSM::Parameter"):
                name = _plain_text(resource.properties.get("Name"), stack, evaluation)
                if name is not None:
                    yield name, _LinkEnd(stack, resource.properties.get("Value"), stack.region)
            for resource in stack.of_type(_EXPORT_WRITER):
                written = mapping(resource.properties, "WriterProps")
                region = as_text(written.get("region"))
                for name, expression in mapping(written, "exports").items():
                    yield name, _LinkEnd(stack, expression, region)

    def stack_output(self, body: Mapping[str, Any], stack: Stack, evaluation: Evaluator) -> Value:
        """Return the value of `Fn::GetStackOutput`."""
        name, output, region, role = (
            evaluation.value(body.get(key), stack) for key in ("StackName", "OutputName", "Region", "RoleArn")
        )
        account = _ROLE.match(role.text if isinstance(role, Unknown) else as_text(role) or "")
        region = region if isinstance(region, str) else None if region else stack.region
        named = [
            other
            for other in self.stacks
            if isinstance(output, str) and other.parent is None and other.name == name
            and _may_equal(other.region, region) and _may_equal(other.account, account[1] if account else None)
        ]  # fmt: skip
        ends = [
            _LinkEnd(other, mapping(other.outputs, output).get("Value"), region)
            for other in named
            if output in other.outputs
        ]
        found = None
        if ends:
            label = f"output {output} of {name}"
            found = with_kind(evaluation.follow(label, ends[0].expression, ends[0].stack), "stack-output")
        is_missing = not ends and any(other.region == region for other in named)
        kind: ReferenceKind = "missing-output" if is_missing else "stack-output"
        return Unknown(f"${{Fn::GetStackOutput {name}.{output}}}", kind) if found is None else found

    def attribute(self, resource: Resource, attribute: str, evaluation: Evaluator) -> Value | None:
        """Return the value of an attribute that a resource takes from elsewhere; None for other attributes."""
        if resource.type in NESTED_STACKS and attribute.startswith("Outputs."):
            return _nested_output(resource, attribute.removeprefix("Outputs."), evaluation)
        if resource.type == "AWS::SSM::Parameter" and attribute in ("", "Value"):
            return _own_parameter(resource, attribute or "Name", evaluation)
        if resource.type in _READERS and attribute:
            return self._read_elsewhere(resource, attribute, evaluation)
        return None

    def _read_elsewhere(self, resource: Resource, attribute: str, evaluation: Evaluator) -> Value | None:
        """Return the value that a custom resource of the CDK reads from another Region."""
        if resource.type == _EXPORT_READER:
            found = self.ssm_parameter(attribute, resource.stack, evaluation)
            return None if found is None else with_kind(found, "import-value")
        name, region = (
            evaluation.text(resource.properties.get(key), resource.stack) for key in ("ParameterName", "Region")
        )
        return self.ssm_parameter(name, resource.stack, evaluation, region=region) if name else None

    def compared(self, stack: Stack) -> Mapping[str, tuple[str, ...]]:
        """Return the literals that a template's conditions compare parameters with, by the names of the parameters.

        They include those of nested stacks that the parameters are passed to.
        """
        if stack not in self._compared:
            found: dict[str, dict[str, None]] = defaultdict(dict)
            keys = [key for names in stack.mappings.values() for key in mapping(names)]
            _collect(dict(stack.conditions), found, keys)
            for nested in stack.nested.values():
                self._collect_nested(nested, found)
            self._compared[stack] = {name: tuple(values) for name, values in found.items()}
        return self._compared[stack]

    def _collect_nested(self, nested: Stack, found: dict[str, dict[str, None]]) -> None:
        passed = mapping(nested.parent.properties, "Parameters") if nested.parent else {}
        for name, values in self.compared(nested).items():
            outer = mapping(passed, name).get("Ref")
            if isinstance(outer, str):
                found[outer].update(dict.fromkeys(values))

    def first_with_parameter(self, stack: Stack, name: str) -> Stack:
        """Return the first stack that declares and compares a parameter in the same way as a stack.

        `cdk deploy --parameters Name=value` sets the parameter in all stacks that have it, so the conditions of several
        stacks on such a parameter agree.
        """
        declared, compared = stack.parameters[name], self.compared(stack).get(name)
        same = (
            other for other in self.stacks
            if other.parent is None and other.parameters.get(name) == declared
            and self.compared(other).get(name) == compared
        )  # fmt: skip
        return stack if stack.parent is not None else next(same, stack)

    def _follow(
        self, ends: Sequence[_LinkEnd], stack: Stack, label: str, evaluation: Evaluator, kind: ReferenceKind,
        *, region: str | None = None,
    ) -> Value | None:  # fmt: skip
        near = region or stack.region
        for end in ends:
            if _may_equal(end.region, near) and _may_equal(end.stack.account, stack.account):
                return with_kind(evaluation.follow(label, end.expression, end.stack), kind)
        return None


def _collect(expression: Any, found: dict[str, dict[str, None]], keys: Sequence[str]) -> None:
    for node in nodes_in(expression):
        sides = items(mapping(node).get("Fn::Equals"))
        literals = [text for text in map(as_text, sides) if text is not None]
        for side in sides:
            if isinstance(side, dict) and isinstance(side.get("Ref"), str):
                found[side["Ref"]].update(dict.fromkeys(literals))
        for key in items(mapping(node).get("Fn::FindInMap")):
            if isinstance(key, dict) and isinstance(key.get("Ref"), str):
                found[key["Ref"]].update(dict.fromkeys(keys))


def _nested_output(resource: Resource, name: str, evaluation: Evaluator) -> Value | None:
    nested = resource.stack.nested.get(resource.logical_id)
    if nested is None or name not in nested.outputs:
        return None
    label = f"output {name} of {nested.path.name}"
    return evaluation.follow(label, mapping(nested.outputs[name]).get("Value"), nested)


def _own_parameter(resource: Resource, name: str, evaluation: Evaluator) -> Value | None:
    if name not in resource.properties:
        return None
    return evaluation.follow(f"{resource.logical_id}.{name}", resource.properties[name], resource.stack)


def _parameter_name(reference: str) -> str:
    """Return the name of an SSM parameter in `name:version`, or in the ARN by which another account shares it.

    Source: the Systems Manager user guide; the ARN of "/layers/base" ends with "parameter/layers/base".
    """
    match = _PARAMETER_ARN.match(reference)
    return (match[1] if match else reference).partition(":")[0]


def _may_equal(first: str | None, second: str | None) -> bool:
    return first is None or second is None or first == second


def _plain_text(expression: Any, stack: Stack, evaluation: Evaluator) -> str | None:
    """Return the literal string that an expression evaluates to; None if it depends on a choice."""
    try:
        return evaluation.without_choices().text(expression, stack)
    except NeedsChoice:
        return None
