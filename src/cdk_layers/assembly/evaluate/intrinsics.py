"""Evaluation of intrinsic functions of CloudFormation, as far as their values are known before a deploy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import LOOKED_UP_LATER
from cdk_layers.assembly.evaluate.parameters import SSM_PARAMETER, parameter_value
from cdk_layers.assembly.evaluate.scenarios import OtherValue, Scenario
from cdk_layers.assembly.evaluate.values import (
    MAX_CHARACTERS,
    NO_VALUE,
    Reference,
    Unknown,
    as_text,
    describe,
    split,
    with_kind,
)
from cdk_layers.errors import AssemblyError
from cdk_layers.system.document_values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.assembly.evaluate.links import Links
    from cdk_layers.assembly.evaluate.values import Value
    from cdk_layers.assembly.stacks import Stack

_PLACEHOLDER: Final = re.compile(r"\$\{([^{}]*)\}")
_SSM: Final = re.compile(r"\{\{resolve:ssm:([a-zA-Z0-9_.\-/:]+?)(?::\d+)?\}\}")
_DYNAMIC: Final = "{{resolve:"
_SSM_START: Final = "{{resolve:ssm:"
_SSM_END: Final = "}}"
_URL_SUFFIXES: Final = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}
_MAX_STEPS: Final = 100_000
"""Expressions that the evaluation of one resource may need, including those of other stacks."""


@dataclass(slots=True)
class Evaluation:
    """Evaluation of the expressions of one resource, in one scenario."""

    links: Links
    scenario: Scenario
    _conditions: int = 0
    """How many conditions are being evaluated: in these, parameters are choices, whatever their defaults."""

    _steps: int = 0
    _following: list[str] = field(default_factory=list)
    """The links that are being followed, to detect cycles."""

    def value(self, expression: Any, stack: Stack) -> Value:
        """Return the value of an expression in a stack's template.

        Raises:
            AssemblyError: Stacks or conditions refer to each other in a cycle, or the expression exceeds a bound.
            NeedsChoice: It depends on a choice that the scenario has not made yet.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS:
            message = (
                f"{stack.path}: an expression takes more than {_MAX_STEPS} steps to evaluate, which no template needs."
            )
            raise AssemblyError(message)
        if isinstance(expression, str):
            return self._text(expression, stack)
        if isinstance(expression, list):
            return [value for part in expression if (value := self.value(part, stack)) is not NO_VALUE]
        if not isinstance(expression, dict):
            return expression
        if len(expression) == 1:
            name, body = next(iter(expression.items()))
            if name == "Ref":
                return self._ref(str(body), stack)
            if name.startswith("Fn::"):
                function = _FUNCTIONS.get(name)
                return function(self, body, stack) if function else Unknown(f"${{{name}}}")
        values = {name: self.value(body, stack) for name, body in expression.items()}
        return {name: value for name, value in values.items() if value is not NO_VALUE}

    def without_choices(self) -> Evaluation:
        """Return an evaluation in a scenario without any choices."""
        return Evaluation(self.links, Scenario())

    def choose(self, choice: tuple[Stack, str], candidates: Callable[[], tuple[Any, ...]]) -> Value | None:
        """Return the value of a parameter that the scenario chooses; None where parameters are no choices.

        They are in conditions, and after the scenario has chosen.

        Args:
            choice: The parameter.
            candidates: As for `Scenario.choose`.
        """
        if self._conditions or choice in self.scenario.choices:
            return self.scenario.choose(choice, candidates)
        return None

    def text(self, expression: Any, stack: Stack) -> str | None:
        """Return the literal string that an expression evaluates to, or None."""
        return as_text(self.value(expression, stack))

    def is_true(self, condition: str, stack: Stack) -> bool:
        """Return the outcome of a condition in a stack's template."""
        return self.scenario.decide(stack, condition, lambda side: self._operand(side, stack))

    def attribute(self, reference: Reference) -> Value:
        """Return the value that an attribute of a resource is a link to; the reference itself if it is not a link."""
        return self.links.attribute(reference.resource, reference.attribute, self) or reference

    def follow(self, label: str, expression: Any, stack: Stack, *, in_conditions: bool = False) -> Value:
        """Evaluate an expression of another stack, or of another part of this one.

        Args:
            label: The name of the link in messages.
            expression: The expression at the other end of the link.
            stack: The stack with that expression.
            in_conditions: Whether its value is an operand of the conditions that are being evaluated.
        """
        if label in self._following:
            cycle = " -> ".join((*self._following[self._following.index(label) :], label))
            message = f"Stacks refer to each other in a cycle, which cannot be deployed: {cycle}."
            raise AssemblyError(message)
        self._following.append(label)
        outer = self._conditions
        self._conditions = outer if in_conditions else 0
        try:
            return self.value(expression, stack)
        finally:
            self._following.pop()
            self._conditions = outer

    def _operand(self, side: Any, stack: Stack) -> Value:
        self._conditions += 1
        try:
            return self.value(side, stack)
        finally:
            self._conditions -= 1

    def _text(self, text: str, stack: Stack) -> Value:
        if LOOKED_UP_LATER in text:
            return Unknown(text)
        if _DYNAMIC not in text or _SSM_END not in text:
            return text
        match = _SSM.fullmatch(text)
        if match:
            found = self.links.ssm_parameter(match[1], stack, self)
            return Unknown(text, "ssm-reference") if found is None else with_kind(found, "ssm-reference")
        return Unknown(text)

    def _ref(self, name: str, stack: Stack) -> Value:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name.startswith("AWS::"):
            return self._pseudo(name, stack)
        if name in stack.parameters:
            return parameter_value(name, stack, self.links, self)
        if name in stack.resources:
            return self.attribute(Reference(stack.resources[name]))
        # SAM generates resources, and refers to a function's version and to a layer by names with a dot.
        return self._attribute(name, stack) if "." in name else Unknown(f"${{{name}}}")

    def _pseudo(self, name: str, stack: Stack) -> Value:
        known = {
            "AWS::Region": stack.region, "AWS::AccountId": stack.account, "AWS::Partition": stack.partition,
            "AWS::StackName": stack.name, "AWS::URLSuffix": _URL_SUFFIXES.get(stack.partition or ""),
        }  # fmt: skip
        value = known.get(name)
        if value is not None:
            return value
        chosen = self.choose(
            (stack, name), lambda: (*self.links.compared(stack).get(name, ()), OtherValue(f"${{{name}}}"))
        )
        return Unknown(f"${{{name}}}") if chosen is None else chosen

    def _find_in_map(self, body: Any, stack: Stack) -> Value:
        parts = items(body)
        keys = [self.value(key, stack) for key in parts[:3]]
        texts = [as_text(key) for key in keys]
        found: Any = stack.mappings
        for text in texts:
            found = found.get(text) if text is not None and isinstance(found, dict) else None
        # The mapping may contain a key that only a deploy knows. Options follow three keys.
        if found is None and None not in texts and len(parts) > 3 and isinstance(parts[3], dict):  # noqa: PLR2004
            found = self.value(parts[3].get("DefaultValue"), stack)
        if found is not None:
            return found
        return Unknown(f"${{Fn::FindInMap {'.'.join(map(describe, keys))}}}" if keys else "${Fn::FindInMap}")

    def _get_att(self, body: Any, stack: Stack) -> Value:
        parts = body if isinstance(body, list) else [body]
        name, *rest = [describe(self.value(part, stack)) for part in parts] or [""]
        return self._attribute(".".join((name, *rest)), stack)

    def _attribute(self, name: str, stack: Stack) -> Value:
        head, _, attribute = name.partition(".")
        if head in stack.resources:
            return self.attribute(Reference(stack.resources[head], attribute))
        return Unknown(f"${{{name}}}")

    def _get_stack_output(self, body: Any, stack: Stack) -> Value:
        return self.links.stack_output(mapping(body), stack, self)

    def _if(self, body: Any, stack: Stack) -> Value:
        if not (isinstance(body, list) and len(body) == 3 and isinstance(body[0], str)):  # noqa: PLR2004
            return Unknown("${Fn::If}")
        return self.value(body[1 if self.is_true(body[0], stack) else 2], stack)

    def _import_value(self, body: Any, stack: Stack) -> Value:
        name = self.value(body, stack)
        found = self.links.export(name, stack, self) if isinstance(name, str) else None
        return Unknown(f"${{Fn::ImportValue {describe(name)}}}", "import-value") if found is None else found

    def _join(self, body: Any, stack: Stack) -> Value:
        if not (isinstance(body, list) and len(body) == 2 and isinstance(body[0], str)):  # noqa: PLR2004
            return Unknown("${Fn::Join}")
        parts = self.value(body[1], stack)
        return self._joined(parts, body[0], stack) if isinstance(parts, list) else Unknown("${Fn::Join}")

    def _joined(self, parts: list[Value], separator: str, stack: Stack) -> Value:
        """Return the joined parts. Together they may be a dynamic reference to an SSM parameter."""
        joined = _joined(parts, separator)
        if isinstance(joined, str):
            return self._text(joined, stack) if _DYNAMIC in joined else joined
        named = parts[1:2] if separator == "" and [*parts[:1], *parts[2:]] == [_SSM_START, _SSM_END] else []
        if named and isinstance(named[0], Reference) and named[0].resource.type == SSM_PARAMETER:
            found = self.links.attribute(named[0].resource, "Value", self)
            return joined if found is None else with_kind(found, "ssm-reference")
        return joined

    def _select(self, body: Any, stack: Stack) -> Value:
        if isinstance(body, list) and len(body) == 2:  # noqa: PLR2004
            index, values = self.text(body[0], stack), self.value(body[1], stack)
            if isinstance(values, list) and index is not None and index.isdecimal() and int(index) < len(values):
                return values[int(index)]
        return Unknown("${Fn::Select}")

    def _split(self, body: Any, stack: Stack) -> Value:
        if isinstance(body, list) and len(body) == 2:  # noqa: PLR2004
            separator, text = (self.value(part, stack) for part in body)
            parts = split(text, separator) if isinstance(separator, str) and separator else None
            if parts is not None:
                return parts
        return Unknown("${Fn::Split}")

    def _sub(self, body: Any, stack: Stack) -> Value:
        text, own = (body[0], mapping(body[1])) if isinstance(body, list) and len(body) == 2 else (body, {})  # noqa: PLR2004
        if not isinstance(text, str):
            return Unknown("${Fn::Sub}")
        parts: list[Value] = []
        for index, part in enumerate(_PLACEHOLDER.split(text)):
            if index % 2 == 0:
                parts.append(part)
            elif part.startswith("!"):
                parts.append(f"${{{part[1:]}}}")
            else:
                name = part.strip()
                parts.append(self.value(own[name], stack) if name in own else self._ref(name, stack))
        return self._joined([part for part in parts if part not in ("", NO_VALUE)], "", stack)


def _joined(parts: list[Value], separator: str) -> Value:
    if len(parts) == 1:
        return parts[0]
    texts = [describe(part) for part in parts]
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_CHARACTERS:
        return Unknown("${Fn::Join}")
    joined = separator.join(texts)
    if all(as_text(part) is not None for part in parts):
        return joined
    return Unknown(joined, parts=tuple(parts), separator=separator)


_FUNCTIONS: Final[dict[str, Callable[[Evaluation, Any, Stack], Value]]] = {
    "Fn::FindInMap": Evaluation._find_in_map,  # noqa: SLF001
    "Fn::GetAtt": Evaluation._get_att,  # noqa: SLF001
    "Fn::GetStackOutput": Evaluation._get_stack_output,  # noqa: SLF001
    "Fn::If": Evaluation._if,  # noqa: SLF001
    "Fn::ImportValue": Evaluation._import_value,  # noqa: SLF001
    "Fn::Join": Evaluation._join,  # noqa: SLF001
    "Fn::Select": Evaluation._select,  # noqa: SLF001
    "Fn::Split": Evaluation._split,  # noqa: SLF001
    "Fn::Sub": Evaluation._sub,  # noqa: SLF001
}
