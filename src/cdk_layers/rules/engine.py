"""Rules, and how an app is judged by them."""

from __future__ import annotations

import importlib
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_layers import errors
from cdk_layers.app.model import App, Function, Grant, Layer, Settings
from cdk_layers.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cdk_layers.findings import Severity, Where

Subject = TypeVar("Subject", Function, Layer, Grant, App)

FAMILIES: Final = (
    "limits", "identity", "compatibility", "binaries", "targets", "content", "files", "dependencies", "shadowing",
    "handlers", "imports", "secrets", "order", "sharing", "references", "policies", "signing", "storage", "updates",
    "building",
)  # fmt: skip
"""The modules beside this one that hold rules, in the order that findings are told."""

AT_CONSTRUCTION: Final = ("limits", "identity", "compatibility", "sharing")
"""Those of them that hold rules whose errors constructs raise: loading all takes long, and is for who judges all."""

_ERRORS: Final[dict[str, type[errors.RuleError]]] = {
    "limits": errors.LimitError,
    "identity": errors.IdentityError,
    "compatibility": errors.CompatibilityError,
    "binaries": errors.CompatibilityError,
    "targets": errors.CompatibilityError,
    "content": errors.ContentError,
    "files": errors.ContentError,
    "dependencies": errors.ContentError,
    "shadowing": errors.ContentError,
    "handlers": errors.ContentError,
    "imports": errors.ContentError,
    "secrets": errors.ContentError,
    "order": errors.OrderError,
    "sharing": errors.SharingError,
    "references": errors.SharingError,
    "policies": errors.SharingError,
    "signing": errors.ContentError,
    "storage": errors.ContentError,
    "updates": errors.LimitError,
}

_BRANCHES_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found; the rule it belongs to adds the rest."""

    message: str
    """What is wrong, measured against which limit, in sentences that name their subject."""

    remedy: str | None = None
    """What to do in this very case; the rule's own remedy by default."""

    where: Where | None = None
    """The place, where it is not the subject's own."""

    severity: Severity | None = None
    """Where it is not the rule's own."""

    service_words: str | None = None
    """The service's words with this case's values; the rule's own by default, none when empty."""

    topic: str = ""
    """As `Finding.topic`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way that a layer breaks."""

    name: str
    """What it is acknowledged by, such as "too-many-layers"."""

    severity: Severity
    meaning: str
    """What the rule is about, in one or two sentences."""

    remedy: str
    """What to do about it."""

    source: str
    """Where the fact is from."""

    service_words: str | None = None
    """What the service says at deploy or at run time."""

    raised_at_construction: bool = False
    """Whether constructs raise its errors at once. What is raised cannot be acknowledged, so this is for what no
    deploy could mend: what the service is sure to refuse, and declarations that contradict each other."""

    failing: str = ""
    """An example that it finds, for the documentation: Python code with CDK constructs or a template excerpt."""

    passing: str = ""
    """The same example, put right."""

    family: str = ""
    """The module that holds it."""


_RULES: Final[dict[str, Rule]] = {}
_CHECKS: Final[dict[type, dict[str, Callable[[Any, Settings], Iterator[Problem]]]]] = defaultdict(dict)


def rule(
    name: str,
    subject: type[Subject],
    *,
    severity: Severity,
    meaning: str,
    remedy: str,
    source: str,
    service_words: str | None = None,
    raised_at_construction: bool = False,
    failing: str = "",
    passing: str = "",
) -> Callable[[Callable[[Subject, Settings], Iterator[Problem]]], Callable[[Subject, Settings], Iterator[Problem]]]:
    """Make a rule of the function below it, which judges one `subject`. The other arguments are those of `Rule`."""

    def register(
        check: Callable[[Subject, Settings], Iterator[Problem]],
    ) -> Callable[[Subject, Settings], Iterator[Problem]]:
        family = check.__module__.rpartition(".")[2]
        declare(Rule(
            name, severity, meaning, remedy, source, service_words, raised_at_construction, failing, passing, family
        ))  # fmt: skip
        return also(name, subject)(check)

    return register


def declare(one: Rule) -> None:
    """Add a rule that has no check of its own: its findings are the notes of builds that name it."""
    _RULES[one.name] = one


def also(
    name: str, subject: type[Subject]
) -> Callable[[Callable[[Subject, Settings], Iterator[Problem]]], Callable[[Subject, Settings], Iterator[Problem]]]:
    """Let the function below it judge one more kind of subject for a rule that is there already."""

    def register(
        check: Callable[[Subject, Settings], Iterator[Problem]],
    ) -> Callable[[Subject, Settings], Iterator[Problem]]:
        _CHECKS[subject][name] = check
        return check

    return register


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by family and then in the order of their modules."""
    _load(FAMILIES)
    return tuple(sorted(_RULES.values(), key=lambda rule: FAMILIES.index(rule.family)))


@cache
def _load(families: tuple[str, ...]) -> None:
    for family in families:
        importlib.import_module(f"cdk_layers.rules.families.{family}")


def judge(app: App, settings: Settings) -> list[Finding]:
    """Return every finding about an app, errors first, each told once.

    What is found in some branches of a function only says in which.
    """
    subjects: tuple[Layer | Grant | App, ...] = (app, *app.layers, *app.grants)
    findings = [finding for subject in subjects for finding in judge_one(subject, settings)]
    branches: dict[Where, list[Function]] = defaultdict(list)
    for function in app.functions:
        branches[function.where].append(function)
    for functions in branches.values():
        findings += _judge_branches(functions, settings)
    return _in_order(findings)


def _judge_branches(functions: Sequence[Function], settings: Settings) -> Iterator[Finding]:
    found: dict[Finding, list[str]] = defaultdict(list)
    for function in functions:
        for finding in dict.fromkeys(judge_one(function, settings)):
            found[finding].append(function.branch)
    for finding, branches in found.items():
        if len(branches) == len(functions):
            yield finding
        else:
            told = " or ".join(branches[:_BRANCHES_TOLD])
            more = f" or in {len(branches) - _BRANCHES_TOLD} more cases" if len(branches) > _BRANCHES_TOLD else ""
            yield replace(finding, message=f"{finding.message} This is so when {told}{more}.")


def judge_one(
    subject: Function | Layer | Grant | App, settings: Settings, *, only_at_construction: bool = False
) -> Iterator[Finding]:
    """Yield what the rules find about one subject.

    Args:
        subject: A function, layer, grant or whole app.
        settings: What the user set.
        only_at_construction: Whether only the rules count whose errors constructs raise.

    """
    _load(AT_CONSTRUCTION if only_at_construction else FAMILIES)
    if isinstance(subject, Layer | Function) and not only_at_construction:
        yield from (one for one in _told_by_build(subject) if settings.counts(one.rule))
    for name, check in _CHECKS[type(subject)].items():
        one = _RULES[name]
        if (one.raised_at_construction or not only_at_construction) and settings.counts(name):
            for problem in check(subject, settings):
                yield _finding(one, problem, subject)


def _told_by_build(subject: Layer | Function) -> Iterator[Finding]:
    for note in subject.notes:
        # A newer version of this package may have left a note of a rule that this one does not have.
        if note.rule in _RULES:
            yield _finding(_RULES[note.rule], Problem(note.message, note.remedy, service_words=""), subject)


def refuse(subject: Function | Layer | Grant, settings: Settings) -> None:
    """Raise, as one error, all that is wrong beyond doubt with one subject, or with the app's layers that it uses.

    Raises:
        RuleError: The child of it that belongs to the family of the first finding; its message tells all findings.

    """
    layers = subject.used_layers if isinstance(subject, Function) else ()
    found = [
        finding
        for one in (subject, *(layer for layer in layers if layer.is_resource))
        for finding in judge_one(one, settings, only_at_construction=True)
    ]
    findings = _in_order(finding for finding in found if finding.severity == "error")
    if findings:
        message = "\n".join(str(finding) for finding in findings)
        raise _ERRORS[_RULES[findings[0].rule].family](message, findings)


def _finding(one: Rule, problem: Problem, subject: Function | Layer | Grant | App) -> Finding:
    where = problem.where or (None if isinstance(subject, App) else subject.where)
    if where is None:
        message = f"the rule {one.name!r} judges a whole app, so its problems have to say where they are"
        raise TypeError(message)
    words = one.service_words if problem.service_words is None else problem.service_words
    return Finding(
        rule=one.name,
        severity=problem.severity or one.severity,
        where=where,
        message=problem.message,
        remedy=problem.remedy or one.remedy,
        service_words=words or None,
        topic=problem.topic,
    )


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    unique = dict.fromkeys(findings)
    families = {name: FAMILIES.index(one.family) for name, one in _RULES.items()}
    return sorted(unique, key=lambda finding: (finding.severity != "error", families[finding.rule]))
