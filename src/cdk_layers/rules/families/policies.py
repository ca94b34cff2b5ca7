"""Policies of layer versions that are larger than the service accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import App
from cdk_layers.lambda_service import limits
from cdk_layers.rules.examples import layer_yaml, template
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Grant, Layer, Settings
    from cdk_layers.findings import Where

register_family(__name__, order=160)

_STATEMENT_ID: Final = "0" * 36
"""A statement id as long as those of CloudFormation, which are UUIDs."""


def _permissions(number: int) -> tuple[str, ...]:
    return tuple(
        f"P{index}:\n  Type: AWS::Lambda::LayerVersionPermission\n  UpdateReplacePolicy: Retain\n"
        "  DeletionPolicy: Retain\n  Properties: {Action: 'lambda:GetLayerVersion', LayerVersionArn: !Ref Base, "
        f"Principal: '{222_222_222_000 + index}'}}"
        for index in range(number)
    )


_ORGANIZATION: Final = """\
Everyone:
  Type: AWS::Lambda::LayerVersionPermission
  UpdateReplacePolicy: Retain
  DeletionPolicy: Retain
  Properties:
    Action: lambda:GetLayerVersion
    LayerVersionArn: !Ref Base
    Principal: '*'
    OrganizationId: o-a1b2c3d4e5
"""


def policy_bytes(subject: Layer, grants: Sequence[Grant]) -> int:
    """Return the bytes of a layer version's policy as JSON, with one statement for each grant.

    Values that are known only at deploy count with their usual length.
    """
    place = f"{subject.region or 'eu-west-1'}:{subject.account or '1' * 12}"
    resource = f"arn:{subject.partition or 'aws'}:lambda:{place}:layer:{subject.name or 'x'}:1"
    statements = [_statement(grant, subject.partition or "aws", resource) for grant in grants]
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    return len(json.dumps(policy, separators=(",", ":")).encode())


def _statement(grant: Grant, partition: str, resource: str) -> dict[str, object]:
    principal = grant.principal or "1" * 12
    named = principal if principal == "*" or ":" in principal else f"arn:{partition}:iam::{principal}:root"
    statement: dict[str, object] = {
        "Sid": _STATEMENT_ID,
        "Effect": "Allow",
        "Principal": "*" if named == "*" else {"AWS": named},
        "Action": "lambda:GetLayerVersion",
        "Resource": resource,
    }
    if grant.organization is not None:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": grant.organization or "o-a1b2c3d4e5"}}
    return statement


@rule(
    "policy-too-large",
    App,
    severity="warning",
    meaning="The permissions of one layer version make a policy that is larger than the service accepts: the deploy "
    "fails at the permission that exceeds the limit. The limit of 20,480 bytes is documented for the policies of "
    "functions; that layer versions have the same is inferred. The size is an estimate, since CloudFormation writes "
    "the statements.",
    remedy="Grant the layer to the organization instead of its accounts: `LayerGrant.organization('o-...')`.",
    source="Lambda's developer guide, quotas (for functions); the API's PolicyLengthExceededException of "
    "AddLayerVersionPermission.",
    aws_error="The permissions policy for the resource is too large.",
    failing=template(layer_yaml("LayerName: base"), *_permissions(110)),
    passing=template(layer_yaml("LayerName: base"), _ORGANIZATION),
)
def policy_too_large(subject: App, _: Settings) -> Iterator[Problem]:
    """Add up the statements of each layer version. A permission with conditions counts once."""
    granted: dict[Layer, dict[Where, Grant]] = {}
    for grant in subject.grants:
        if grant.layer is not None:
            granted.setdefault(grant.layer, {})[grant.where] = grant
    for layer, grants in granted.items():
        measured = policy_bytes(layer, tuple(grants.values()))
        if measured > limits.MAX_POLICY_BYTES:
            yield Problem(
                f"Layer {layer.label!r} has {count(len(grants), 'permission')}, which make a policy of about "
                f"{measured:,} bytes, {measured - limits.MAX_POLICY_BYTES:,} more than the limit of "
                f"{limits.MAX_POLICY_BYTES:,} bytes that is documented for functions and inferred for layers.",
                where=layer.where,
            )
