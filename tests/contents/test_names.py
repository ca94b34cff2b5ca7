"""Normalized names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from cdk_layers.contents.names import canonical


@given(st.text("aB0-_.", max_size=8))
def test_agrees_with_packaging(name: str) -> None:
    """It is what packaging makes of a name."""
    assert canonical(name) == canonicalize_name(name)
