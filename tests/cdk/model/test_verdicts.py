"""Verdicts of the rules that functions share."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.app.model import Function, Layer, LayerUse, Settings
from cdk_layers.cdk.model import verdicts as verdicts_module
from cdk_layers.cdk.model.verdicts import Verdicts
from cdk_layers.errors import CompatibilityError
from cdk_layers.findings import Where
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

LAYER = Layer(Where("Hub/base"), "base", is_resource=True, runtimes=("python3.13",), architectures=("x86_64",))
FUNCTION = Function(
    Where("Spoke/A"), runtime="python3.13", architecture="x86_64", handler="a.b", layers=(LayerUse(LAYER),)
)


def _judged(monkeypatch: pytest.MonkeyPatch, rule: Callable[[Function], object]) -> list[Function]:
    """Replace the rules by one that reads something of a function. Returns the functions that it judges."""
    judged: list[Function] = []

    def judge(function: Function, _: object) -> None:
        judged.append(function)
        rule(function)

    monkeypatch.setattr(verdicts_module, "refuse", judge)
    return judged


def test_equal_functions_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions share a verdict if they differ only in fields that no rule reads. Another layer has none yet."""
    judged = _judged(monkeypatch, lambda function: refuse(function, Settings()))
    verdicts = Verdicts()
    for path in ("Spoke/A", "Spoke/B", "Spoke/C"):
        verdicts.refuse(replace(FUNCTION, where=Where(path), handler=f"{path}.handler", layers=(LayerUse(LAYER),)))
    assert len(judged) == 1
    verdicts.refuse(replace(FUNCTION, layers=(LayerUse(replace(LAYER, name="other")),)))
    assert len(judged) == 2


@pytest.mark.parametrize("name", [field.name for field in fields(Function) if field.name != "where"])
def test_whatever_a_rule_reads_decides_whether_it_judges_again(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A rule that reads any field of a function judges each function with another value in this field."""
    judged = _judged(monkeypatch, lambda function: getattr(function, name))
    verdicts = Verdicts()
    changed: dict[str, Any] = {name: ("another value",)}
    for function in (FUNCTION, FUNCTION, replace(FUNCTION, **changed), replace(FUNCTION, **changed)):
        verdicts.refuse(function)
    assert len(judged) == 2


def test_a_field_that_is_read_for_some_functions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rule reads may depend on what it has read before: each verdict counts for what was read for it."""
    judged = _judged(monkeypatch, lambda function: function.runtime == "python3.12" and function.handler)
    verdicts = Verdicts()
    old = replace(FUNCTION, runtime="python3.12")
    for function in (FUNCTION, replace(FUNCTION, handler="c.d"), old, replace(old, handler="c.d"), old):
        verdicts.refuse(function)
    assert [(function.runtime, function.handler) for function in judged] == [
        ("python3.13", "a.b"),
        ("python3.12", "a.b"),
        ("python3.12", "c.d"),
    ]


def test_a_rejected_function_is_rejected_again() -> None:
    """Only functions that passed are remembered, and the error names the function."""
    verdicts = Verdicts()
    for path in ("Spoke/A", "Spoke/B"):
        with pytest.raises(CompatibilityError, match=path):
            verdicts.refuse(replace(FUNCTION, where=Where(path), runtime="python3.12"))
