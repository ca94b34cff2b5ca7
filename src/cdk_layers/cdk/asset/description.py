"""What a layer version says of itself in the console, made from what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.lambda_service.limits import MAX_DESCRIPTION_CHARACTERS, MAX_LICENSE_CHARACTERS

if TYPE_CHECKING:
    from cdk_layers.contents.model import Contents


def describe(contents: Contents) -> str | None:
    """Return the distributions with their versions, cut at a whole name to the characters that the service takes.

    Returns:
        Such as "boto3 1.43.11, requests 2.34.2, and 12 more", or None when there are no distributions.
    """
    names = [f"{name} {version}" for name, version in contents.versions.items()]
    for told in range(len(names), 0, -1):
        more = [f"and {len(names) - told} more"] if told < len(names) else []
        text = ", ".join([*names[:told], *more])
        if len(text) <= MAX_DESCRIPTION_CHARACTERS:
            return text
    return None


def common_license(contents: Contents) -> str | None:
    """Return the licence that all distributions name, or None when they differ, or one names none."""
    names = {distribution.license for distribution in contents.distributions}
    name = names.pop() if len(names) == 1 else None
    return name if name and len(name) <= MAX_LICENSE_CHARACTERS else None
