"""Finding words in bytes."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_layers.contents import bytesearch
from cdk_layers.contents.bytesearch import contains_any

_LONG = 64 * 1024


@pytest.fixture(params=["C library", "Python"])
def _either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python":
        monkeypatch.setattr(bytesearch, "_memmem", lambda: None)
    elif bytesearch._memmem() is None:
        pytest.skip("this machine's C library has no memmem")


@pytest.mark.usefixtures("_either")
@pytest.mark.parametrize("length", [0, 10, _LONG])
def test_word(length: int) -> None:
    """A word is found at the beginning, at the end and behind zero bytes, and not where it is none."""
    filling = bytes(length)
    assert contains_any(b"AKIA" + filling, [b"none", b"AKIA"])
    assert contains_any(filling + b"AKIA", [b"AKIA"])
    assert not contains_any(filling + b"AKI", [b"AKIA"])
    assert not contains_any(filling + b"AKIA", [])


def test_word_beyond_the_end() -> None:
    """Nothing behind the data is read: a word that goes on there is not in it."""
    whole = ctypes.create_string_buffer(b"x" * _LONG + b"AKIA")
    assert not contains_any(whole.raw[: _LONG + 3], [b"AKIA"])


@given(st.binary(max_size=50), st.lists(st.binary(min_size=1, max_size=3), max_size=3), st.integers(0, 1))
def test_agrees_with_python(data: bytes, words: list[bytes], long: int) -> None:
    """It tells what Python's own search does."""
    data = data + bytes(long * _LONG) + data
    assert contains_any(data, words) == any(word in data for word in words)
