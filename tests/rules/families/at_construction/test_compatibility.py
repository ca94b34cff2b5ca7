"""What functions and layers declare about runtimes and architectures, and when runtimes end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cdk_layers.app.model import Settings
from cdk_layers.rules.repeats import group_repeats
from tests.rules.subjects import a_function, a_layer, an_arn, findings, holding, severities

ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7"
DEPRECATED, CREATE_BLOCKED, UPDATE_BLOCKED = date(2025, 12, 15), date(2027, 2, 1), date(2027, 3, 3)
"""The dates of python3.9."""


def test_a_runtime_that_the_layer_does_not_declare_is_refused() -> None:
    """The finding names the function's runtime and the layer's."""
    layer = a_layer(runtimes=("python3.11", "python3.12"))
    (finding,) = findings("runtime-mismatch", a_function(layer, runtime="python3.13"))

    assert finding.severity == "error"
    assert "runs on python3.13, and its layer 'Hub/base' declares 'python3.11' and 'python3.12' only" in finding.message


@pytest.mark.parametrize("runtimes", [("python3.12", "python3.13"), (), None])
def test_a_declared_runtime_or_no_list_is_let_be(runtimes: tuple[str, ...] | None) -> None:
    """A layer without a list, or with one that is not known, suits every runtime."""
    assert not findings("runtime-mismatch", a_function(a_layer(runtimes=runtimes), runtime="python3.13"))


def test_an_unknown_runtime_is_let_be() -> None:
    """A function whose runtime is a token mismatches nothing."""
    assert not findings("runtime-mismatch", a_function(a_layer(runtimes=("python3.12",)), runtime=None))


def test_foreign_native_code_under_another_architecture_is_refused() -> None:
    """An arm64 layer with native code cannot be loaded by an x86_64 function."""
    layer = a_layer(architectures=("arm64",), contents=holding(machines=("arm64",)))
    (finding,) = findings("architecture-mismatch", a_function(layer, architecture="x86_64"))

    assert finding.severity == "error"
    assert finding.message.endswith("other machines: python/arm64.so.")


def test_a_declared_mismatch_without_native_code_is_a_warning() -> None:
    """Pure Python runs anywhere, whatever the layer declares."""
    layer = a_layer(architectures=("arm64",), contents=holding(files=("python/six.py",)))

    assert severities("architecture-mismatch", a_function(layer, architecture="x86_64")) == ["warning"]


def test_a_declared_mismatch_of_unknown_content_is_a_warning() -> None:
    """The layer may be pure Python, and the finding says that its content is not known."""
    (finding,) = findings("architecture-mismatch", a_function(a_layer(architectures=("arm64",)), architecture="x86_64"))

    assert finding.severity == "warning"
    assert "not known" in finding.message


@pytest.mark.parametrize("architectures", [("x86_64",), ("arm64", "x86_64"), (), None])
def test_a_declared_architecture_or_no_list_is_let_be(architectures: tuple[str, ...] | None) -> None:
    """A layer without a list, or with one that is not known, mismatches nothing."""
    layer = a_layer(architectures=architectures, contents=holding(machines=("arm64",)))

    assert not findings("architecture-mismatch", a_function(layer, architecture="x86_64"))
    assert not findings("architecture-mismatch", a_function(an_arn(ARN), architecture="x86_64"))
    assert not findings("architecture-mismatch", a_function(layer, architecture=None))


@pytest.mark.parametrize(("day", "expected"), [
    (DEPRECATED - timedelta(days=1), []),
    (DEPRECATED, ["warning"]),
    (CREATE_BLOCKED - timedelta(days=1), ["warning"]),
    (CREATE_BLOCKED, ["error"]),
    (UPDATE_BLOCKED, ["error"]),
])  # fmt: skip
def test_a_runtime_ends_by_its_dates(day: date, expected: list[str]) -> None:
    """Out of support is a warning, and an error from the day on which nothing can be created on it."""
    assert severities("deprecated-runtime", a_function(runtime="python3.9"), Settings(today=day)) == expected


def test_the_dates_to_come_are_told() -> None:
    """Each date is reported, past or to come, the block of updates too."""
    (finding,) = findings("deprecated-runtime", a_function(runtime="python3.9"), Settings(today=date(2027, 2, 10)))

    assert finding.message.endswith(
        "is out of support since 2025-12-15, cannot be created since 2027-02-01 and cannot be updated from 2027-03-03."
    )


@pytest.mark.parametrize("runtime", ["python3.14", "python3.15", "nodejs22.x", "provided.al2023", None])
def test_runtimes_in_support_or_of_other_languages_are_let_be(runtime: str | None) -> None:
    """Only the Python runtimes' dates are known here."""
    assert not findings("deprecated-runtime", a_function(runtime=runtime), Settings(today=date(2026, 11, 20)))


def test_functions_of_one_deprecated_runtime_are_reported_together() -> None:
    """What is wrong is the runtime, so its functions are places of one finding, and another runtime is another one."""
    day = Settings(today=date(2027, 2, 10))
    functions = [a_function(runtime=runtime) for runtime in ("python3.9", "python3.9", "python3.8")]
    found = [finding for function in functions for finding in findings("deprecated-runtime", function, day)]

    assert [len(one.findings) for one in group_repeats(found)] == [2, 1]
