"""Checks of the names of constructs' keyword arguments."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from inspect import Parameter, signature
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from constructs import Construct
from jsii.errors import JSIIError

from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.errors import UsageError
from cdk_layers.system.wording import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_F = TypeVar("_F", bound="Callable[..., object]")

_ONE_AT_A_TIME: Final = RLock()
"""A lock around constructors, since jsii mixes up the answers to threads that call Node at the same time."""

_NAMELESS: Final = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)


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
        passed = ", ".join(f"{name}=..." for name in missing)
        return f"{quoted(missing)} {'is' if len(missing) == 1 else 'are'} missing. Pass {passed}"

    def _hint(self, name: str) -> str:
        if name == "code" and "entry" in self.known:
            return "Pass entry=, the folder to build from; a layer that is already built is a lambda_.LayerVersion."
        if name == "budget" and "max_unzipped" in self.known:
            return "Pass max_unzipped=, as the project's setting budget is called here."
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
    except (AttributeError, JSIIError, TypeError, RuntimeError) as error:
        # Few arguments are wrong.
        from cdk_layers.cdk.arguments.cdk_errors import in_plain_words  # noqa: PLC0415

        trouble = in_plain_words(str(error), keywords)
        if not trouble:
            raise
        message = f"{place}: {trouble}"
        raise UsageError(message) from None
