"""Data files of AWS services in botocore and boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.errors import UsageError
from cdk_layers.system.wording import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_ROOTS: Final = ("botocore/data/", "boto3/data/")

_NAMED: Final = 10

NEEDED: Final = frozenset({"signin", "sso", "sso-oidc", "sts"})
"""Services that botocore itself calls for credentials. Source: the clients that botocore's credentials.py and tokens.py
create."""


def service_of(path: str) -> str | None:
    """Return the service that a file describes; None for other files.

    Files that all services need are at the top of the folder: _retry.json, endpoints.json, partitions.json and
    sdk-default-configuration.json.
    """
    for root in _ROOTS:
        if path.startswith(root):
            service, slash, _ = path[len(root) :].partition("/")
            return service if slash else None
    return None


def check_services(services: Collection[str], paths: Iterable[str]) -> None:
    """Reject names that are not services of the installed botocore.

    Args:
        services: The names that the user chose.
        paths: The files of botocore, relative to site-packages.

    Raises:
        UsageError: A name is unknown.
    """
    known = {service for path in paths if (service := service_of(path))}
    unknown = sorted(set(services) - known) if known else []
    if unknown:
        hints = (nearest(service.lower(), sorted(known)) for service in unknown)
        named = (f"{service!r}{hint and f' ({hint})'}" for service, hint in zip(unknown, hints, strict=True))
        message = (
            f"aws_services: the installed botocore has no service {listed(named, _NAMED)}. "
            f"The names are those of boto3.client(), such as 's3' and 'dynamodb'."
        )
        raise UsageError(message)
