"""Strings that may contain tokens, whose values are known only at synthesis or at deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import is_literal

if TYPE_CHECKING:
    from collections.abc import Mapping


def known(value: str | None) -> str | None:
    """Return a literal string; None for one with a token or with a value that the CDK looks up later.

    The CDK's own test for tokens is a jsii call each time.
    """
    return value if value is not None and is_literal(value) else None


def known_values(values: Mapping[str, str]) -> dict[str, str | None]:
    """Return environment variables, with None for the values that are not literals."""
    return {name: known(value) for name, value in values.items()}
