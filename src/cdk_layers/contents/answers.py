"""Answers about an archive that are computed once, since many functions share few layers."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from cdk_layers.contents.model import Contents

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


def once_per_archive(
    measure: Callable[Concatenate[Contents, Arguments], Answer],
) -> Callable[Concatenate[Contents, Arguments], Answer]:
    """Compute the result of a function of an archive's contents once for the same arguments."""

    @wraps(measure)
    def answer(contents: Contents, /, *arguments: Arguments.args, **options: Arguments.kwargs) -> Answer:
        given = (*arguments, *options.items())
        key = (measure, *(id(part) if isinstance(part, Contents) else part for part in given))
        if key not in contents.answers:
            # The arguments are stored too, so that no other archive can get the identity of one of them.
            contents.answers[key] = (given, measure(contents, *arguments, **options))
        return contents.answers[key][1]  # type: ignore[no-any-return]

    return answer
