"""Findings as violations of the CDK's validation report.

The CDK CLI (2.1148) takes the report over from the app. It leaves out each violation whose construct is not in a stack
that the user selected, and `cdk synth` without arguments selects no stack of a stage. It always keeps a violation that
names no construct. So an error names its construct in its text alone where the CLI reports, and fails every command.

Source: `filterReportsByStacks` in the CLI's cloud-assembly-api, lib/validation/loading.ts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import PolicyViolatingResource, PolicyViolation

from cdk_layers.assembly.constructs import DEFAULT_CHILDREN
from cdk_layers.cdk.node.contract import is_acknowledged, is_reported_by_cli
from cdk_layers.errors import CdkLayersError
from cdk_layers.report.places import Places
from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.repeats import Repeated, group_repeats, problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import IConstruct

    from cdk_layers.findings import Finding

PLUGIN: Final = "cdk-layers"
"""The plugin's name, which findings are acknowledged by: "cdk-layers::too-many-layers"."""


def violations(root: IConstruct, findings: Sequence[Finding]) -> list[PolicyViolation]:
    """Return findings as violations.

    Args:
        root: The root of the app.
        findings: The findings of the app.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors and not is_reported_by_cli(root):
        errors = []
    bare = dict.fromkeys(finding for finding in errors if not _is_acknowledged(root, finding))
    rest = [finding for finding in findings if finding not in bare]
    return [*map(_violation_without_construct, group_repeats(bare)), *_with_constructs(root, rest)]


def _with_constructs(root: IConstruct, findings: Sequence[Finding]) -> Iterator[PolicyViolation]:
    """Yield the violations of findings: one for a warning that is repeated in a stack, else one for each text.

    The CDK prints the text of a violation again for each of its resources, and the text may name one of them.
    """
    repeats: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        if finding.severity == "warning":
            repeats.setdefault((finding.where.template, *problem_of(finding)), []).append(finding)
    repeated: list[Repeated] = []
    for group in repeats.values():
        # The CDK removes acknowledged findings, each by its own construct.
        shown = [finding for finding in group if len(group) > 1 and not _is_acknowledged(root, finding)]
        if shown:
            repeated.append(Repeated(shown[0], tuple(shown[1:])))
    yield from (_violation(each.findings[:1], each.elsewhere) for each in repeated)
    grouped = {finding for each in repeated for finding in each.findings}
    same: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        if finding not in grouped:
            text = (finding.rule, finding.severity, finding.message, finding.aws_sentence, finding.remedy)
            same.setdefault(text, []).append(finding)
    yield from map(_violation, same.values())


def failure(error: Exception) -> PolicyViolation:
    """Return an error of the plugin itself as a violation, since the CLI does not report a plugin that raises."""
    message = str(error) if isinstance(error, CdkLayersError) else f"{type(error).__name__}: {error}"
    return PolicyViolation(
        rule_name="not-validated",
        severity="fatal",
        description=f"The app could not be validated. {message}",
        violating_resources=[PolicyViolatingResource(locations=[])],
    )


def _violation(findings: Sequence[Finding], elsewhere: str = "") -> PolicyViolation:
    # Each resource can be acknowledged: the CDK removes the acknowledged ones.
    return _as_violation(findings[0], "", elsewhere, [_resource(finding) for finding in findings])


def _violation_without_construct(repeated: Repeated) -> PolicyViolation:
    first = repeated.first
    return _as_violation(first, first.place, repeated.elsewhere, [PolicyViolatingResource(locations=[])])


def _as_violation(
    finding: Finding, place: str, elsewhere: str, resources: Sequence[PolicyViolatingResource]
) -> PolicyViolation:
    file = Places().in_project(finding)
    written = f"Where: {file}." if file else ""
    page = rule_page(finding.rule)
    return PolicyViolation(
        rule_name=finding.rule,
        severity=finding.severity,
        description=" ".join(filter(None, (place, finding.message, finding.aws_sentence, written, elsewhere))),
        fix=finding.remedy,
        rule_metadata={"documentation": page} if page else None,
        violating_resources=resources,
    )


def _resource(finding: Finding) -> PolicyViolatingResource:
    where = finding.where
    if where.logical_id:
        # By its logical id, the CDK finds the resource, and so also acknowledgements of the resource.
        template = str(Path(where.template).resolve())
        return PolicyViolatingResource(resource_logical_id=where.logical_id, template_path=template, locations=[])
    return PolicyViolatingResource(construct_path=where.path, locations=[])


def _is_acknowledged(root: IConstruct, finding: Finding) -> bool:
    """Return whether the user acknowledged the rule in a scope of the finding, so that the CDK removes it."""
    name = f"{PLUGIN}::{finding.rule}"
    return any(is_acknowledged(scope, name) for scope in _scopes(root, finding.where.path))


def _scopes(root: IConstruct, path: str) -> Iterator[IConstruct]:
    """Yield the constructs from the root to a path, and the default child of the last."""
    scope: IConstruct | None = root
    yield root
    for name in path.split("/"):
        scope = scope.node.try_find_child(name) if scope is not None else None
        if scope is not None:
            yield scope
    children = (scope.node.try_find_child(name) for name in DEFAULT_CHILDREN) if scope is not None else ()
    yield from (child for child in children if child is not None)
