"""Scenarios of a resource: the combinations of outcomes of the conditions that it depends on.

Which outcome a condition has is often known only at deploy, because it compares a parameter. Then a resource is
evaluated once for each outcome. Which conditions matter is found by trying: evaluation begins without any choice. If it
needs one, it raises `NeedsChoice` with the candidates, and begins again, once with each candidate. An example:

    Parameters: {Stage: {Type: String}, Chip: {Type: String}}
    Conditions: {IsProd: !Equals [!Ref Stage, prod], UseArm: !Equals [!Ref Chip, arm64]}
    Report:     {Layers: [!If [IsProd, !Ref Big, !Ref Small]]}

    choices               result                                                      label
    {}                    NeedsChoice: Stage is "prod" or another value
    {Stage: "prod"}       Layers are [Big]                                            IsProd=true
    {Stage: OtherValue}   Layers are [Small]                                          IsProd=false

So conditions that do not matter (UseArm) multiply nothing, conditions on one parameter agree with each other, and the
default of a parameter decides nothing.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_layers.assembly.evaluate.values import Unknown, as_text
from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_layers.assembly.stacks import Stack

Result = TypeVar("Result")

MAX_SCENARIOS: Final = 64
"""Scenarios of one resource that are judged."""

_MAX_TRIES: Final = 512

Choice = tuple["Stack", str]
"""Something that the deploying user decides: a parameter, a Region, or the outcome of a whole comparison."""


class NeedsChoice(Exception):  # noqa: N818  # it starts another try, and is not an error
    """Evaluation depends on a choice that its scenario has not made yet."""

    def __init__(self, choice: Choice, candidates: tuple[Any, ...]) -> None:
        """Store the choice, and the values to choose from."""
        super().__init__(choice[1])
        self.choice = choice
        self.candidates = candidates


@dataclass(frozen=True, slots=True)
class OtherValue(Unknown):
    """A value of a parameter other than those that the template compares it with."""


@dataclass(slots=True)
class Dependence:
    """What a result depends on."""

    choices: set[Choice] = field(default_factory=set)
    outcomes: dict[tuple[Stack, str], bool] = field(default_factory=dict)
    """The outcomes of the conditions that depend on these choices, by their stacks and names."""

    def add(self, other: Dependence) -> None:
        """Add what another result depends on, since this one is made from it."""
        self.choices |= other.choices
        self.outcomes.update(other.outcomes)


@dataclass(slots=True)
class Scenario:
    """One combination of choices, and what the results of evaluation in it depend on."""

    choices: Mapping[Choice, Any] = field(default_factory=dict)
    dependence: Dependence = field(default_factory=Dependence)
    """What everything that was evaluated so far depends on."""

    _decided: dict[tuple[Stack, str], tuple[bool, frozenset[Choice]]] = field(default_factory=dict)
    _deciding: set[tuple[Stack, str]] = field(default_factory=set)

    @property
    def label(self) -> str:
        """The outcomes of conditions, such as "UseArm=true"; "" if nothing depends on a choice."""
        # A nested stack often repeats the conditions of its parent.
        outcomes = {f"{name}={str(outcome).lower()}" for (_, name), outcome in self.dependence.outcomes.items()}
        return " and ".join(sorted(outcomes))

    @contextmanager
    def separate_dependence(self) -> Iterator[Dependence]:
        """Collect what the body of the `with` statement depends on, separate from what was evaluated before."""
        before, self.dependence = self.dependence, Dependence()
        try:
            yield self.dependence
        finally:
            before.add(self.dependence)
            self.dependence = before

    def choose(self, choice: Choice, candidates: Callable[[], tuple[Any, ...]]) -> Any:
        """Return the value that this scenario chooses.

        Args:
            choice: The choice.
            candidates: Returns the values to choose from. It is called only if the choice is not made yet, since there
                may be thousands.

        Raises:
            NeedsChoice: The scenario has not made this choice yet.
        """
        self.dependence.choices.add(choice)
        if choice not in self.choices:
            raise NeedsChoice(choice, candidates()[: _MAX_TRIES + 1])
        return self.choices[choice]

    def decide(self, stack: Stack, name: str, evaluate: Callable[[Any], Any]) -> bool:
        """Return the outcome of a condition.

        Args:
            stack: The stack whose template defines the condition.
            name: The name of the condition.
            evaluate: Evaluates one side of a comparison.

        Raises:
            AssemblyError: The condition does not exist, or depends on itself.
            NeedsChoice: It depends on a choice that the scenario has not made yet.
        """
        outcome, choices = self._outcome(stack, name, evaluate)
        self.dependence.choices |= choices
        if choices:
            self.dependence.outcomes[stack, name] = outcome
        return outcome

    def _outcome(self, stack: Stack, name: str, evaluate: Callable[[Any], Any]) -> tuple[bool, frozenset[Choice]]:
        key = (stack, name)
        if key in self._decided:
            return self._decided[key]
        if name not in stack.conditions and stack.may_define_more_conditions:
            choice = (stack, f"condition {name}")
            return bool(self.choose(choice, lambda: (True, False))), frozenset((choice,))
        if name not in stack.conditions:
            message = f"{stack.path} names the condition {name!r}, which it does not define."
            raise AssemblyError(message)
        if key in self._deciding:
            message = f"{stack.path}: the condition {name!r} depends on itself."
            raise AssemblyError(message)
        self._deciding.add(key)
        try:
            with self.separate_dependence() as dependence:
                outcome = self._is_true(stack, stack.conditions[name], evaluate)
                self._decided[key] = (outcome, frozenset(dependence.choices))
        finally:
            self._deciding.discard(key)
        return self._decided[key]

    def _is_true(self, stack: Stack, condition: Any, evaluate: Callable[[Any], Any]) -> bool:
        kind, body = (
            next(iter(condition.items())) if isinstance(condition, dict) and len(condition) == 1 else ("", None)
        )
        parts = body if isinstance(body, list) else [body]
        if kind == "Condition":
            outcome, choices = self._outcome(stack, str(body), evaluate)
            self.dependence.choices |= choices
            return outcome
        if kind == "Fn::And":
            return all(self._is_true(stack, part, evaluate) for part in parts)
        if kind == "Fn::Or":
            return any(self._is_true(stack, part, evaluate) for part in parts)
        if kind == "Fn::Not":
            return not self._is_true(stack, parts[0], evaluate)
        if kind == "Fn::Equals" and len(parts) == 2:  # noqa: PLR2004  # a comparison has two sides
            return self._are_equal(stack, condition, (evaluate(parts[0]), evaluate(parts[1])))
        return self._choose_outcome(stack, condition)

    def _are_equal(self, stack: Stack, condition: Any, sides: tuple[Any, Any]) -> bool:
        left, right = (as_text(side) for side in sides)
        if left is not None and right is not None:
            return left == right
        if (left is None) != (right is None) and any(isinstance(side, OtherValue) for side in sides):
            return False
        return self._choose_outcome(stack, condition)

    def _choose_outcome(self, stack: Stack, condition: Any) -> bool:
        return bool(self.choose((stack, json.dumps(condition, sort_keys=True)), lambda: (True, False)))


def scenarios(
    evaluate: Callable[[Scenario], Result], on_more: Callable[[int], None] | None = None
) -> Iterator[tuple[Scenario, Result]]:
    """Yield each scenario with its result, once for each combination of outcomes of conditions.

    Args:
        evaluate: Returns the result in a scenario.
        on_more: Called with the number of scenarios if there may be more: at most `MAX_SCENARIOS` are yielded.
    """
    waiting: list[Mapping[Choice, Any]] = [{}]
    seen: set[frozenset[tuple[tuple[Stack, str], bool]]] = set()
    for _ in range(_MAX_TRIES):
        if not waiting or len(seen) == MAX_SCENARIOS:
            break
        scenario = Scenario(waiting.pop())
        try:
            result = evaluate(scenario)
        except NeedsChoice as needed:
            further = [{**scenario.choices, needed.choice: candidate} for candidate in needed.candidates]
            waiting += reversed(further)
            continue
        outcomes = frozenset(scenario.dependence.outcomes.items())
        if outcomes not in seen:
            seen.add(outcomes)
            yield scenario, result
    if waiting and on_more:
        on_more(len(seen))
