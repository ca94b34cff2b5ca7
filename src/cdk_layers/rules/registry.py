"""Rules, the families that they belong to, and the checks that find their problems."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_layers.app.model import App, Function, Grant, Layer, Settings
from cdk_layers.errors import RuleError
from cdk_layers.rules import families
from cdk_layers.rules.families import at_construction
from cdk_layers.system.discovery import load_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_layers.findings import Pin, Severity, Where

Subject = TypeVar("Subject", Function, Layer, Grant, App)


@dataclass(frozen=True, slots=True)
class Family:
    """A module of rules about one thing."""

    order: int
    """The position of its findings and rules in reports and documents: families with lower numbers come first."""

    error: type[RuleError] = RuleError
    """The error that constructs raise if the first finding is of this family."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found. The rest of the finding comes from its rule."""

    message: str
    """What is wrong, measured against which limit, in sentences that name the subject."""

    remedy: str | None = None
    """What to do in this case. Defaults to the remedy of the rule."""

    where: Where | None = None
    """The place. Defaults to the place of the subject."""

    severity: Severity | None = None
    """Defaults to the severity of the rule."""

    aws_error: str | None = None
    """The AWS error with the values of this case. Defaults to that of the rule; "" for none."""

    topic: str = ""
    """As `Finding.topic`."""

    pin: Pin | None = None
    """As `Finding.pin`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way for a layer to break."""

    name: str
    """The name to acknowledge it by, such as "too-many-layers"."""

    severity: Severity
    meaning: str
    """What the rule is about, in one or two sentences."""

    remedy: str
    """What to do about it."""

    source: str
    """Where the fact comes from."""

    aws_error: str | None = None
    """The AWS error at deploy or at run time."""

    raised_at_construction: bool = False
    """Whether constructs raise its errors. Raised errors cannot be acknowledged, so this is for what no deploy accepts:
    what AWS always rejects, and declarations that contradict each other. The rule's module has to be in
    `families/at_construction/`."""

    failing: str = ""
    """An example with the problem, for the documentation: Python code with CDK constructs, or a part of a template."""

    passing: str = ""
    """The same example, corrected."""

    family: str = ""
    """The name of its module."""

    @property
    def ends_build(self) -> bool:
        """Whether the build that has the problem fails, so that no finding is left to be acknowledged."""
        return self.family == "building" and self.severity == "error"


_FAMILIES: Final[dict[str, Family]] = {}
_RULES: Final[dict[str, Rule]] = {}
_CHECKS: Final[dict[type, dict[str, Callable[[Any, Settings], Iterator[Problem]]]]] = defaultdict(dict)


def register_family(module: str, *, order: int, error: type[RuleError] = RuleError) -> None:
    """Register a module of rules as a family.

    Args:
        module: The module's `__name__`.
        order: As in `Family`.
        error: As in `Family`. Defaults to `RuleError`, for families whose errors constructs never raise.

    Raises:
        ValueError: Another family has this order, so that the order of findings would not be certain.
    """
    name = _family_name(module)
    for other, family in _FAMILIES.items():
        if family.order == order and other != name:
            message = f"the rule families {other!r} and {name!r} have the same order {order}: choose another one"
            raise ValueError(message)
    _FAMILIES[name] = Family(order, error)


def rule(
    name: str,
    subject: type[Subject],
    *,
    severity: Severity,
    meaning: str,
    remedy: str,
    source: str,
    aws_error: str | None = None,
    raised_at_construction: bool = False,
    failing: str = "",
    passing: str = "",
) -> Callable[[Callable[[Subject, Settings], Iterator[Problem]]], Callable[[Subject, Settings], Iterator[Problem]]]:
    """Register a rule whose check is the decorated function. The arguments are those of `Rule`."""

    def register(
        check: Callable[[Subject, Settings], Iterator[Problem]],
    ) -> Callable[[Subject, Settings], Iterator[Problem]]:
        register_rule(Rule(
            name, severity, meaning, remedy, source, aws_error, raised_at_construction, failing, passing,
            _family_name(check.__module__),
        ))  # fmt: skip
        return further_check(name, subject)(check)

    return register


def register_rule(rule: Rule) -> None:
    """Register a rule without a check: its findings are the notes of builds that name it."""
    _RULES[rule.name] = rule


def further_check(
    name: str, subject: type[Subject]
) -> Callable[[Callable[[Subject, Settings], Iterator[Problem]]], Callable[[Subject, Settings], Iterator[Problem]]]:
    """Register the decorated function as the check of an existing rule for a further kind of subject."""

    def register(
        check: Callable[[Subject, Settings], Iterator[Problem]],
    ) -> Callable[[Subject, Settings], Iterator[Problem]]:
        _CHECKS[subject][name] = check
        return check

    return register


@cache
def load_families(*, only_at_construction: bool = False) -> None:
    """Import the modules of all families, or only of those with rules that constructs raise."""
    load_modules(at_construction)
    if not only_at_construction:
        load_modules(families)


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by family and then in the order of their modules."""
    load_families()
    return tuple(sorted(_RULES.values(), key=lambda rule: family_of(rule).order))


def registered_rules() -> Mapping[str, Rule]:
    """Return the rules of the families that are loaded, by name."""
    return _RULES


def checks_of(subject: type) -> Mapping[str, Callable[[Any, Settings], Iterator[Problem]]]:
    """Return the checks for a kind of subject that are loaded, by the names of their rules."""
    return next((_CHECKS[kind] for kind in subject.__mro__ if kind in _CHECKS), {})


def family_of(rule: Rule) -> Family:
    """Return the family of a rule.

    Raises:
        LookupError: The module of the rule does not call `register_family`.
    """
    if rule.family not in _FAMILIES:
        message = f"the module of rule {rule.name!r}, {rule.family!r}, has to call register_family(__name__, ...) first"
        raise LookupError(message)
    return _FAMILIES[rule.family]


def _family_name(module: str) -> str:
    return module.rpartition(".")[2]
