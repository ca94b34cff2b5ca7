"""Checks of the names of constructs' keyword arguments, and the CDK's errors for arguments in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from inspect import Parameter, signature
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from constructs import Construct

from cdk_layers.cdk.arguments.readers import Arguments, describe
from cdk_layers.cdk.node.contract import (
    FAILING_VALUE,
    FOREIGN_OBJECT,
    UNKNOWN_KEYWORD,
    UNREADABLE_VALUE,
    WRONG_TYPE,
    taken_id,
)
from cdk_layers.errors import UsageError
from cdk_layers.system.wording import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_F = TypeVar("_F", bound="Callable[..., object]")

_ONE_AT_A_TIME: Final = RLock()
"""A lock around constructors, since jsii mixes up the answers to threads that call Node at the same time."""

_NAMELESS: Final = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a function's arguments."""

    positional: tuple[str, ...]
    required: frozenset[str]
    known: frozenset[str]
    takes_others: bool = False
    """Whether the function accepts other names, which it checks itself."""

    @classmethod
    def of(cls, function: Callable[..., object], base: Callable[..., object] | None) -> _Names:
        """Return the names of a method's arguments, and of those that it passes on to a base class."""
        _, *own = signature(function).parameters.values()
        named = [parameter for parameter in own if parameter.kind not in _NAMELESS]
        inherited = signature(base).parameters if base else {}
        return cls(
            tuple(parameter.name for parameter in named if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD),
            frozenset(parameter.name for parameter in named if parameter.default is Parameter.empty),
            frozenset(inherited) - {"self"} | {parameter.name for parameter in named},
            base is None and any(parameter.kind is Parameter.VAR_KEYWORD for parameter in own),
        )

    def trouble(self, count: int, bound: Mapping[str, object]) -> str:
        """Return the problem with the names of the arguments in a call; "" if there is none.

        Args:
            count: The number of arguments that were passed by position.
            bound: All arguments by their names.
        """
        if count and not self.positional:
            return "its arguments can only be passed by name."
        if count > len(self.positional):
            return f"only {quoted(self.positional)} can be passed without a name. Name the others."
        for name in bound:
            if name not in self.known and not self.takes_others:
                return f"unknown keyword argument {name!r}. {self._hint(name)}"
        missing = [name for name in sorted(self.required) if name not in bound]
        if not missing:
            return ""
        are, what = ("is", "it") if len(missing) == 1 else ("are", "them")
        return f"{quoted(missing)} {are} missing. Pass {what} by name."

    def _hint(self, name: str) -> str:
        if name == "code" and "entry" in self.known:
            return "Pass entry=, the folder to build from; a layer that is already built is a lambda_.LayerVersion."
        return nearest(name, sorted(self.known)) or f"Valid ones: {', '.join(sorted(self.known))}."


def checked_arguments(kind: str, base: Callable[..., object] | None = None) -> Callable[[_F], _F]:
    """Check the names of arguments, scope and id when a construct's `__init__` is called; a decorator.

    Args:
        kind: The kind of the construct in messages: "Layer", "Function" or "Stack".
        base: The `__init__` that gets the arguments which this one does not name.

    Raises:
        UsageError: Raised by the `__init__` if an argument is misspelt or missing, or the scope is not a construct.
    """

    def decorate(init: _F) -> _F:
        names_of = cache(lambda: _Names.of(init, base))

        @wraps(init)
        def checked(*args: Any, **kwargs: Any) -> object:
            names = names_of()
            bound = {**dict(zip(names.positional, args[1:], strict=False)), **kwargs}
            place = _Place(kind, bound.get("scope"), bound.get("id"))
            trouble = names.trouble(len(args) - 1, bound)
            if trouble:
                message = f"{place}: {trouble}"
                raise UsageError(message)
            with _ONE_AT_A_TIME:
                place.check(is_optional="id" not in names.required)
                return init(*args, **kwargs)

        return cast("_F", checked)

    return decorate


def checked_names(method: _F) -> _F:
    """Check the names of arguments when a method is called; a decorator.

    Raises:
        UsageError: Raised by the method if an argument is misspelt or missing.
    """
    place = method.__qualname__.removesuffix(".__init__")

    @wraps(method)
    def checked(*args: Any, **kwargs: Any) -> object:
        names = _Names.of(method, None)
        trouble = names.trouble(len(args) - 1, {**dict(zip(names.positional, args[1:], strict=False)), **kwargs})
        if trouble:
            message = f"{place}: {trouble}"
            raise UsageError(message)
        return method(*args, **kwargs)

    return cast("_F", checked)


def checked_keywords(place: str, function: Callable[..., object], keywords: Mapping[str, object]) -> None:
    """Raise a UsageError unless a function accepts all these keyword arguments.

    Args:
        place: The construct's name in messages.
        function: The function. Its first argument, self, is not counted.
        keywords: The arguments by name.
    """
    names = _Names.of(function, None)
    trouble = _Names(names.positional, frozenset(), names.known).trouble(0, keywords)
    if trouble:
        message = f"{place}: {trouble}"
        raise UsageError(message)


@dataclass(frozen=True, slots=True)
class _Place:
    """A construct that does not exist yet."""

    kind: str
    scope: object
    id: object

    def __str__(self) -> str:
        name = self.id if isinstance(self.id, str) else "?"
        scope = self.scope.node.path if isinstance(self.scope, Construct) else ""
        path = f"{scope}/{name}" if scope else name
        return f"{self.kind} {path!r}"

    def check(self, *, is_optional: bool) -> None:
        """Raise a UsageError unless scope and id can be those of a construct."""
        if not isinstance(self.scope, Construct) and not (is_optional and self.scope is None):
            raise self._wrong(self.scope, "scope", "the construct to define it in, such as a stack")
        if not (isinstance(self.id, str) and self.id) and not (is_optional and self.id is None):
            raise self._wrong(self.id, "id", "a string with at least one character")

    def _wrong(self, value: object, name: str, expected: str) -> UsageError:
        return Arguments(str(self)).wrong(value, name, expected)


@contextmanager
def cdk_arguments(place: str, keywords: Mapping[str, object]) -> Iterator[None]:
    """Raise a UsageError of one sentence in place of the CDK's error for an argument that it does not accept.

    Args:
        place: The construct's name in messages.
        keywords: The arguments that the CDK gets.

    Raises:
        UsageError: The CDK does not accept an argument.
    """
    try:
        yield
    except (AttributeError, TypeError, RuntimeError) as error:
        trouble = next((found for read in _READERS if (found := read(str(error), keywords))), "")
        if not trouble:
            raise
        message = f"{place}: {trouble}"
        raise UsageError(message) from None


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
    name = next((name for name, value in keywords.items() if _contains(value, match["kind"])), "an argument")
    return f"{name} is or contains an object of type {match['kind']}, which the CDK does not accept."


def _contains(value: object, kind: str) -> bool:
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return type(value).__name__ == kind or any(_contains(item, kind) for item in items)


def _taken_id(text: str, _: Mapping[str, object]) -> str:
    """Return the error for an id that another construct has in plain words; "" for any other error."""
    taken = taken_id(text)
    return "" if taken is None else f"its scope has a construct with the id {taken!r} already. Choose another id."


_READERS: Final = (_type_error, _node_error, _foreign_error, _taken_id)
