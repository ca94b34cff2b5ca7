"""Rules, and the families that they are found in."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from cdk_layers.errors import LimitError, RuleError
from cdk_layers.rules import families, registry
from cdk_layers.rules.engine import judge_one, refuse
from cdk_layers.rules.families import at_construction
from cdk_layers.rules.registry import all_rules, family_of, load_families, register_family
from cdk_layers.system.discovery import module_names
from tests.rules.subjects import SETTINGS, a_function

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

_FAMILY = dedent('''\
    """Rules about names."""

    from cdk_layers.app.model import Function
    from cdk_layers.errors import LimitError
    from cdk_layers.rules.registry import Problem, register_family, rule

    register_family(__name__, order=5, error=LimitError)


    @rule(
        "short-name", Function, severity="error", meaning="m.", remedy="r.", source="s", raised_at_construction=True
    )
    def short_name(function, settings):
        yield Problem("The name is too short.")
''')


def test_every_rule_explains_itself() -> None:
    """A rule without words, a source or examples is no help."""
    for one in all_rules():
        assert one.meaning.endswith(".")
        assert one.remedy.endswith(".")
        assert one.source
        assert one.failing
        assert one.passing
        assert one.failing != one.passing


def test_rules_come_by_family() -> None:
    """The order of the families is the order of the rules, and each name is there once."""
    orders = [family_of(rule).order for rule in all_rules()]

    assert orders == sorted(orders)
    assert len({rule.name for rule in all_rules()}) == len(orders)


def test_constructs_load_what_they_raise() -> None:
    """Every rule whose errors constructs raise is in a family that they load, and each such family has one."""
    assert {rule.family for rule in all_rules() if rule.raised_at_construction} == set(module_names(at_construction))


@pytest.fixture
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test register what no other test sees."""
    load_families()
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    monkeypatch.setattr(registry, "_RULES", dict(registry._RULES))
    checks = {subject: dict(found) for subject, found in registry._CHECKS.items()}
    monkeypatch.setattr(registry, "_CHECKS", checks)
    load_families.cache_clear()
    yield
    load_families.cache_clear()


@pytest.mark.usefixtures("_own_registry")
@pytest.mark.parametrize(("package", "name"), [(at_construction, "names_a"), (families, "names_b")])
def test_a_family_is_one_file(package: ModuleType, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in the folder of families is found, with its order, its rules and, at construction, its error."""
    (tmp_path / f"{name}.py").write_text(_FAMILY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])

    assert all_rules()[0].name == "short-name"
    assert "short-name" in {finding.rule for finding in judge_one(a_function(), SETTINGS)}
    with pytest.raises(LimitError, match="too short"):
        refuse(a_function(), SETTINGS)


@pytest.mark.usefixtures("_own_registry")
def test_the_order_of_families_is_certain() -> None:
    """Two families with one order are a mistake that shows at once; registering a module again is none."""
    taken = family_of(all_rules()[0]).order

    register_family(f"somewhere.{all_rules()[0].family}", order=taken, error=RuleError)
    with pytest.raises(ValueError, match="'other'"):
        register_family("somewhere.other", order=taken, error=RuleError)


@pytest.mark.usefixtures("_own_registry")
def test_a_family_has_to_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of rules that states no family is named."""
    monkeypatch.setattr(registry, "_FAMILIES", {})

    with pytest.raises(LookupError, match="register_family"):
        family_of(all_rules()[0])


def test_rules_load_without_the_cdk() -> None:
    """Judging starts no Node: neither aws_cdk nor jsii is loaded."""
    code = (
        "import sys; from cdk_layers.rules.registry import all_rules; all_rules(); "
        "sys.exit(bool({'aws_cdk', 'jsii', 'constructs'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
