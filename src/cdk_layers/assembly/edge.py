"""Functions of an assembly that run at the edge (Lambda@Edge)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.documents import nodes_in
from cdk_layers.assembly.evaluate.intrinsics import Evaluation
from cdk_layers.assembly.evaluate.scenarios import scenarios
from cdk_layers.assembly.evaluate.values import Reference
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.assembly.evaluate.links import Links
    from cdk_layers.assembly.stacks import Resource, Stack

_VERSION: Final = "AWS::Lambda::Version"
_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z0-9.]+)\}")


def edge_functions(links: Links) -> frozenset[Resource]:
    """Return the function resources that a CloudFront distribution of the assembly is associated with."""
    found: set[Resource] = set()
    for stack in links.stacks:
        for distribution in stack.of_type("AWS::CloudFront::Distribution"):
            for expression in _associated(distribution.properties):
                found.update(_functions_behind(expression, stack, links))
    return frozenset(found)


def _associated(value: Any) -> Iterator[Any]:
    """Yield the value of every LambdaFunctionARN in a template's properties."""
    yield from (node["LambdaFunctionARN"] for node in nodes_in(value) if "LambdaFunctionARN" in mapping(node))


def _functions_behind(expression: Any, stack: Stack, links: Links) -> Iterator[Resource]:
    for resource in (*_referred(expression, stack, links), *_mentioned(expression, stack)):
        if resource.type == _VERSION:
            yield from _mentioned(resource.properties.get("FunctionName"), resource.stack)
        else:
            yield resource


def _referred(expression: Any, stack: Stack, links: Links) -> Iterator[Resource]:
    for _, value in scenarios(lambda scenario: Evaluation(links, scenario).value(expression, stack)):
        if isinstance(value, Reference):
            yield value.resource


def _mentioned(expression: Any, stack: Stack) -> Iterator[Resource]:
    """Yield the resources that an expression names, such as the function in "${Redirect.Arn}:3"."""
    for node in nodes_in(expression):
        names: list[str] = []
        if isinstance(node, dict):
            attribute = node.get("Fn::GetAtt")
            names = [str(name) for name in (node.get("Ref"), attribute[0] if isinstance(attribute, list) and attribute
                                            else attribute) if name]  # fmt: skip
        elif isinstance(node, str):
            names = _PLACEHOLDER.findall(node)
        for name in names:
            resource = stack.resources.get(name.partition(".")[0])
            if resource is not None:
                yield resource
