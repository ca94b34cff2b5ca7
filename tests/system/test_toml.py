"""Reading TOML."""

from __future__ import annotations

import pytest

from cdk_layers.system import toml


def test_byte_order_mark() -> None:
    """A byte order mark at the start is ignored, as by uv. Anywhere else it is an error."""
    assert toml.loads("\ufeff[a]\nb = 1\n") == toml.loads("[a]\nb = 1\n") == {"a": {"b": 1}}
    with pytest.raises(toml.TOMLDecodeError):
        toml.loads("\ufeff\ufeff[a]\n")
