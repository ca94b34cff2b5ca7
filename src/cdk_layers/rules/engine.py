"""Rules, and how an app is judged by them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from cdk_layers import errors
from cdk_layers.rules.model import App, Finding, Function, Grant, Layer, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cdk_layers.rules.model import Severity, Where

Subject = TypeVar("Subject", Function, Layer, Grant, App)

FAMILIES: Final = ("limits", "identity", "compatibility", "content", "order", "sharing", "building")
"""The modules beside this one that hold rules, in the order that findings are told."""

_ERRORS: Final[dict[str, type[errors.RuleError]]] = {
    "limits": errors.LimitError,
    "identity": errors.IdentityError,
    "compatibility": errors.CompatibilityError,
    "content": errors.ContentError,
    "order": errors.OrderError,
    "sharing": errors.SharingError,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found; the rule it belongs to adds the rest."""

    message: str
    """What is wrong, measured against which limit. The place is told beside it."""

    remedy: str | None = None
    """What to do in this very case; the rule's own remedy by default."""

    where: Where | None = None
    """The place, where it is not the subject's own."""

    severity: Severity | None = None
    """Where it is not the rule's own."""

    service_words: str | None = None
    """The service's words with this case's values; the rule's own by default."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """One way that a layer breaks."""

    name: str
    """What it is acknowledged by, such as "too-many-layers"."""

    subject: type[Subject]
    """What it judges: Function, Layer, Grant or App."""

    check: Callable[[Subject, Settings], Iterator[Problem]] = field(repr=False)
    severity: Severity
    meaning: str
    """What the rule is about, in one or two sentences."""

    remedy: str
    """What to do about it."""

    source: str
    """Where the fact is from."""

    service_words: str | None = None
    """What the service says at deploy or at run time."""

    refused_by_service: bool = False
    """Whether deploying is sure to fail, so that constructs raise it at once; all else can be acknowledged."""

    failing: str = ""
    """An example that it finds, for the documentation: Python code with CDK constructs or a template excerpt."""

    passing: str = ""
    """The same example, put right."""

    family: str = ""
    """The module that holds it."""


_RULES: Final[dict[str, Rule[Function] | Rule[Layer] | Rule[Grant] | Rule[App]]] = {}


def rule(
    name: str,
    subject: type[Subject],
    *,
    severity: Severity,
    meaning: str,
    remedy: str,
    source: str,
    service_words: str | None = None,
    refused_by_service: bool = False,
    failing: str = "",
    passing: str = "",
) -> Callable[[Callable[[Subject, Settings], Iterator[Problem]]], Callable[[Subject, Settings], Iterator[Problem]]]:
    """Make a rule of the function below it. The arguments are those of `Rule`."""

    def register(
        check: Callable[[Subject, Settings], Iterator[Problem]],
    ) -> Callable[[Subject, Settings], Iterator[Problem]]:
        family = check.__module__.rpartition(".")[2]
        _RULES[name] = Rule(  # type: ignore[assignment]
            name, subject, check, severity, meaning, remedy, source,
            service_words, refused_by_service, failing, passing, family,
        )  # fmt: skip
        return check

    return register


def all_rules() -> tuple[Rule[Function] | Rule[Layer] | Rule[Grant] | Rule[App], ...]:
    """Return every rule, by family and then in the order of their modules."""
    for family in FAMILIES:
        importlib.import_module(f"cdk_layers.rules.{family}")
    return tuple(sorted(_RULES.values(), key=lambda rule: FAMILIES.index(rule.family)))


def judge(app: App, settings: Settings) -> list[Finding]:
    """Return every finding about an app, errors first, each told once."""
    subjects: tuple[Function | Layer | Grant | App, ...] = (app, *app.functions, *app.layers, *app.grants)
    return _in_order(finding for subject in subjects for finding in judge_one(subject, settings))


def judge_one(
    subject: Function | Layer | Grant | App, settings: Settings, *, only_refused: bool = False
) -> Iterator[Finding]:
    """Yield what the rules find about one subject.

    Args:
        subject: A function, layer, grant or whole app.
        settings: What the user set.
        only_refused: Whether only the rules count whose findings the service is sure to refuse at deploy.
    """
    for one in all_rules():
        if isinstance(subject, one.subject) and (one.refused_by_service or not only_refused):
            for problem in one.check(subject, settings):  # type: ignore[arg-type]
                yield _finding(one, problem, subject)


def refuse(subject: Function | Layer | Grant, settings: Settings) -> None:
    """Raise all that the service is sure to refuse about one subject, as one error.

    Raises:
        RuleError: The child of it that belongs to the family of the first finding; its message tells all findings.
    """
    findings = _in_order(
        finding
        for finding in judge_one(subject, settings, only_refused=True)
        if finding.severity == "error"
    )
    if findings:
        message = "\n".join(str(finding) for finding in findings)
        raise _ERRORS[_RULES[findings[0].rule].family](message, findings)


def _finding(
    one: Rule[Function] | Rule[Layer] | Rule[Grant] | Rule[App],
    problem: Problem,
    subject: Function | Layer | Grant | App,
) -> Finding:
    where = problem.where or (None if isinstance(subject, App) else subject.where)
    if where is None:
        message = f"the rule {one.name!r} judges a whole app, so its problems have to say where they are"
        raise TypeError(message)
    return Finding(
        rule=one.name,
        severity=problem.severity or one.severity,
        where=where,
        message=problem.message,
        remedy=problem.remedy or one.remedy,
        service_words=problem.service_words or one.service_words,
    )


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    unique = dict.fromkeys(findings)
    families = {name: FAMILIES.index(one.family) for name, one in _RULES.items()}
    return sorted(unique, key=lambda finding: (finding.severity != "error", families[finding.rule]))
