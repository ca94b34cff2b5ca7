"""Answers about archives that are remembered, and the distributions that files of an archive belong to."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from weakref import ref

from cdk_layers.contents.model import Contents

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.contents.model import Distribution

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


def kept(measure: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Keep a function's answers about archives, known by identity, for as long as those archives live."""
    answers: dict[tuple[object, ...], tuple[list[ref[Contents]], Answer]] = {}

    @wraps(measure)
    def answer(*arguments: Arguments.args, **options: Arguments.kwargs) -> Answer:
        given = (*arguments, *(part for option in sorted(options.items()) for part in option))
        key = tuple(id(one) if isinstance(one, Contents) else one for one in given)
        if key not in answers:
            # An archive that is gone takes its answers along, before another can have its identity.
            watched = [ref(one, lambda _: answers.pop(key, None)) for one in given if isinstance(one, Contents)]
            answers[key] = (watched, measure(*arguments, **options))
        return answers[key][1]

    return answer


@kept
def in_folder(contents: Contents, folder: str) -> tuple[Distribution, ...]:
    """Return the distributions whose metadata lies in one folder of an archive."""
    return tuple(one for one in contents.distributions if one.folder == folder)


@kept
def _owners(contents: Contents, folder: str) -> dict[str, str]:
    return {name: one.name for one in in_folder(contents, folder) for name in one.top_level}


def owner(contents: Contents, path: str) -> str | None:
    """Return the name of the distribution that a file was installed by, as far as its top-level name tells."""
    for folder in _homes(contents):
        if not folder or path.startswith(f"{folder}/"):
            name = path[len(folder) + 1 if folder else 0 :].partition("/")[0]
            if name in _owners(contents, folder):
                return _owners(contents, folder)[name]
    return None


@kept
def _homes(contents: Contents) -> tuple[str, ...]:
    return tuple(sorted({one.folder for one in contents.distributions}, key=len, reverse=True))
