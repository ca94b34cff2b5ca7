"""The rules' own examples: what each says it finds it does find, and what it lets be it lets be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.cases import read_case, rules_with_cases, write
from cdk_layers.errors import DependencyError, RuleError, StaleLockError
from cdk_layers.rules.engine import judge
from cdk_layers.rules.registry import all_rules
from tests.rules.subjects import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.rules.registry import Rule


def test_every_rule_has_a_case() -> None:
    """Every example can be run."""
    assert {one.name for one in all_rules()} == {one.name for one in rules_with_cases()}


@pytest.mark.parametrize("one", rules_with_cases(), ids=lambda one: one.name)
def test_the_failing_example_is_found(one: Rule, tmp_path: Path) -> None:
    """Read from what a tool or the CDK writes, the failing case has a finding of its rule, or is refused at once."""
    try:
        found = {finding.rule for finding in judge(read_case(write(one, "failing", tmp_path)), SETTINGS)}
    except RuleError as error:
        found = {finding.rule for finding in error.findings}
    except DependencyError:
        found = {"no-wheel"}
    except StaleLockError:
        found = {"stale-lock"}

    assert one.name in found


@pytest.mark.parametrize("one", rules_with_cases(), ids=lambda one: one.name)
def test_the_passing_example_is_let_be(one: Rule, tmp_path: Path) -> None:
    """Put right, the same case has no finding of its rule, and no error of any other."""
    found = judge(read_case(write(one, "passing", tmp_path)), SETTINGS)

    assert [str(finding) for finding in found if one.name == finding.rule or finding.severity == "error"] == []
