"""Answers about archives that are computed once."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

from cdk_layers.contents.caching import once_per_archive
from tests.rules.archives import archive

if TYPE_CHECKING:
    from cdk_layers.contents.model import Contents


def test_answers_are_stored_by_identity_and_no_longer_than_their_archive() -> None:
    """Equal archives have answers of their own, and storing an answer keeps no archive alive."""
    calls: list[str] = []

    @once_per_archive
    def measured(_: Contents, text: str) -> str:
        calls.append(text)
        return text

    first, other = archive(["a"]), archive(["a"])
    assert [measured(first, "x"), measured(first, "x"), measured(first, "y"), measured(other, "x")] == list("xxyx")
    assert calls == ["x", "y", "x"]
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


def test_an_answer_about_two_archives_is_that_of_both() -> None:
    """An answer about two archives does not answer for another second one, even if it equals the first."""

    @once_per_archive
    def both(lower: Contents, upper: Contents) -> tuple[int, int]:
        return id(lower), id(upper)

    lower, upper, other = archive(["a"]), archive(["a"]), archive(["a"])
    assert both(lower, upper) == both(lower, upper) == (id(lower), id(upper))
    assert both(lower, other) == (id(lower), id(other))
