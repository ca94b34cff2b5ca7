"""Values of the parameters of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.evaluate.scenarios import OtherValue
from cdk_layers.assembly.evaluate.values import Reference, Unknown, as_text, split, with_kind
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from cdk_layers.assembly.evaluate.links import Links
    from cdk_layers.assembly.evaluate.values import Evaluator, Value
    from cdk_layers.assembly.stacks import Stack

SSM_PARAMETER: Final = "AWS::SSM::Parameter"
_SSM_LISTS: Final = ("AWS::SSM::Parameter::Value<List<String>>", "AWS::SSM::Parameter::Value<CommaDelimitedList>")


def parameter_value(name: str, stack: Stack, links: Links, evaluation: Evaluator) -> Value:
    """Return the value of a parameter that a stack's template declares, as far as it is known.

    Args:
        name: The name of the parameter.
        stack: The stack.
        links: The links between stacks.
        evaluation: The evaluation that needs it.

    Raises:
        AssemblyError: As `intrinsics.Evaluation.value`.
        NeedsChoice: As `intrinsics.Evaluation.value`.
    """
    declared = mapping(stack.parameters[name])
    argument = _argument(name, stack, evaluation)
    kind = str(declared.get("Type", "String"))
    default = as_text(declared.get("Default"))
    is_list = kind in ("CommaDelimitedList", *_SSM_LISTS) or kind.startswith("List<")
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        parameter = default if argument is None else argument
        found = _stored(parameter, stack, links, evaluation)
        if found is None:
            stored = as_text(parameter)
            found = Unknown(f"{{{{resolve:ssm:{stored}}}}}" if stored else f"${{{name}}}", "parameter")
        return _items(found) if is_list else found
    if argument is not None:
        return _items(argument) if is_list else argument
    choice = (links.first_with_parameter(stack, name), name)
    value = evaluation.choose(choice, lambda: _candidates(name, stack, default, links))
    if value is None:
        value = Unknown(f"${{{name}}}") if default is None else default
    return _items(value) if is_list else value


def _stored(parameter: Value, stack: Stack, links: Links, evaluation: Evaluator) -> Value | None:
    """Return the value of an SSM parameter, of which an expression gives the name; None if it is not known."""
    if isinstance(parameter, Reference) and parameter.resource.type == SSM_PARAMETER:
        found = links.attribute(parameter.resource, "Value", evaluation)
        return None if found is None else with_kind(found, "parameter")
    name = as_text(parameter)
    return links.ssm_parameter(name, stack, evaluation) if name else None


def _argument(name: str, stack: Stack, evaluation: Evaluator) -> Value | None:
    if stack.parent is not None:
        passed = mapping(stack.parent.properties, "Parameters")
        if name in passed:
            label = f"{stack.path.name}, parameter {name}"
            return evaluation.follow(label, passed[name], stack.parent.stack, in_conditions=True)
    return stack.arguments.get(name)


def _candidates(name: str, stack: Stack, default: str | None, links: Links) -> tuple[Any, ...]:
    allowed = mapping(stack.parameters[name]).get("AllowedValues")
    compared = links.compared(stack).get(name, ())
    if isinstance(allowed, list):
        texts = [text for text in map(as_text, allowed) if text is not None]
        others = [text for text in texts if text not in compared]
        return (*(text for text in texts if text in compared), *others[:1])
    return (*dict.fromkeys((*compared, *([default] if default is not None else []))), OtherValue(f"${{{name}}}"))


def _items(value: Value) -> Value:
    """Return the items of a list in a comma-separated string; the value itself if they are not known."""
    items = split(value, ",")
    return value if items is None else [item.strip() if isinstance(item, str) else item for item in items]
