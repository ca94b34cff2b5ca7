"""Values of the attributes and properties of resources, as the model has them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.evaluate.values import NO_VALUE, Reference, Unknown, as_text
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from cdk_layers.app.model import ReferenceKind
    from cdk_layers.assembly.evaluate.intrinsics import Evaluation
    from cdk_layers.assembly.evaluate.values import Value
    from cdk_layers.assembly.stacks import Resource, Stack

_RETAINS: Final = ("Retain", "RetainExceptOnCreate")
_HASHED_ID: Final = re.compile("[0-9a-f]{40}$")
"""The end of the logical ids of retained layers, and of their permissions, of the Serverless Framework.

Source: package/compile/layers.js in lib/plugins/aws of serverless 3.40 and osls 4.3.
"""

_DEFAULT_ARCHITECTURE: Final = "x86_64"
_MAX_DIGITS: Final = 10


def exists(resource: Resource, evaluation: Evaluation) -> bool:
    """Return whether a resource exists in a scenario: its condition and those of its nested stacks are true."""
    condition = resource.attributes.get("Condition")
    if isinstance(condition, str) and not evaluation.is_true(condition, resource.stack):
        return False
    return resource.stack.parent is None or exists(resource.stack.parent, evaluation)


def reference_kind(expression: Any, stack: Stack) -> ReferenceKind:
    """Return how a template refers to an ARN that evaluates to a literal."""
    if isinstance(expression, dict):
        if "Fn::ImportValue" in expression:
            return "import-value"
        if "Fn::GetStackOutput" in expression:
            return "stack-output"
        declared = mapping(stack.parameters.get(str(expression.get("Ref"))))
        if str(declared.get("Type", "")).startswith("AWS::SSM::"):
            return "parameter"
    return "literal"


def whole_number(text: str | None) -> int | None:
    """Return a number of digits alone; None for other texts, and for more digits than any limit of Lambda has."""
    return int(text) if text is not None and text.isdecimal() and len(text) < _MAX_DIGITS else None


def literals(value: Value) -> dict[str, str]:
    """Return the literal strings of a mapping."""
    return {name: text for name, body in mapping(value).items() if (text := as_text(body)) is not None}


def unless_empty_default(value: Value, expression: Any) -> Value:
    """Return a value; unknown if it is the empty default of a parameter, for which each deploy has to give a value."""
    is_empty = value == "" and '""' not in json.dumps(expression, default=str)
    return Unknown(f"${{{mapping(expression).get('Ref', '?')}}}") if is_empty else value


def environment_of(value: Value) -> dict[str, str | None] | None:
    """Return the environment variables of the property Environment; None if they are not known."""
    if value is None or value is NO_VALUE:
        return {}
    variables = value.get("Variables", {}) if isinstance(value, dict) else None
    return {str(name): as_text(text) for name, text in variables.items()} if isinstance(variables, dict) else None


def architecture_of(value: Value) -> str | None:
    """Return the first of the listed architectures, or Lambda's default; None if not known."""
    if value is None or value is NO_VALUE or value == []:
        return _DEFAULT_ARCHITECTURE
    return as_text(value[0]) if isinstance(value, list) else None


def texts(value: Value) -> tuple[str, ...] | None:
    """Return a list of strings, empty if there is none; None if one of them is not known."""
    if value is NO_VALUE or value is None:
        return ()
    items = [as_text(part) for part in value] if isinstance(value, list) else [None]
    known = tuple(text for text in items if text is not None)
    return known if len(known) == len(items) else None


def is_retained(resource: Resource) -> bool | None:
    """Return whether CloudFormation keeps what a resource made when it is replaced or removed; None if not known.

    Only UpdateReplacePolicy decides on a replacement. If it retains and DeletionPolicy does not, whether a change loses
    the resource depends on how it is made: a new logical id removes it. Source: the CloudFormation user guide.
    """
    # A logical id that ends with a hash of the content is another one after each change, so nothing is replaced.
    names = ("DeletionPolicy",) if _HASHED_ID.search(resource.logical_id) else ("UpdateReplacePolicy", "DeletionPolicy")
    policies = [resource.attributes.get(name, "Delete") for name in names]
    if not all(isinstance(policy, str) for policy in policies):
        return None
    on_replacement, on_removal = policies[0] in _RETAINS, policies[-1] in _RETAINS
    return None if on_replacement and not on_removal else on_replacement


def is_retained_by_sam(resource: Resource, evaluation: Evaluation) -> bool | None:
    """Return whether SAM retains a layer version: by default, whatever DeletionPolicy is. Source: SAM specification."""
    policy = evaluation.value(resource.properties.get("RetentionPolicy", "Retain"), resource.stack)
    return None if isinstance(policy, (Unknown, Reference)) else as_text(policy) != "Delete"


def generated_name(layer: Resource, evaluation: Evaluation) -> str | None:
    """Return the name that CloudFormation generates for a layer, which is its logical id; None if it has a name.

    Source: aws-cdk issues 8742, 18563 and 24674.
    """
    name = evaluation.value(layer.properties.get("LayerName", NO_VALUE), layer.stack)
    return layer.logical_id if name is NO_VALUE and layer.type == "AWS::Lambda::LayerVersion" else None
