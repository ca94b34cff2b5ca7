"""Templates in YAML, with CloudFormation's short tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from pathlib import Path

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH: Final = 100
"""The deepest nesting of a template."""

MAX_NODES: Final = 1_000_000
"""The most values of a template after expansion of its aliases."""

_UNPREFIXED: Final = ("Ref", "Condition")
_NUMBERS_AND_TIMES: Final = (
    "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp",
)  # fmt: skip


class _TemplateLoader(_Base):  # type: ignore[misc]  # PyYAML's class with libyaml, where there is one
    """Reads numbers as strings: 012345678901 is an account, and 3.10 a version."""


_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS_AND_TIMES]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def _short_tag(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in _UNPREFIXED else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _short_tag)


def load(text: str, path: Path) -> object:
    """Return the document in a YAML text.

    Raises:
        AssemblyError: It is not YAML, or its aliases or its nesting exceed a bound.
    """
    loader = _TemplateLoader(text)
    try:
        _refuse_depth(text, path)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_bombs(node, path)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).replace('"<unicode string>"', "it").split())
        message = f"{path} cannot be read as YAML: {reason}."
        raise AssemblyError(message) from error
    finally:
        loader.dispose()


def _refuse_depth(text: str, path: Path) -> None:
    """Reject deep nesting, by parser events: composing nodes recurses, in C without any bound."""
    depth = 0
    for event in yaml.parse(text, Loader=_TemplateLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            message = f"{path} is nested more than {MAX_DEPTH} levels deep, which no template is."
            raise AssemblyError(message)


def _refuse_bombs(root: yaml.Node, path: Path) -> None:
    """Reject documents that aliases make huge, by counting values without expanding aliases."""
    sizes: dict[int, int] = {}
    waiting: list[tuple[yaml.Node, bool]] = [(root, False)]
    unfinished: set[int] = set()
    while waiting:
        node, are_children_counted = waiting.pop()
        if id(node) in sizes:
            continue
        children = _children(node)
        if are_children_counted:
            unfinished.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
            continue
        unfinished.add(id(node))
        waiting.append((node, True))
        for child in children:
            if id(child) in unfinished:
                message = f"{path}: an alias is inside of its own anchor, so the template is infinite."
                raise AssemblyError(message)
            waiting.append((child, False))
    nodes = sizes[id(root)]
    if nodes > MAX_NODES:
        message = f"{path} would have {nodes} values after expansion of its aliases, more than {MAX_NODES}."
        raise AssemblyError(message)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
