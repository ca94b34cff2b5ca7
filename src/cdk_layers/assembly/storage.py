"""S3 objects that Lambda reads in place instead of copying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import Storage
from cdk_layers.assembly.evaluate.values import NO_VALUE, Reference, as_text, describe
from cdk_layers.system.document_values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_layers.assembly.evaluate.intrinsics import Evaluation
    from cdk_layers.assembly.stacks import Resource

_BUCKET: Final = "AWS::S3::Bucket"
_EXPIRATIONS: Final = (
    "ExpirationDate", "ExpirationInDays", "NoncurrentVersionExpiration", "NoncurrentVersionExpirationInDays",
)  # fmt: skip
"""The properties of a lifecycle rule that delete objects or their older versions. Source: CloudFormation's schema of
AWS::S3::Bucket."""


def referenced(location: Mapping[str, Any], evaluation: Evaluation) -> Storage | None:
    """Return the object that Lambda reads in place; None if Lambda copies it, or if that is not known.

    Args:
        location: The evaluated Code or Content of a resource.
        evaluation: Evaluates the bucket's own properties.
    """
    if as_text(location.get("S3ObjectStorageMode")) != "REFERENCE":
        return None
    bucket, key = location.get("S3Bucket"), as_text(location.get("S3Key"))
    version = location.get("S3ObjectVersion", NO_VALUE)
    has_version = version is not NO_VALUE and version != ""
    place = f"s3://{describe(bucket)}/{describe(location.get('S3Key'))}"
    if not isinstance(bucket, Reference) or bucket.resource.type != _BUCKET:
        return Storage(place, has_version)
    versioning = evaluation.value(bucket.resource.properties.get("VersioningConfiguration", {}), bucket.resource.stack)
    is_known = versioning is NO_VALUE or isinstance(versioning, dict)
    return Storage(
        place,
        has_version,
        as_text(mapping(versioning).get("Status")) == "Enabled" if is_known else None,
        tuple(_expiring(bucket.resource, key, evaluation)),
    )


def _expiring(bucket: Resource, key: str | None, evaluation: Evaluation) -> Iterator[str]:
    """Yield the names of the lifecycle rules that may delete an object."""
    lifecycle = evaluation.value(bucket.properties.get("LifecycleConfiguration", {}), bucket.stack)
    for number, rule in enumerate(items(mapping(lifecycle).get("Rules")), start=1):
        fields = mapping(rule)
        prefix = as_text(fields.get("Prefix")) or ""
        is_elsewhere = key is not None and not key.startswith(prefix)
        if (
            as_text(fields.get("Status")) != "Disabled"
            and not is_elsewhere
            and any(name in fields for name in _EXPIRATIONS)
        ):
            yield as_text(fields.get("Id")) or f"number {number}"
