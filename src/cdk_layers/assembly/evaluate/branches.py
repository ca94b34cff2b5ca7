"""The variants of a resource that a template's conditions allow."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_layers.assembly.evaluate.values import Unknown, as_text
from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_layers.assembly.stacks import Stack

Result = TypeVar("Result")

MAX_VARIANTS: Final = 64
"""Variants of one resource that are judged."""

_MAX_TRIES: Final = 512

Choice = tuple["Stack", str]
"""Something that the deploying user decides: a parameter, a Region, or a whole comparison."""


class UndecidedError(Exception):
    """What is evaluated depends on a choice that its branch has not made yet."""

    def __init__(self, choice: Choice, candidates: tuple[Any, ...]) -> None:
        """Say which choice, and what there is to choose from."""
        super().__init__(choice[1])
        self.choice = choice
        self.candidates = candidates


@dataclass(slots=True)
class Branch:
    """One way that the deploying user may decide."""

    choices: Mapping[Choice, Any] = field(default_factory=dict)
    used: set[Choice] = field(default_factory=set)
    """The choices that mattered so far."""

    told: dict[str, bool] = field(default_factory=dict)
    """The outcomes of the conditions that depend on them, by their names."""

    _decided: dict[tuple[Stack, str], tuple[bool, frozenset[Choice]]] = field(default_factory=dict)
    _deciding: set[tuple[Stack, str]] = field(default_factory=set)

    @property
    def label(self) -> str:
        """The conditions of this branch, as "UseArm=true"; empty when nothing is conditional."""
        return " and ".join(f"{name}={str(outcome).lower()}" for name, outcome in sorted(self.told.items()))

    def choose(self, choice: Choice, candidates: Callable[[], tuple[Any, ...]]) -> Any:
        """Return what this branch chooses.

        Args:
            choice: What there is to choose.
            candidates: Returns what it may be, when it is not chosen yet: there may be thousands.

        Raises:
            UndecidedError: It has not chosen yet.
        """
        self.used.add(choice)
        if choice not in self.choices:
            raise UndecidedError(choice, candidates()[: _MAX_TRIES + 1])
        return self.choices[choice]

    def decide(self, stack: Stack, name: str, operand: Callable[[Any], Any]) -> bool:
        """Return the outcome of a template's condition in this branch, and tell it if it depends on a choice.

        Args:
            stack: The template.
            name: The condition's name.
            operand: Evaluates one side of a comparison.

        Raises:
            AssemblyError: The condition does not exist, or depends on itself.
            UndecidedError: It depends on a choice that this branch has not made yet.
        """
        outcome, choices = self._outcome(stack, name, operand)
        self.used |= choices
        if choices:
            self.told[name] = outcome
        return outcome

    def _outcome(self, stack: Stack, name: str, operand: Callable[[Any], Any]) -> tuple[bool, frozenset[Choice]]:
        key = (stack, name)
        if key in self._decided:
            return self._decided[key]
        if name not in stack.conditions:
            message = f"{stack.path} names the condition {name!r}, which it does not define."
            raise AssemblyError(message)
        if key in self._deciding:
            message = f"{stack.path}: the condition {name!r} depends on itself."
            raise AssemblyError(message)
        self._deciding.add(key)
        used, self.used = self.used, set()
        try:
            outcome = self._holds(stack, stack.conditions[name], operand)
            self._decided[key] = (outcome, frozenset(self.used))
        finally:
            self._deciding.discard(key)
            self.used |= used
        return self._decided[key]

    def _holds(self, stack: Stack, condition: Any, operand: Callable[[Any], Any]) -> bool:
        kind, body = (
            next(iter(condition.items())) if isinstance(condition, dict) and len(condition) == 1 else ("", None)
        )
        parts = body if isinstance(body, list) else [body]
        if kind == "Condition":
            outcome, choices = self._outcome(stack, str(body), operand)
            self.used |= choices
            return outcome
        if kind == "Fn::And":
            return all(self._holds(stack, part, operand) for part in parts)
        if kind == "Fn::Or":
            return any(self._holds(stack, part, operand) for part in parts)
        if kind == "Fn::Not":
            return not self._holds(stack, parts[0], operand)
        if kind == "Fn::Equals" and len(parts) == 2:  # noqa: PLR2004  # a comparison has two sides
            return self._equal(stack, condition, (operand(parts[0]), operand(parts[1])))
        return bool(self.choose((stack, json.dumps(condition, sort_keys=True)), lambda: (True, False)))

    def _equal(self, stack: Stack, condition: Any, sides: tuple[Any, Any]) -> bool:
        left, right = (as_text(side) for side in sides)
        if left is not None and right is not None:
            return left == right
        if (left is None) != (right is None) and any(isinstance(side, SomethingElse) for side in sides):
            return False
        return bool(self.choose((stack, json.dumps(condition, sort_keys=True)), lambda: (True, False)))


@dataclass(frozen=True, slots=True)
class SomethingElse(Unknown):
    """A value of a parameter that is none of those that the template compares it with."""


def variants(
    make: Callable[[Branch], Result], on_more: Callable[[int], None] | None = None
) -> Iterator[tuple[Branch, Result]]:
    """Yield what `make` returns for every way to decide, once for each outcome of the conditions it met.

    Choices are made only when `make` comes upon them, so that conditions which do not matter multiply nothing, and
    conditions on the same parameter agree with each other. At most `MAX_VARIANTS` are made; if there may be more,
    `on_more` is called with the number of those made.
    """
    waiting: list[Mapping[Choice, Any]] = [{}]
    seen: set[str] = set()
    for _ in range(_MAX_TRIES):
        if not waiting or len(seen) == MAX_VARIANTS:
            break
        branch = Branch(waiting.pop())
        try:
            result = make(branch)
        except UndecidedError as undecided:
            chosen = [{**branch.choices, undecided.choice: candidate} for candidate in undecided.candidates]
            waiting += reversed(chosen)
            continue
        if branch.label not in seen:
            seen.add(branch.label)
            yield branch, result
    if waiting and on_more:
        on_more(len(seen))
