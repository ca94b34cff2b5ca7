"""Weak references to layers outside of functions, such as in an SSM parameter of another stack."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly import sam
from cdk_layers.assembly.evaluate.intrinsics import Evaluation
from cdk_layers.assembly.evaluate.links import NESTED_STACKS
from cdk_layers.assembly.evaluate.scenarios import NeedsChoice, Scenario
from cdk_layers.assembly.evaluate.values import Reference
from cdk_layers.assembly.layer_digests import digests_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.assembly.evaluate.links import Links
    from cdk_layers.assembly.stacks import Resource, Stack

_OUTPUT: Final = "Fn::GetStackOutput"
_OTHER_CHECKS: Final = (*sam.FUNCTIONS, *NESTED_STACKS)
"""Functions have a check of their own, and the template of a nested stack shows what it passes on."""

WeakUse = tuple[str, frozenset[str]]
"""The path of a resource or an output, and the digests in the template of its stack."""


def weak_uses(links: Links) -> dict[Resource, list[WeakUse]]:
    """Return what refers to each layer by an output of its stack, except functions."""
    found: dict[Resource, list[WeakUse]] = defaultdict(list)
    for stack in links.stacks:
        uses = [(path, layer) for path, body in _bodies(stack) for layer in _layers(body, stack, links)]
        digests = digests_in(stack) if uses else frozenset()
        for path, layer in dict.fromkeys(uses):
            found[layer].append((path, digests))
    return found


def _bodies(stack: Stack) -> Iterator[tuple[str, Any]]:
    """Yield what may refer to a layer, with its path."""
    for resource in stack.resources.values():
        if resource.type not in _OTHER_CHECKS:
            yield resource.where.path, resource.properties
    for name, output in stack.outputs.items():
        yield f"{stack.construct or stack.path.name}/{name}", output


def _layers(body: Any, stack: Stack, links: Links) -> Iterator[Resource]:
    for call in _calls(body):
        try:
            value = Evaluation(links, Scenario()).without_choices().value(call, stack)
        except NeedsChoice:
            continue
        if isinstance(value, Reference) and value.resource.type in sam.LAYERS:
            yield value.resource


def _calls(body: Any) -> Iterator[dict[str, Any]]:
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and _OUTPUT in node:
            yield node
        elif isinstance(node, (dict, list)):
            waiting.extend(node if isinstance(node, list) else node.values())
