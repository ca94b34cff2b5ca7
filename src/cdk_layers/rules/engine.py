"""Judgement of an app by the rules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import App, Function, Grant, Layer, Settings
from cdk_layers.findings import Finding
from cdk_layers.rules.registry import Problem, checks_of, family_of, load_families, registered_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.findings import Severity, Where
    from cdk_layers.rules.registry import Rule

_LISTED_SCENARIOS: Final = 3


def judge(app: App, settings: Settings) -> list[Finding]:
    """Return every finding about an app, errors first and without duplicates.

    If a finding is true only for some outcomes of the conditions of a function or grant, its message names them.
    """
    subjects: tuple[Layer | App, ...] = (app, *app.layers)
    findings = [finding for subject in subjects for finding in judge_one(subject, settings)]
    scenarios: dict[Where, list[Function | Grant]] = defaultdict(list)
    conditionals: tuple[Function | Grant, ...] = (*app.grants, *app.functions)
    for conditional in conditionals:
        scenarios[conditional.where].append(conditional)
    for variants in scenarios.values():
        findings += _judge_scenarios(variants, settings)
    return _in_order(findings)


def _judge_scenarios(variants: Sequence[Function | Grant], settings: Settings) -> Iterator[Finding]:
    labels_by_finding: dict[Finding, list[str]] = defaultdict(list)
    for variant in variants:
        for finding in dict.fromkeys(judge_one(variant, settings)):
            labels_by_finding[finding].append(variant.scenario)
    for finding, labels in labels_by_finding.items():
        if len(labels) == len(variants):
            yield finding
        else:
            listed = " or ".join(labels[:_LISTED_SCENARIOS])
            rest = len(labels) - _LISTED_SCENARIOS
            more = f" or in {rest} more cases" if rest > 0 else ""
            yield replace(finding, message=f"{finding.message} This is so when {listed}{more}.")


def judge_one(
    subject: Function | Layer | Grant | App, settings: Settings, *, only_at_construction: bool = False
) -> Iterator[Finding]:
    """Yield the findings about one subject.

    Args:
        subject: A function, layer, grant or whole app.
        settings: The settings of the user.
        only_at_construction: Whether to apply only the rules whose errors constructs raise.
    """
    load_families(only_at_construction=only_at_construction)
    if isinstance(subject, Layer | Function) and not only_at_construction:
        yield from (finding for finding in _findings_of_build(subject) if settings.counts(finding.rule))
    rules = registered_rules()
    for name, check in checks_of(type(subject)).items():
        rule = rules[name]
        if (rule.raised_at_construction or not only_at_construction) and settings.counts(name):
            for problem in check(subject, settings):
                yield _finding(rule, problem, subject)


def _findings_of_build(subject: Layer | Function) -> Iterator[Finding]:
    rules = registered_rules()
    for note in subject.report.notes:
        # A newer version of this library may have written a note of a rule that this version does not have.
        if note.rule in rules:
            severity: Severity | None = "warning" if note.is_warning else None
            pin = subject.where.pin(note.distribution)
            problem = Problem(note.message, note.remedy, severity=severity, aws_error="", pin=pin)
            yield _finding(rules[note.rule], problem, subject)


def refuse(subject: Function | Layer | Grant, settings: Settings) -> None:
    """Raise one error with all errors of a subject, and of the app's layers that it uses.

    Raises:
        RuleError: The error class of the first finding's family. Its message lists all findings.
    """
    layers = subject.used_layers if isinstance(subject, Function) else ()
    found = [
        finding
        for each in (subject, *(layer for layer in layers if layer.is_resource))
        for finding in judge_one(each, settings, only_at_construction=True)
    ]
    findings = _in_order(finding for finding in found if finding.severity == "error")
    if findings:
        message = "\n".join(str(finding) for finding in findings)
        raise family_of(registered_rules()[findings[0].rule]).error(message, findings)


def _finding(rule: Rule, problem: Problem, subject: Function | Layer | Grant | App) -> Finding:
    where = problem.where or (None if isinstance(subject, App) else subject.where)
    if where is None:
        message = f"rule {rule.name!r} judges a whole app, so each of its problems has to name its place"
        raise TypeError(message)
    aws_error = rule.aws_error if problem.aws_error is None else problem.aws_error
    return Finding(
        rule=rule.name,
        severity=problem.severity or rule.severity,
        where=where,
        message=problem.message,
        remedy=problem.remedy or rule.remedy,
        aws_error=aws_error or None,
        topic=problem.topic,
        pin=problem.pin,
    )


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    unique = dict.fromkeys(findings)
    rules = registered_rules()
    return sorted(unique, key=lambda finding: (finding.severity != "error", family_of(rules[finding.rule]).order))
