"""Strings that may contain tokens, whose values are known only at synthesis or at deploy, and references in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import DefaultTokenResolver, Reference, StringConcat

from cdk_layers.app.model import is_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import IPostProcessor, IResolvable, IResolveContext

MARK: Final = re.compile("\0([0-9]+)\0")
"""Placeholder of a reference to a construct, so that strings with references can be joined and split."""


def known(value: str | None) -> str | None:
    """Return a literal string; None for one with a token or with a value that the CDK looks up later.

    The CDK's own test for tokens is a jsii call each time.
    """
    return value if value is not None and is_literal(value) else None


def known_values(values: Mapping[str, str]) -> dict[str, str | None]:
    """Return environment variables, with None for the values that are not literals."""
    return {name: known(value) for name, value in values.items()}


class References(DefaultTokenResolver):
    """Replaces each reference to a construct by a mark while a value is resolved."""

    def __init__(self) -> None:
        """Record no reference yet."""
        super().__init__(StringConcat())
        self.found: list[Reference] = []
        """The reference that each mark is for."""

    def resolve_token(self, t: IResolvable, context: IResolveContext, post_processor: IPostProcessor) -> object:
        """Return the mark of a reference, and other tokens as the CDK resolves them."""
        if not Reference.is_reference(t):
            return super().resolve_token(t, context, post_processor)
        self.found.append(cast("Reference", t))
        return f"\0{len(self.found) - 1}\0"
