"""The CDK's errors for arguments in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cdk_layers.cdk.arguments.readers import describe
from cdk_layers.cdk.node.error_texts import (
    FAILING_VALUE,
    FOREIGN_OBJECT,
    UNKNOWN_KEYWORD,
    UNREADABLE_VALUE,
    WRONG_TYPE,
    taken_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def in_plain_words(text: str, keywords: Mapping[str, object]) -> str:
    """Return an error of the CDK for an argument in plain words; "" for any other error.

    Args:
        text: The error.
        keywords: The arguments that the CDK got.
    """
    return next((found for read in _READERS if (found := read(text, keywords))), "")


def _type_error(text: str, keywords: Mapping[str, object]) -> str:
    """Return an error of Python's check of types in plain words; "" for any other error."""
    if match := WRONG_TYPE.fullmatch(text):
        name = match["name"]
        got = describe(keywords[name]) if name in keywords else match["got"]
        return f"{name} is {got}; expected {_expected(match['expected'])}."
    unknown = UNKNOWN_KEYWORD.search(text)
    return f"the mapping for {unknown['owner']} {unknown['what']}." if unknown else ""


def _expected(types: str) -> str:
    kinds = re.split(r", (?![^\[]*\])", types.removeprefix("one of (").removesuffix(")"))
    return " or ".join(kind for kind in kinds if kind != "NoneType")


def _node_error(text: str, keywords: Mapping[str, object]) -> str:
    """Return an error of Node's check of types in plain words; "" for any other error."""
    parts = list(UNREADABLE_VALUE.finditer(text))
    if not parts or not parts[0]["key"]:
        return ""
    name = _CAPITAL.sub("_", parts[0]["key"]).lower()
    inner = "".join(f"[{part['index'] or repr(part['key'])}]" for part in parts[1:2])
    found = FAILING_VALUE.search(text, parts[min(1, len(parts) - 1)].start())
    got = found["got"] if found else "something else"
    if not inner and name in keywords:
        got = describe(keywords[name])
    expected = parts[min(1, len(parts) - 1)]["expected"].removesuffix(" | undefined").replace("aws-cdk-lib", "aws_cdk")
    return f"{name}{inner} is {got}; expected {expected}."


def _foreign_error(text: str, keywords: Mapping[str, object]) -> str:
    """Return the error for an object that jsii cannot send to Node in plain words; "" for any other error."""
    match = FOREIGN_OBJECT.search(text)
    if match is None:
        return ""
    for name, value in keywords.items():
        for part in _parts(value):
            kind = type(part).__name__
            if kind == match["kind"] or repr(part) == match["shown"]:
                what = f"the class {part.__name__}" if isinstance(part, type) else f"an object of type {kind}"
                return f"{name} is or contains {what}, which the CDK does not accept."
    return f"an argument is or contains {match['kind'] or match['shown']}, which the CDK does not accept."


def _parts(value: object) -> Iterator[object]:
    """Yield a value, and the items of containers in it."""
    yield value
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    for item in items:
        yield from _parts(item)


def _taken_id(text: str, _: Mapping[str, object]) -> str:
    """Return the error for an id that another construct has in plain words; "" for any other error."""
    taken = taken_id(text)
    return "" if taken is None else f"its scope has a construct with the id {taken!r} already. Choose another id."


_READERS: Final = (_type_error, _node_error, _foreign_error, _taken_id)
