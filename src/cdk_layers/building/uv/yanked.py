"""Versions that their index has yanked, by the warnings of uv."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cdk_layers.contents.names import canonical

_WARNING: Final = re.compile(
    r"^warning: `(?P<name>[^`=\s]{1,200})==(?P<version>[^`\s]{1,200})` is yanked(?: \(reason: \"(?P<reason>.{0,300}))?",
    re.MULTILINE,
)
_ERROR: Final = re.compile(r"^(?:error:|\s*\u00d7)", re.MULTILINE)
"""The beginning of an error of uv, in all its versions."""


@dataclass(frozen=True, slots=True, order=True)
class Yanked:
    """A version that its index advises against.

    Source: PEP 592.
    """

    name: str
    version: str
    reason: str
    """"" if the index states none."""


def yanked_in(output: str) -> tuple[Yanked, ...]:
    """Return the yanked versions that uv warned about while it installed them, sorted."""
    found = (
        Yanked(canonical(warning["name"]), warning["version"], (warning["reason"] or "").removesuffix('")'))
        for warning in _WARNING.finditer(output)
    )
    return tuple(sorted(found))


def only_error(output: str) -> str:
    """Return the output of a failed run of uv without the lines about its progress, which only `--quiet` leaves out."""
    start = _ERROR.search(output)
    return output[start.start() :] if start else output
