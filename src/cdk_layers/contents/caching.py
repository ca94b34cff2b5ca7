"""Answers about an archive that are computed once, since many functions share few layers."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from cdk_layers.contents.model import Contents

if TYPE_CHECKING:
    from collections.abc import Callable


class OfArchive(Protocol):
    """What describes one archive, and stores the answers about it."""

    @property
    def answers(self) -> dict[object, Any]:
        """The answers, by function and arguments."""
        ...


Subject = TypeVar("Subject", bound=OfArchive)
Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


def once_per_archive(
    measure: Callable[Concatenate[Subject, Arguments], Answer],
) -> Callable[Concatenate[Subject, Arguments], Answer]:
    """Compute the result of a function of an archive's contents, or of an index of them, once."""

    @wraps(measure)
    def answer(subject: Subject, /, *arguments: Arguments.args, **options: Arguments.kwargs) -> Answer:
        given = (*arguments, *options.items())
        key = (measure, *(id(part) if isinstance(part, Contents) else part for part in given))
        if key not in subject.answers:
            # The arguments are stored too, so that no other archive can get the identity of one of them.
            subject.answers[key] = (given, measure(subject, *arguments, **options))
        return subject.answers[key][1]  # type: ignore[no-any-return]

    return answer
