"""Trimming that the options of a build select."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.building.content_options import TRIM_KINDS
from cdk_layers.building.trim.selection import Trimming

if TYPE_CHECKING:
    from cdk_layers.building.content_options import ContentOptions

RULES: Final = 2
"""Increased when the same options leave out other files."""


def trimming_of(options: ContentOptions) -> Trimming:
    """Return the trimming that the options select."""
    kinds = (TRIM_KINDS if options.trim else ()) if isinstance(options.trim, bool) else options.trim
    return Trimming(frozenset(kinds), options.dependency_excludes, frozenset(options.aws_services))
