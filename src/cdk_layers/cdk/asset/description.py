"""Default description and license of a layer version, made from its distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.lambda_service.limits import MAX_DESCRIPTION_CHARACTERS, MAX_LICENSE_CHARACTERS

if TYPE_CHECKING:
    from cdk_layers.contents.model import Contents


def describe(contents: Contents) -> str | None:
    """Return the distributions with their versions, as many as the description of a layer version may contain.

    Returns:
        Such as "boto3 1.43.11, requests 2.34.2, and 12 more", or None when there are no distributions.
    """
    names = [f"{name} {version}" for name, version in contents.versions.items()]
    for count in range(len(names), 0, -1):
        more = [f"and {len(names) - count} more"] if count < len(names) else []
        text = ", ".join([*names[:count], *more])
        if len(text) <= MAX_DESCRIPTION_CHARACTERS:
            return text
    return None


def common_license(contents: Contents) -> str | None:
    """Return the license of all distributions; None if they differ or one of them names none."""
    names = {distribution.license for distribution in contents.distributions}
    name = names.pop() if len(names) == 1 else None
    return name if name and len(name) <= MAX_LICENSE_CHARACTERS else None
