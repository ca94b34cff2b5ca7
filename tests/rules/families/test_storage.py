"""Objects that Lambda reads in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.app.model import Storage
from cdk_layers.rules.engine import judge
from tests.assembly.templates import read_text
from tests.rules.subjects import SETTINGS, a_function, a_layer, findings

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "s3://artifacts/base.zip"


@pytest.mark.parametrize(("storage", "expected"), [
    (None, 0),
    (Storage(PLACE, has_version=True), 0),
    (Storage(PLACE, has_version=True, is_versioned=True), 0),
    (Storage(PLACE, has_version=False), 1),
    (Storage(PLACE, has_version=True, is_versioned=False), 1),
    (Storage(PLACE, has_version=True, is_versioned=True, expiring=("old",)), 1),
    (Storage(PLACE, has_version=False, is_versioned=False, expiring=("old", "number 2")), 3),
])  # fmt: skip
def test_each_way_to_lose_an_object_is_a_warning(storage: Storage | None, expected: int) -> None:
    """For layers as for functions; a bucket of others is not reported where the version is named."""
    for subject in (a_layer(storage=storage), a_function(storage=storage)):
        found = findings("unversioned-storage", subject)
        assert [finding.severity for finding in found] == ["warning"] * expected
        assert all(PLACE in finding.message for finding in found)


def _found(folder: Path, content: str, bucket: str = "") -> list[str]:
    text = f"""
Resources:
  Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {{{content}}}}}}}
  Artifacts: {{Type: AWS::S3::Bucket, Properties: {{{bucket}}}}}
"""
    found = judge(read_text(folder, text), SETTINGS)
    return [finding.message for finding in found if finding.rule == "unversioned-storage"]


_OURS = "S3Bucket: !Ref Artifacts, S3Key: layers/base.zip"
_VERSIONED = "VersioningConfiguration: {Status: Enabled}"


@pytest.mark.parametrize(("content", "bucket", "expected"), [
    (_OURS, "", []),
    (f"{_OURS}, S3ObjectStorageMode: COPY", "", []),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a", _VERSIONED, []),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE", _VERSIONED, ["version is not named"]),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: !Ref AWS::NoValue", _VERSIONED, ["version is not"]),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a", "", ["without versioning"]),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a", "VersioningConfiguration: !Ref AWS::NoValue",
     ["without versioning"]),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a", "VersioningConfiguration: {Status: Suspended}",
     ["without versioning"]),
    (f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a", "VersioningConfiguration: !Ref Unset", []),
    ("S3Bucket: theirs, S3Key: k, S3ObjectStorageMode: REFERENCE", "", ["version is not named"]),
    ("S3Bucket: theirs, S3Key: k, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a", "", []),
])  # fmt: skip
def test_what_a_template_says_of_storage(tmp_path: Path, content: str, bucket: str, expected: list[str]) -> None:
    """Only a referenced object can get lost; of other people's buckets nothing is known."""
    found = _found(tmp_path, content, bucket)

    assert len(found) == len(expected)
    assert all(words in message for words, message in zip(expected, found, strict=True))


@pytest.mark.parametrize(("rule", "expected"), [
    ("{Id: old, Status: Enabled, ExpirationInDays: 30}", True),
    ("{Status: Enabled, ExpirationDate: '2027-01-01'}", True),
    ("{Status: Enabled, NoncurrentVersionExpiration: {NoncurrentDays: 1}}", True),
    ("{Status: Enabled, Prefix: layers/, ExpirationInDays: 30}", True),
    ("{Status: Enabled, Prefix: logs/, ExpirationInDays: 30}", False),
    ("{Status: Disabled, ExpirationInDays: 30}", False),
    ("{Status: Enabled, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}}", False),
    ("{Status: Enabled, Transitions: [{StorageClass: GLACIER, TransitionInDays: 1}]}", False),
])  # fmt: skip
def test_lifecycle_rules_that_delete(tmp_path: Path, rule: str, expected: bool) -> None:
    """Only those that are on, that delete, and that are for this object."""
    content = f"{_OURS}, S3ObjectStorageMode: REFERENCE, S3ObjectVersion: a"
    found = _found(tmp_path, content, f"{_VERSIONED}, LifecycleConfiguration: {{Rules: [{rule}]}}")

    assert [("lifecycle rules" in message) for message in found] == [True] * expected


def test_sam_names_it_otherwise(tmp_path: Path) -> None:
    """StorageMode and Version of a serverless layer are the same two properties."""
    text = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Base:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: {Bucket: b, Key: k, StorageMode: REFERENCE}}
"""
    (layer,) = read_text(tmp_path, text).layers

    assert layer.storage == Storage("s3://b/k", has_version=False)
