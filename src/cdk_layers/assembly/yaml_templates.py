"""Templates in YAML, with CloudFormation's short tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from pathlib import Path

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH: Final = 100
"""How deep a template may be nested."""

MAX_NODES: Final = 1_000_000
"""How many values a template may have once its aliases are written out."""

_UNPREFIXED: Final = ("Ref", "Condition")
_NUMBERS_AND_TIMES: Final = (
    "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp",
)  # fmt: skip


class _TemplateLoader(_Base):  # type: ignore[misc]  # PyYAML's class with libyaml, where there is one
    """Reads scalars as the text that stands there: 012345678901 is an account, 3.10 a version, neither a number."""


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
    """Return what a YAML text holds.

    Raises:
        AssemblyError: It is no YAML, or its aliases or its nesting pass all bounds.
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
        told = " ".join(str(error).replace('"<unicode string>"', "it").split())
        message = f"{path} is no YAML that can be read: {told}."
        raise AssemblyError(message) from error
    finally:
        loader.dispose()


def _refuse_depth(text: str, path: Path) -> None:
    """Follow the nesting event by event: composing nodes recurses, in C without any bound."""
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
    """Count values as if each alias were written out, without writing any out."""
    sizes: dict[int, int] = {}
    waiting: list[tuple[yaml.Node, bool]] = [(root, False)]
    unfinished: set[int] = set()
    while waiting:
        node, children_done = waiting.pop()
        if id(node) in sizes:
            continue
        children = _children(node)
        if children_done:
            unfinished.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
            continue
        unfinished.add(id(node))
        waiting.append((node, True))
        for child in children:
            if id(child) in unfinished:
                message = f"{path}: an alias stands inside of what it stands for, so the template has no end."
                raise AssemblyError(message)
            waiting.append((child, False))
    nodes = sizes[id(root)]
    if nodes > MAX_NODES:
        message = f"{path} would hold {nodes} values with its aliases written out, more than {MAX_NODES}."
        raise AssemblyError(message)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
