"""Acknowledgements whose rules do not exist."""

from __future__ import annotations

import pytest

from cdk_layers.app.model import App
from tests.rules.subjects import findings


@pytest.mark.parametrize(
    ("path", "name", "parts"),
    [
        ("Spoke/Report", "handler-not-fond", ["at 'Spoke/Report'", "'handler-not-fond'", "mean 'handler-not-found'?"]),
        ("", "too_many_layers", ["for the whole app", "mean 'too-many-layers'?"]),
        ("Spoke", "zzz", ["at 'Spoke'", "'zzz', which does not exist."]),
    ],
)
def test_a_misspelt_rule_is_named_with_the_nearest(path: str, name: str, parts: list[str]) -> None:
    """An acknowledgement that acts on nothing says where it is and what may be meant; known rules are left alone."""
    acknowledged = {path: {name: "reviewed", "size-unknown": "reviewed"}}

    (finding,) = findings("unknown-acknowledgement", App((), acknowledged=acknowledged))

    assert (finding.severity, finding.where.path) == ("warning", path)
    assert [part for part in parts if part not in finding.message] == []
