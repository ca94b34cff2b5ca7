"""Grants that are malformed, missing, public or not retained."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import App, Function, Grant, is_literal
from cdk_layers.errors import SharingError
from cdk_layers.lambda_service.arn import ORGANIZATION
from cdk_layers.rules.examples import layer_yaml, template
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Layer, Settings

register_family(__name__, order=140, error=SharingError)

_ROOT: Final = re.compile(r"arn:aws[a-z0-9-]*:iam::(?P<account>\d{12}):root", re.ASCII)
_ACCOUNT_OR_ROOT: Final = re.compile(rf"\d{{12}}|{_ROOT.pattern}", re.ASCII)
_OTHER_STACKS: Final = ("stack-output", "ssm-reference", "parameter", "import-value")
"""References to layers that another stack may define."""

_CREATE_ONLY: Final = "CloudFormation's schemas (all properties are create-only); aws-cdk 15524, 21232, 30686."
_NOT_AUTHORIZED: Final = (
    "... is not authorized to perform: lambda:GetLayerVersion on resource: ... because no resource-based policy allows "
    "the lambda:GetLayerVersion action"
)
_MODEL: Final = "botocore 1.44.5, the service model of AddLayerVersionPermission."


def _permission(*properties: str, retained: bool = True) -> str:
    policy = "Retain" if retained else "Delete"
    lines = [
        "Permission:",
        "  Type: AWS::Lambda::LayerVersionPermission",
        f"  UpdateReplacePolicy: {policy}",
        f"  DeletionPolicy: {policy}",
        "  Properties:",
        "    Action: lambda:GetLayerVersion",
        "    LayerVersionArn: !Ref Base",
        *(f"    {text}" for text in properties),
    ]
    return "\n".join(lines)


@rule(
    "grant-not-retained",
    Grant,
    severity="warning",
    meaning="A layer version outlives its replacement, and its permission does not: the next deploy that changes the "
    "layer removes the old version's permission, and accounts that are pinned to it fail at their next update.",
    remedy="Give the permission the same UpdateReplacePolicy and DeletionPolicy as its layer, `Retain`, or use "
    "`SharedPythonLayer(grants=[...])`, which sets them.",
    source=_CREATE_ONLY,
    aws_error=_NOT_AUTHORIZED,
    failing=template(layer_yaml(), _permission("Principal: '222222222222'", retained=False)),
    passing=template(layer_yaml(), _permission("Principal: '222222222222'")),
)
def grant_not_retained(subject: Grant, _: Settings) -> Iterator[Problem]:
    """Compare the policies of a permission and of its layer."""
    if subject.layer is not None and subject.layer.retained is True and subject.retained is False:
        yield Problem(
            f"The permission {subject.where.path!r} is deleted when its layer {subject.layer.label!r} changes, and the "
            "old version of the layer is retained: accounts that are pinned to it lose access."
        )


@rule(
    "shared-layer-not-retained",
    App,
    severity="warning",
    meaning="A layer that other accounts or other stacks use is deleted and replaced by the next deploy that changes "
    "it. Functions that use the old version continue to run, but they can be neither updated nor rolled back to it.",
    remedy="Retain it and its permissions: `UpdateReplacePolicy: Retain` and `DeletionPolicy: Retain`, in the CDK "
    "`removal_policy=RemovalPolicy.RETAIN` and `apply_removal_policy` of each permission. "
    "Retained versions count as code storage, 300 GB unzipped per Region, which cannot be raised: delete those that no "
    "function uses.",
    source="Lambda's developer guide, deleting layers; CloudFormation's schema of AWS::Lambda::LayerVersion.",
    aws_error="Layer version <arn> does not exist.",
    failing=template(layer_yaml(retained=False), _permission("Principal: '222222222222'", retained=False)),
    passing=template(layer_yaml(), _permission("Principal: '222222222222'")),
)
def shared_layer_not_retained(subject: App, _: Settings) -> Iterator[Problem]:
    """Collect the grantees and the other stacks of each layer that is not retained."""
    uses: dict[Layer, set[str]] = defaultdict(set)
    for grant in subject.grants:
        if grant.layer is not None:
            uses[grant.layer].add(f"granted to {_grantee(grant)}")
    for function in subject.functions:
        for use in function.layers or ():
            if use.reference in _OTHER_STACKS:
                uses[use.layer].add(f"used by {function.where.path!r} in another stack")
    for layer, users in uses.items():
        if layer.is_resource and layer.retained is False:
            more = f" and {count(len(users) - 1, 'more user')}" if len(users) > 1 else ""
            yield Problem(
                f"Layer {layer.label!r} is {min(users)}{more}, and the next deploy that changes it deletes this "
                "version.",
                where=layer.where,
            )


def _grantee(grant: Grant) -> str:
    if grant.principal is None:
        return "a principal that is not known here"
    if grant.organization is not None:
        return f"the organization {grant.organization}".rstrip()
    return "everyone" if grant.principal == "*" else f"{grant.principal}"


@rule(
    "missing-grant",
    App,
    severity="error",
    meaning="A function uses a layer of another account, both of this app, and no permission on that layer covers the "
    "function's account. A warning where a permission may cover it: one for an organization, or for a principal that "
    "is not a literal.",
    remedy="Grant it: `SharedPythonLayer(grants=[LayerGrant.account(...)])`. A `LayeredFunction` that uses a "
    "`SharedPythonLayer` of the same app is granted it automatically.",
    source="Lambda's API and developer guide.",
    aws_error=_NOT_AUTHORIZED,
    failing="""\
hub = Stack(app, "Hub", env=Environment(account="111111111111", region="eu-west-1"))
base = SharedPythonLayer(
    hub, "Base", entry="layers/base",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
spoke = Stack(app, "Spoke", env=Environment(account="222222222222", region="eu-west-1"))
Function(
    spoke, "Report", code=Code.from_asset("functions/report"),
    handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[base],
)
""",
    passing="""\
hub = Stack(app, "Hub", env=Environment(account="111111111111", region="eu-west-1"))
base = SharedPythonLayer(
    hub, "Base", entry="layers/base", compatible_runtimes=[Runtime.PYTHON_3_13],
    grants=[LayerGrant.account("222222222222")],
)
spoke = Stack(app, "Spoke", env=Environment(account="222222222222", region="eu-west-1"))
Function(
    spoke, "Report", code=Code.from_asset("functions/report"),
    handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[base],
)
""",
)
def missing_grant(subject: App, _: Settings) -> Iterator[Problem]:
    """Search for a permission for each function in another account than its layer."""
    grants: dict[Layer, list[Grant]] = defaultdict(list)
    for grant in subject.grants:
        if grant.layer is not None:
            grants[grant.layer].append(grant)
    for function in subject.functions:
        for layer in dict.fromkeys(function.used_layers):
            if (
                layer.is_resource
                and None not in (function.account, layer.account)
                and function.account != layer.account
            ):
                yield from _uncovered(function, layer, grants[layer])


def _uncovered(function: Function, layer: Layer, grants: list[Grant]) -> Iterator[Problem]:
    accounts = f"is in account {function.account}, and its layer {layer.label!r} in {layer.account}"
    start = f"Function {function.where.path!r} {accounts} has"
    covers = [_covers(grant, function.account or "") for grant in grants]
    if True in covers:
        return
    if None in covers:
        possible = _grantee(grants[covers.index(None)])
        yield Problem(
            f"{start} only a permission that may cover it: {possible}.",
            remedy=f"Make sure that {function.account} is covered, and acknowledge this.",
            where=function.where,
            severity="warning",
        )
    else:
        others = f": only for {', '.join(_grantee(grant) for grant in grants)}" if grants else ""
        yield Problem(f"{start} no permission for it{others}.", where=function.where)


def _covers(grant: Grant, account: str) -> bool | None:
    """Return whether a permission covers an account; None if that is not known."""
    principal = grant.principal
    if principal is None or not is_literal(principal) or (principal == "*" and grant.organization is not None):
        return None
    root = _ROOT.fullmatch(principal)
    return principal in ("*", account) or (root is not None and root["account"] == account)


@rule(
    "public-grant",
    Grant,
    severity="warning",
    meaning="A permission lets every AWS account use the layer.",
    remedy="Name an account or an organization. If the layer is meant for everyone, acknowledge this, or write "
    "`LayerGrant.public()` in the `grants` of a `SharedPythonLayer`.",
    source="Lambda's developer guide.",
    failing=template(layer_yaml(), _permission("Principal: '*'")),
    passing=template(layer_yaml(), _permission("Principal: '*'", "OrganizationId: o-a1b2c3d4e5")),
)
def public_grant(subject: Grant, _: Settings) -> Iterator[Problem]:
    """Search for permissions of everyone, without an organization and without `LayerGrant.public()`."""
    if subject.principal == "*" and subject.organization is None and not subject.public_on_purpose:
        label = "its layer" if subject.layer is None else f"the layer {subject.layer.label!r}"
        yield Problem(f"The permission {subject.where.path!r} lets every AWS account use {label}.")


@rule(
    "malformed-principal",
    Grant,
    severity="error",
    meaning="The principal or the organization of a layer's permission does not have a form that the service accepts.",
    remedy="Name an account by its 12 digits, or an organization (`o-...`) with the principal `*`.",
    source=_MODEL,
    raised_at_construction=True,
    failing=template(layer_yaml(), _permission("Principal: 22222222222")),
    passing=template(layer_yaml(), _permission("Principal: '222222222222'")),
)
def malformed_principal(subject: Grant, _: Settings) -> Iterator[Problem]:
    """Compare principal and organization with their patterns."""
    principal, organization = subject.principal, subject.organization
    start = f"The permission {subject.where.path!r} names the"
    is_specific = principal is not None and is_literal(principal) and principal != "*"
    if is_specific and not _ACCOUNT_OR_ROOT.fullmatch(principal or ""):
        yield Problem(
            f"{start} principal {principal!r}, which is neither an account of 12 digits nor '*' nor the ARN of an "
            "account's root."
        )
    if organization and is_literal(organization) and not ORGANIZATION.fullmatch(organization):
        yield Problem(f"{start} organization {organization!r}, which {ORGANIZATION.pattern} does not match.")
    if organization is not None and is_specific:
        yield Problem(
            f"{start} organization {organization!r} with the principal {principal!r}; an organization requires the "
            "principal '*'."
        )
