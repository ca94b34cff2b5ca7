"""What layers are built for."""

from __future__ import annotations

import pytest

from cdk_layers.errors import TargetError
from cdk_layers.lambda_service.runtimes import BUILDABLE_PYTHONS, PYTHON_RUNTIMES
from cdk_layers.lambda_service.target import Target


def test_a_runtime_that_nothing_is_built_for_is_told_with_its_own_dates() -> None:
    """Lambda still has python3.8, so the message does not say that it has not."""
    with pytest.raises(TargetError) as caught:
        Target("3.8", "x86_64")
    message = str(caught.value)
    assert message.startswith("Layers and functions cannot be built for Python '3.8'. Lambda's dates")
    assert message.endswith("Choose one of 3.9, 3.10, 3.11, 3.12, 3.13, 3.14, 3.15.")
    assert "python3.8: supported until 2024-10-14, new functions until 2027-02-01, updates until 2027-03-03" in message


@pytest.mark.parametrize("python", ["3.99", "2.7"])
def test_a_version_that_is_no_runtime_has_no_dates(python: str) -> None:
    """Nothing is said about what is not known."""
    with pytest.raises(TargetError, match=rf"built for Python '{python}'\. Choose one of 3\.9, .*3\.15\.$"):
        Target(python, "arm64")


def test_a_preview_is_built_for_and_claims_no_date() -> None:
    """python3.15 is judged like the others, and none of its dates is verified."""
    preview = PYTHON_RUNTIMES["python3.15"]
    assert Target("3.15", "arm64").runtime is preview
    assert (preview.glibc, preview.deprecated, preview.dates) == ((2, 34), None, "")
    assert BUILDABLE_PYTHONS[-1] == "3.15"
