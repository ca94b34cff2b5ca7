"""Old code and new layers, in the middle of an update."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.app.model import App, Function
from cdk_layers.assembly.deployed import with_deployed
from cdk_layers.findings import Where
from tests.rules.subjects import a_function, a_layer, an_arn, findings, holding, severities

if TYPE_CHECKING:
    from cdk_layers.app.model import Layer

LIMIT = 262_144_000
ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7"


def update(layer: Layer, old: int | None, new: int | None = 1, before: tuple[Layer, ...] = ()) -> Function:
    """Return a function whose code had `old` bytes and no layer, and gets `new` bytes with that layer."""
    code = None if old is None else holding(old)
    deployed = a_function(*before, code=code)
    return a_function(layer, code=None if new is None else holding(new), deployed=deployed)


@pytest.mark.parametrize(("size", "expected"), [(LIMIT - 1, []), (LIMIT, ["warning"]), (LIMIT + 1, ["error"])])
def test_old_code_and_new_layers_are_compared_with_the_limit(size: int, expected: list[str]) -> None:
    """Below the limit it passes, at it the result is not verified, above it the update fails."""
    half = size // 2

    assert severities("update-too-large", update(a_layer(unzipped_bytes=half), size - half)) == expected


def test_the_message_tells_both_parts_and_two_steps() -> None:
    """What meets what, by how much, in the AWS error, and the way out."""
    (found,) = findings("update-too-large", update(a_layer(unzipped_bytes=LIMIT - 5), 10))

    assert "its deployed code (10 bytes) and its new layers (250.0 MiB) are 250.0 MiB together, 5 bytes over" in (
        found.message
    )
    assert "in two steps" in found.remedy
    assert found.aws_error is not None
    assert found.aws_error.endswith("The actual size is 262144005 bytes.")


@pytest.mark.parametrize("old", [None, 0, 1000])
def test_what_is_small_or_not_known_passes(old: int | None) -> None:
    """Code of an unknown size may be small."""
    assert not findings("update-too-large", update(a_layer(unzipped_bytes=LIMIT - 2000), old))


def test_layers_that_stay_are_there_already() -> None:
    """Only code is updated, in one step; a layer by the same label with other content is a new one."""
    same = a_layer(unzipped_bytes=LIMIT - 5, asset="a" * 64)

    assert not findings("update-too-large", update(same, 10, before=(same,)))
    changed = a_layer(unzipped_bytes=LIMIT - 5, asset="b" * 64)
    assert findings("update-too-large", update(changed, 10, before=(same,)))


def test_an_end_that_is_too_large_is_told_by_its_own_rule() -> None:
    """One fault, one finding."""
    subject = update(a_layer(unzipped_bytes=LIMIT), 10, new=10)

    assert not findings("update-too-large", subject)
    assert findings("function-too-large", subject)


def test_without_a_layer_or_without_a_deploy_nothing_meets() -> None:
    """A function without layers, and one that is new."""
    deployed = a_function(code=holding(LIMIT))

    assert not findings("update-too-large", a_function(code=holding(1), deployed=deployed))
    assert not findings("update-too-large", a_function(a_layer(unzipped_bytes=LIMIT - 5), code=holding(1)))


def test_a_layer_of_unknown_size_counts_as_nothing() -> None:
    """What is known is enough to fail, or not."""
    subject = a_function(
        an_arn(ARN), a_layer(unzipped_bytes=LIMIT - 5), code=holding(1), deployed=a_function(code=holding(6))
    )

    assert severities("update-too-large", subject) == ["error"]


def _app(template: str, logical_id: str, size: int, *, path: str = "Spoke/Report") -> App:
    return App((Function(Where(path, template, logical_id), code=holding(size)),))


@pytest.mark.parametrize(("template", "logical_id", "found"), [
    ("old/Spoke.template.json", "Report1", True),
    ("old\\Spoke.template.json", "Report1", True),
    ("old/Spoke.template.json", "Report2", False),
    ("old/Other.template.json", "Report1", False),
])  # fmt: skip
def test_functions_are_the_same_by_stack_and_logical_id(template: str, logical_id: str, found: bool) -> None:
    """As CloudFormation has it, wherever the assemblies lie; a construct that moved keeps neither."""
    app = with_deployed(_app("cdk.out/Spoke.template.json", "Report1", 1), _app(template, logical_id, 7, path="Moved"))

    assert (app.functions[0].deployed is not None) is found


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [("IsProd=true", 7), ("IsProd=false", 1), ("", 7), ("IsProd=false and IsArm=true", 7)],
)
def test_a_scenario_is_updated_from_the_same_scenario(scenario: str, expected: int) -> None:
    """The code of another outcome of a condition is deployed elsewhere; the largest counts if conditions changed."""
    where = Where("Spoke/Report", "Spoke.template.json", "Report1")
    deployed = App(
        tuple(
            Function(where, scenario=name, code=holding(size))
            for name, size in (("IsProd=true", 7), ("IsProd=false", 1))
        )
    )
    app = with_deployed(App((Function(where, scenario=scenario, code=holding(3)),)), deployed)

    (function,) = app.functions
    assert function.deployed is not None
    assert function.deployed.code is not None
    assert function.deployed.code.unzipped_bytes == expected
