"""Code and layers that Lambda reads from the user's own bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Function, Layer
from cdk_layers.rules.examples import layer_yaml, template
from cdk_layers.rules.registry import Problem, further_check, register_family, rule
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings, Storage

register_family(__name__, order=180)


def _referencing(*more: str, versioning: str, days: str = "") -> str:
    lines = ["S3Bucket: !Ref Artifacts", "S3Key: base.zip", "S3ObjectStorageMode: REFERENCE", *more]
    content = ", ".join(lines)
    bucket = (
        f"Artifacts: {{Type: AWS::S3::Bucket, Properties: {{VersioningConfiguration: {{Status: {versioning}}}{days}}}}}"
    )
    return template(
        layer_yaml().replace("{S3Bucket: artifacts, S3Key: base.zip}", f"{{{content}}}"),
        bucket,
    )


@rule(
    "unversioned-storage",
    Layer,
    severity="warning",
    meaning="A layer's content or a function's code stays in the user's own bucket (`S3ObjectStorageMode: REFERENCE`), "
    "and can be lost there: no object version is named, the bucket keeps no versions, or it deletes objects by its "
    "lifecycle rules. The object does not count as code storage, and has to stay where it is, readable for Lambda, as "
    "long as the layer version or the function exists: updates fail without it.",
    remedy="Enable versioning on the bucket, name the object's version (`S3ObjectVersion`), exclude it from lifecycle "
    "rules, and let the service principal lambda.amazonaws.com read it (s3:GetObject and s3:GetObjectVersion).",
    source="AWS SAM's developer guide, LayerContent; Lambda's developer guide, self-managed S3 code storage; "
    "CloudFormation's schema of AWS::Lambda::LayerVersion (aws-cdk-lib 2.275).",
    failing=_referencing(versioning="Suspended", days=", LifecycleConfiguration: {Rules: [{Status: Enabled, "
                         "ExpirationInDays: 30}]}"),
    passing=_referencing("S3ObjectVersion: 3HL4kqtJvjVBH40Nrjfkd", versioning="Enabled"),
)  # fmt: skip
def unversioned_storage_of_layer(subject: Layer, _: Settings) -> Iterator[Problem]:
    """Check the storage of a layer's content."""
    if subject.storage is not None:
        yield from _losses(f"The content of layer {subject.label!r}", subject.storage)


@further_check("unversioned-storage", Function)
def unversioned_storage_of_function(subject: Function, _: Settings) -> Iterator[Problem]:
    """Check the storage of a function's code."""
    if subject.storage is not None:
        yield from _losses(f"The code of function {subject.where.path!r}", subject.storage)


def _losses(start: str, storage: Storage) -> Iterator[Problem]:
    stays = f"{start} stays at {storage.place!r} (REFERENCE)"
    if not storage.has_version:
        yield Problem(f"{stays}, and its version is not named: writing the object again changes or breaks it.")
    if storage.is_versioned is False:
        yield Problem(
            f"{stays}, in a bucket without versioning: objects that are overwritten or deleted there are lost."
        )
    if storage.expiring:
        yield Problem(f"{stays}, and lifecycle rules of the bucket may delete it: {quoted(storage.expiring)}.")
