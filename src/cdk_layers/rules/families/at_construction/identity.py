"""Layers that a function cannot use at all: their ARN, their Region, their partition, another version of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function, Layer, is_literal
from cdk_layers.errors import IdentityError
from cdk_layers.lambda_service.arn import LAYER_NAME, LayerArn
from cdk_layers.lambda_service.limits import MAX_ARN_CHARACTERS
from cdk_layers.lambda_service.regions import partition_of
from cdk_layers.rules.examples import function, template
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=20, error=IdentityError)

_FORM: Final = "arn:<partition>:lambda:<region>:<account>:layer:<name>:<version>"
_SERVICES_OWN: Final = re.compile(r"arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+")
"""Layers of the service itself, which have no version. Source: botocore 1.44.5."""

_TWO_VERSIONS: Final = (
    "Two different versions of the same layer are not allowed to be referenced in the same function. "
    "{first} and {second} are versions of the same layer."
)
_OTHER_REGION: Final = (
    "Layers are not in the same region as the function. Layers are expected to be in region {region}."
)
_PER_REGION: Final = "Make the layer in each Region: one `MultiLayerStack` per Region, with the same `add_layer` calls."
_PUBLISHERS_ARN: Final = (
    "Use the ARN that the layer's publisher names for {region}: account ids and version numbers differ by Region, so "
    "swapping the Region alone gives another layer or none."
)


@rule(
    "malformed-layer-arn",
    Function,
    severity="error",
    meaning="A literal text in a function's layers is not the ARN of a layer version.",
    remedy=f"Write the whole ARN of one version: {_FORM}.",
    source="botocore 1.44.5, the pattern of LayerVersionArn.",
    raised_at_construction=True,
    failing=template(function("Layers: ['arn:aws:lambda:eu-west-1:111111111111:layer:tracing']")),
    passing=template(function("Layers: ['arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7']")),
)
def malformed_layer_arn(subject: Function, _: Settings) -> Iterator[Problem]:
    """Take each literal apart."""
    for one in dict.fromkeys(subject.used_layers):
        text = None if one.arn is not None else one.raw_arn
        if text is not None and is_literal(text) and not _SERVICES_OWN.fullmatch(text):
            yield Problem(
                f"Function {subject.where.path!r} names the layer {text!r}, which is no ARN of a layer version: "
                f"{_flaw(text)}."
            )


def _flaw(text: str) -> str:
    parts = text.split(":")
    names = ("arn", "partition", "service", "Region", "account", "resource type", "name", "version")
    if len(text) > MAX_ARN_CHARACTERS:
        return f"it has {len(text)} characters, and the service's limit is {MAX_ARN_CHARACTERS}"
    if len(parts) == len(names) - 1 and parts[5] == "layer":
        return "its version is missing"
    if len(parts) != len(names):
        return f"it has {count(len(parts), 'part')} between colons where {len(names)} belong"
    good = ("arn", "aws", "lambda", "eu-west-1", "111111111111", "layer", "name", "1")
    for number, (name, part) in enumerate(zip(names, parts, strict=True)):
        if LayerArn.parse(":".join((*good[:number], part, *good[number + 1 :]))) is None:
            return f"its {name} is {part!r}{_EXPECTED.get(name, '')}"
    return "its parts do not fit together"


_EXPECTED: Final = {
    "service": ", not 'lambda'",
    "account": ", not 12 digits",
    "resource type": ", not 'layer'",
    "name": f", which {LAYER_NAME.pattern} does not match",
    "version": ", not a number from 1 on",
}


def _partition(subject: Function | Layer) -> str | None:
    if subject.partition is not None:
        return subject.partition
    if isinstance(subject, Layer) and subject.arn is not None:
        return subject.arn.partition
    region = _region(subject)
    return None if region is None else partition_of(region)


def _region(subject: Function | Layer) -> str | None:
    if subject.region is None and isinstance(subject, Layer) and subject.arn is not None:
        return subject.arn.region
    return subject.region


@rule(
    "wrong-region",
    Function,
    severity="error",
    meaning="A layer has to be in the Region of the function that uses it.",
    remedy=_PER_REGION,
    source="Lambda's API.",
    aws_error=_OTHER_REGION.format(region="<region>"),
    raised_at_construction=True,
    failing="""\
stack = Stack(app, "Spoke", env=Environment(account="111111111111", region="eu-central-1"))
tracing = LayerVersion.from_layer_version_arn(
    stack, "Tracing", "arn:aws:lambda:eu-west-1:222222222222:layer:tracing:7"
)
Function(
    stack, "Report", code=Code.from_asset("functions/report"), handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[tracing],
)
""",
    passing="""\
stack = Stack(app, "Spoke", env=Environment(account="111111111111", region="eu-west-1"))
tracing = LayerVersion.from_layer_version_arn(
    stack, "Tracing", "arn:aws:lambda:eu-west-1:222222222222:layer:tracing:7"
)
Function(
    stack, "Report", code=Code.from_asset("functions/report"), handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[tracing],
)
""",
)
def wrong_region(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare Regions, where both are known and lie in one partition, unless the function can have no layers."""
    if subject.image or subject.edge:
        return
    for one in dict.fromkeys(subject.used_layers):
        region = _region(one)
        same_partition = _partition(subject) == _partition(one)
        if None not in (region, subject.region) and region != subject.region and same_partition:
            yield Problem(
                f"Function {subject.where.path!r} is in {subject.region}, and its layer {one.label!r} is in {region}.",
                remedy=_PER_REGION if one.is_resource else _PUBLISHERS_ARN.format(region=subject.region),
                aws_error=_OTHER_REGION.format(region=subject.region),
            )


@rule(
    "wrong-partition",
    Function,
    severity="error",
    meaning="A layer has to be in the partition (aws, aws-cn, aws-us-gov, ...) of the function that uses it: "
    "partitions share neither accounts nor layers.",
    remedy="Make the layer in the function's own partition, or use the ARN that its publisher names for it.",
    source="AWS general reference, partitions; Lambda's same-Region rule.",
    raised_at_construction=True,
    failing="""\
stack = Stack(app, "Spoke", env=Environment(account="111111111111", region="eu-west-1"))
tracing = LayerVersion.from_layer_version_arn(
    stack, "Tracing", "arn:aws-cn:lambda:cn-north-1:222222222222:layer:tracing:7"
)
Function(
    stack, "Report", code=Code.from_asset("functions/report"), handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[tracing],
)
""",
    passing="""\
stack = Stack(app, "Spoke", env=Environment(account="111111111111", region="cn-north-1"))
tracing = LayerVersion.from_layer_version_arn(
    stack, "Tracing", "arn:aws-cn:lambda:cn-north-1:222222222222:layer:tracing:7"
)
Function(
    stack, "Report", code=Code.from_asset("functions/report"), handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[tracing],
)
""",
)
def wrong_partition(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare partitions, and an ARN's partition with its own Region."""
    own = _partition(subject)
    for one in dict.fromkeys(subject.used_layers):
        partition = _partition(one)
        if None not in (own, partition) and own != partition:
            yield Problem(
                f"Function {subject.where.path!r} is in the partition {own}, and its layer {one.label!r} is in "
                f"{partition}."
            )
        elif one.arn is not None and one.arn.partition != partition_of(one.arn.region):
            yield Problem(
                f"Function {subject.where.path!r} names the layer {one.label!r}, but {one.arn.region} is a Region of "
                f"the partition {partition_of(one.arn.region)}, not of {one.arn.partition}."
            )


@rule(
    "duplicate-layer",
    Function,
    severity="error",
    meaning="A function names one layer twice, by the same version or by two.",
    remedy="Keep one version of it.",
    source="Lambda's API.",
    aws_error=_TWO_VERSIONS.format(first="<arn>", second="<arn>"),
    raised_at_construction=True,
    failing=template(
        function(
            "Layers:",
            "- arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7",
            "- arn:aws:lambda:eu-west-1:111111111111:layer:tracing:8",
        )
    ),
    passing=template(
        function(
            "Layers:",
            "- arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7",
            "- arn:aws:lambda:eu-west-1:222222222222:layer:tracing:8",
        )
    ),
)
def duplicate_layer(subject: Function, _: Settings) -> Iterator[Problem]:
    """Look for layers that are one and the same but for their version."""
    seen: dict[object, Layer] = {}
    for one in subject.used_layers:
        identity = _identity(one)
        if identity in seen:
            yield _duplicate(subject, seen[identity], one)
        seen.setdefault(identity, one)


def _identity(one: Layer) -> object:
    """Return what two versions of one layer have in common; the layer itself when it shares nothing that is known."""
    if one.arn is not None:
        return one.arn.layer
    if one.name is None or not one.is_resource:
        return one.raw_arn if one.raw_arn is not None and is_literal(one.raw_arn) else one
    if one.region is not None and one.account is not None:
        partition = one.partition or partition_of(one.region)
        return f"arn:{partition}:lambda:{one.region}:{one.account}:layer:{one.name}"
    return (one.where.template, one.name) if one.where.template else one


def _duplicate(subject: Function, first: Layer, second: Layer) -> Problem:
    if first is second or first.label == second.label:
        told = f"names the layer {first.label!r} twice"
    else:
        told = f"names two versions of one layer: {quoted((first.label, second.label))}"
    return Problem(
        f"Function {subject.where.path!r} {told}.",
        aws_error=_TWO_VERSIONS.format(first=first.label, second=second.label),
    )


@rule(
    "layers-not-supported",
    Function,
    severity="error",
    meaning="Functions from container images and Lambda@Edge functions take no layers.",
    remedy="Put what the layers bring into the image or into the function's own code.",
    source="Lambda's developer guide.",
    raised_at_construction=True,
    failing=template("""
        Report:
          Type: AWS::Lambda::Function
          Properties:
            PackageType: Image
            Role: arn:aws:iam::111111111111:role/report
            Code: {ImageUri: '111111111111.dkr.ecr.eu-west-1.amazonaws.com/report:1'}
            Layers: ['arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7']
    """),
    passing=template("""
        Report:
          Type: AWS::Lambda::Function
          Properties:
            PackageType: Image
            Role: arn:aws:iam::111111111111:role/report
            Code: {ImageUri: '111111111111.dkr.ecr.eu-west-1.amazonaws.com/report:1'}
    """),
)
def layers_not_supported(subject: Function, _: Settings) -> Iterator[Problem]:
    """Look for layers where none can be."""
    if subject.layers and (subject.image or subject.edge):
        kind = "is made from a container image" if subject.image else "is used by Lambda@Edge"
        yield Problem(
            f"Function {subject.where.path!r} {kind} and names layers: "
            f"{quoted(one.label for one in subject.used_layers)}."
        )
