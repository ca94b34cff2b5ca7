"""What leads from one stack of an assembly to another: exports, outputs, parameters in SSM, nested stacks."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.evaluate.branches import UndecidedError
from cdk_layers.assembly.evaluate.values import Unknown, as_text, through
from cdk_layers.assembly.stacks import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_layers.assembly.evaluate.values import Evaluator, Means, Value
    from cdk_layers.assembly.stacks import Resource, Stack

NESTED_STACKS: Final = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_ROLE: Final = re.compile(r"arn:[^:]*:iam::(\d{12}):")
_PARAMETER_ARN: Final = re.compile(r"arn:[^:]*:ssm:[^:]*:\d{12}:parameter(/.+)")
_EDGE_READER: Final = "Custom::CrossRegionStringParameterReader"
_EXPORT_READER: Final = "Custom::CrossRegionExportReader"
_READERS: Final = (_EDGE_READER, _EXPORT_READER)
_EXPORT_WRITER: Final = "Custom::CrossRegionExportWriter"


@dataclass(frozen=True, slots=True)
class _Place:
    """An expression that a name leads to."""

    stack: Stack
    expression: Any
    region: str | None
    """Where the name is known; None where that cannot be told."""


@dataclass(slots=True)
class Links:
    """All links between the stacks of one assembly."""

    stacks: Sequence[Stack]
    _exports: dict[str, list[_Place]] | None = None
    _parameters: dict[str, list[_Place]] | None = None
    _compared: dict[Stack, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def exported(self, name: str, stack: Stack, evaluation: Evaluator) -> Value | None:
        """Return what an export of that name holds in a stack's account and Region, or None."""
        if self._exports is None:
            self._exports = defaultdict(list)
            for one in self.stacks:
                for output in one.outputs.values():
                    exported = _plain_text(mapping(mapping(output).get("Export")).get("Name"), one, evaluation)
                    if exported is not None:
                        self._exports[exported].append(_Place(one, mapping(output).get("Value"), one.region))
        return self._follow(self._exports.get(name, ()), stack, f"export {name}", evaluation, "import-value")

    def ssm(self, name: str, stack: Stack, evaluation: Evaluator, *, region: str | None = None) -> Value | None:
        """Return what an SSM parameter that the assembly defines holds, or None.

        Args:
            name: The parameter's name.
            stack: The stack that reads it.
            evaluation: What reads it.
            region: The Region that it is read in; the stack's own by default.
        """
        if self._parameters is None:
            self._parameters = defaultdict(list)
            for defined, place in self._defined_parameters(evaluation):
                self._parameters[defined].append(place)
        places = self._parameters.get(_parameter_name(name), ())
        return self._follow(places, stack, f"SSM parameter {name}", evaluation, "parameter", region=region)

    def _defined_parameters(self, evaluation: Evaluator) -> Iterator[tuple[str, _Place]]:
        for stack in self.stacks:
            for resource in stack.of_type("AWS::SSM::Parameter"):
                name = _plain_text(resource.properties.get("Name"), stack, evaluation)
                if name is not None:
                    yield name, _Place(stack, resource.properties.get("Value"), stack.region)
            for resource in stack.of_type(_EXPORT_WRITER):
                written = mapping(resource.properties.get("WriterProps"))
                region = as_text(written.get("region"))
                for name, expression in mapping(written.get("exports")).items():
                    yield name, _Place(stack, expression, region)

    def stack_output(self, body: Mapping[str, Any], stack: Stack, evaluation: Evaluator) -> Value:
        """Return what `Fn::GetStackOutput` returns."""
        name, output, region, role = (
            evaluation.value(body.get(key), stack) for key in ("StackName", "OutputName", "Region", "RoleArn")
        )
        account = _ROLE.match(role.text if isinstance(role, Unknown) else as_text(role) or "")
        region = region if isinstance(region, str) else None if region else stack.region
        named = [
            one
            for one in self.stacks
            if isinstance(output, str) and one.parent is None and one.name == name
            and _may_be(one.region, region) and _may_be(one.account, account[1] if account else None)
        ]  # fmt: skip
        places = [
            _Place(one, mapping(one.outputs.get(output)).get("Value"), region) for one in named if output in one.outputs
        ]
        found = None
        if places:
            label = f"output {output} of {name}"
            found = through(evaluation.follow(label, places[0].expression, places[0].stack), "stack-output")
        lacks = not places and any(one.region == region for one in named)
        means: Means = "missing-output" if lacks else "stack-output"
        return Unknown(f"${{Fn::GetStackOutput {name}.{output}}}", means) if found is None else found

    def attribute(self, resource: Resource, attribute: str, evaluation: Evaluator) -> Value | None:
        """Return what an attribute of a resource is when the resource only hands it on, or None."""
        if resource.type in NESTED_STACKS and attribute.startswith("Outputs."):
            return _nested_output(resource, attribute.removeprefix("Outputs."), evaluation)
        if resource.type == "AWS::SSM::Parameter" and attribute in ("", "Value"):
            return _own_parameter(resource, attribute or "Name", evaluation)
        if resource.type in _READERS and attribute:
            return self._read_elsewhere(resource, attribute, evaluation)
        return None

    def _read_elsewhere(self, resource: Resource, attribute: str, evaluation: Evaluator) -> Value | None:
        """Return what the CDK's own custom resources read: from another Region, of an edge function or an export."""
        if resource.type == _EXPORT_READER:
            found = self.ssm(attribute, resource.stack, evaluation)
            return None if found is None else through(found, "import-value")
        name, region = (
            evaluation.text(resource.properties.get(key), resource.stack) for key in ("ParameterName", "Region")
        )
        return self.ssm(name, resource.stack, evaluation, region=region) if name else None

    def compared(self, stack: Stack) -> Mapping[str, tuple[str, ...]]:
        """Return which literals a template's conditions compare each parameter with, by the parameter's name."""
        if stack not in self._compared:
            found: dict[str, dict[str, None]] = defaultdict(dict)
            keys = [key for one in stack.mappings.values() for key in mapping(one)]
            _collect(dict(stack.conditions), found, keys)
            self._compared[stack] = {name: tuple(values) for name, values in found.items()}
        return self._compared[stack]

    def first_with_parameter(self, stack: Stack, name: str) -> Stack:
        """Return the first stack that declares and compares a parameter as a stack does, most often itself.

        `cdk deploy --parameters Name=value` sets it for all of them, so that conditions of
        several stacks on one such parameter agree.
        """
        declared, compared = stack.parameters[name], self.compared(stack).get(name)
        same = (
            one for one in self.stacks
            if one.parent is None and one.parameters.get(name) == declared and self.compared(one).get(name) == compared
        )  # fmt: skip
        return stack if stack.parent is not None else next(same, stack)

    def _follow(
        self, places: Sequence[_Place], stack: Stack, label: str, evaluation: Evaluator, means: Means,
        *, region: str | None = None,
    ) -> Value | None:  # fmt: skip
        near = region or stack.region
        for place in places:
            if _may_be(place.region, near) and _may_be(place.stack.account, stack.account):
                return through(evaluation.follow(label, place.expression, place.stack), means)
        return None


def _collect(expression: Any, found: dict[str, dict[str, None]], keys: Sequence[str]) -> None:
    waiting = [expression]
    while waiting:
        one = waiting.pop()
        parts = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        sides = one.get("Fn::Equals") if isinstance(one, dict) else None
        literals = [text for text in map(as_text, sides if isinstance(sides, list) else ()) if text is not None]
        for side in sides if isinstance(sides, list) else ():
            if isinstance(side, dict) and isinstance(side.get("Ref"), str):
                found[side["Ref"]].update(dict.fromkeys(literals))
        looked_up = one.get("Fn::FindInMap") if isinstance(one, dict) else None
        for key in looked_up if isinstance(looked_up, list) else ():
            if isinstance(key, dict) and isinstance(key.get("Ref"), str):
                found[key["Ref"]].update(dict.fromkeys(keys))
        waiting.extend(parts)


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


def _parameter_name(said: str) -> str:
    """Return the name of an SSM parameter: of `name:version`, or of the ARN by which another account shares it.

    Source: the Systems Manager user guide; the ARN of "/layers/base" ends with "parameter/layers/base".
    """
    match = _PARAMETER_ARN.match(said)
    return (match[1] if match else said).partition(":")[0]


def _may_be(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _plain_text(expression: Any, stack: Stack, evaluation: Evaluator) -> str | None:
    """Return a name that no condition decides."""
    try:
        return evaluation.apart().text(expression, stack)
    except UndecidedError:
        return None
