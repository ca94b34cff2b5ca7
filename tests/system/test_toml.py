"""Reading TOML."""

from __future__ import annotations

import pytest

from cdk_layers.system.toml import parse_toml


def test_byte_order_mark() -> None:
    """A byte order mark at the start is ignored, as by uv. Anywhere else it is an error."""
    assert parse_toml("\ufeff[a]\nb = 1\n") == parse_toml("[a]\nb = 1\n") == {"a": {"b": 1}}
    with pytest.raises(ValueError, match="line 1"):
        parse_toml("\ufeff\ufeff[a]\n")


def test_deep_nesting() -> None:
    """A document that is nested deeper than Python's recursion limit is an error like any other invalid one."""
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_toml(f"a = {'[' * 100_000}")
