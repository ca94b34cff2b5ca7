"""Layers that a function cannot use: wrong ARN, Region or partition, or a second version of one layer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function, Layer, is_literal
from cdk_layers.errors import IdentityError
from cdk_layers.lambda_service.arn import LAYER_NAME, LayerArn
from cdk_layers.lambda_service.limits import MAX_ARN_CHARACTERS
from cdk_layers.lambda_service.regions import partition_of
from cdk_layers.rules.examples import function_yaml, template
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=20, error=IdentityError)

_FORM: Final = "arn:<partition>:lambda:<region>:<account>:layer:<name>:<version>"
_LAYER_OF_AWS: Final = re.compile(r"arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+")
"""Layers of AWS itself, which have no version. Source: botocore 1.44.5."""

_TWO_VERSIONS: Final = (
    "Two different versions of the same layer are not allowed to be referenced in the same function. "
    "{first} and {second} are versions of the same layer."
)
_OTHER_REGION: Final = (
    "Layers are not in the same region as the function. Layers are expected to be in region {region}."
)
_PER_REGION: Final = (
    "Create the layer in each Region: one `MultiLayerStack` per Region, with the same `add_layer` calls."
)
_PUBLISHERS_ARN: Final = (
    "Use the ARN that the layer's publisher names for {region}: account ids and version numbers differ by Region, so "
    "changing only the Region gives another layer or none."
)


def _import(*, into: str, arn: str) -> str:
    """Return an example: a function in some Region that imports a layer by its ARN."""
    return f"""\
stack = Stack(app, "Spoke", env=Environment(account="111111111111", region="{into}"))
tracing = LayerVersion.from_layer_version_arn(
    stack, "Tracing", "{arn}"
)
Function(
    stack, "Report", code=Code.from_asset("functions/report"),
    handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[tracing],
)
"""


@rule(
    "malformed-layer-arn",
    Function,
    severity="error",
    meaning="A literal text in a function's layers is not the ARN of a layer version.",
    remedy=f"Write the whole ARN of one version: {_FORM}.",
    source="botocore 1.44.5, the pattern of LayerVersionArn.",
    raised_at_construction=True,
    failing=template(function_yaml("Layers: ['arn:aws:lambda:eu-west-1:111111111111:layer:tracing']")),
    passing=template(function_yaml("Layers: ['arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7']")),
)
def malformed_layer_arn(subject: Function, _: Settings) -> Iterator[Problem]:
    """Parse each literal ARN."""
    for layer in dict.fromkeys(subject.used_layers):
        text = None if layer.arn is not None else layer.raw_arn
        if text is not None and is_literal(text) and not _LAYER_OF_AWS.fullmatch(text):
            yield Problem(
                f"Function {subject.where.path!r} names the layer {text!r}, which is not the ARN of a layer version: "
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
        return f"it has {count(len(parts), 'part')} between colons instead of {len(names)}"
    valid = ("arn", "aws", "lambda", "eu-west-1", "111111111111", "layer", "name", "1")
    for number, (name, part) in enumerate(zip(names, parts, strict=True)):
        if LayerArn.parse(":".join((*valid[:number], part, *valid[number + 1 :]))) is None:
            return f"its {name} is {part!r}{_EXPECTED.get(name, '')}"
    return "its parts do not match each other"


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
    meaning="A layer has to be in the Region of the function that uses it. If that Region is not known, the layers "
    "still have to be in one Region.",
    remedy=_PER_REGION,
    source="Lambda's API.",
    aws_error=_OTHER_REGION.format(region="<region>"),
    raised_at_construction=True,
    failing=_import(into="eu-central-1", arn="arn:aws:lambda:eu-west-1:222222222222:layer:tracing:7"),
    passing=_import(into="eu-west-1", arn="arn:aws:lambda:eu-west-1:222222222222:layer:tracing:7"),
)
def wrong_region(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare Regions, if both are known and in one partition, and if the function can have layers."""
    if subject.image or subject.edge:
        return
    for layer in dict.fromkeys(subject.used_layers):
        region = _region(layer)
        same_partition = _partition(subject) == _partition(layer)
        if None not in (region, subject.region) and region != subject.region and same_partition:
            yield Problem(
                f"Function {subject.where.path!r} is in {subject.region}, its layer {layer.label!r} is in {region}.",
                remedy=_PER_REGION if layer.is_resource else _PUBLISHERS_ARN.format(region=subject.region),
                aws_error=_OTHER_REGION.format(region=subject.region),
            )
    if subject.region is None:
        yield from _different_regions(subject)


def _different_regions(subject: Function) -> Iterator[Problem]:
    """Compare the Regions of the layers with each other, since the function's Region is not known."""
    regions = {region: layer for layer in reversed(subject.used_layers) if (region := _region(layer)) is not None}
    if len(regions) > 1:
        places = ", ".join(f"{layer.label!r} in {region}" for region, layer in reversed(regions.items()))
        yield Problem(
            f"Function {subject.where.path!r} has layers of {len(regions)} Regions, but can be in one only: {places}.",
            remedy=_PUBLISHERS_ARN.format(region="the function's Region"),
        )


@rule(
    "wrong-partition",
    Function,
    severity="error",
    meaning="A layer has to be in the partition (aws, aws-cn, aws-us-gov, ...) of the function that uses it: "
    "partitions share neither accounts nor layers.",
    remedy="Create the layer in the function's partition, or use the ARN that its publisher names for that partition.",
    source="AWS general reference, partitions; Lambda's same-Region rule.",
    raised_at_construction=True,
    failing=_import(into="eu-west-1", arn="arn:aws-cn:lambda:cn-north-1:222222222222:layer:tracing:7"),
    passing=_import(into="cn-north-1", arn="arn:aws-cn:lambda:cn-north-1:222222222222:layer:tracing:7"),
)
def wrong_partition(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare partitions, and an ARN's partition with its own Region."""
    own = _partition(subject)
    for layer in dict.fromkeys(subject.used_layers):
        partition = _partition(layer)
        if None not in (own, partition) and own != partition:
            yield Problem(
                f"Function {subject.where.path!r} is in the partition {own}, and its layer {layer.label!r} is in "
                f"{partition}."
            )
        elif layer.arn is not None and layer.arn.partition != partition_of(layer.arn.region):
            yield Problem(
                f"Function {subject.where.path!r} names the layer {layer.label!r}, but the Region {layer.arn.region} "
                f"is in the partition {partition_of(layer.arn.region)}, not in {layer.arn.partition}."
            )


@rule(
    "duplicate-layer",
    Function,
    severity="error",
    meaning="A function names one layer twice, by the same version or by two. Layers of two stacks are one layer if "
    "their names are equal, and CloudFormation names a layer without a name after its logical ID alone.",
    remedy="Name the layer once, in one version.",
    source="Lambda's API; for generated names aws-cdk issues 8742, 18563 and 24674.",
    aws_error=_TWO_VERSIONS.format(first="<arn>", second="<arn>"),
    raised_at_construction=True,
    failing=template(
        function_yaml(
            "Layers:",
            "- arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7",
            "- arn:aws:lambda:eu-west-1:111111111111:layer:tracing:8",
        )
    ),
    passing=template(
        function_yaml(
            "Layers:",
            "- arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7",
            "- arn:aws:lambda:eu-west-1:222222222222:layer:tracing:8",
        )
    ),
)
def duplicate_layer(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search for layers that differ only in their version."""
    seen: dict[object, Layer] = {}
    for layer in subject.used_layers:
        identity = _identity(layer)
        if identity in seen:
            yield _duplicate(subject, seen[identity], layer)
        seen.setdefault(identity, layer)


def _identity(layer: Layer) -> object:
    """Return an identity that all versions of a layer have; the layer itself if nothing is known of it."""
    if layer.arn is not None:
        return layer.arn.layer
    name = layer.name or layer.generated_name
    if name is None or not layer.is_resource:
        return layer.raw_arn if layer.raw_arn is not None and is_literal(layer.raw_arn) else layer
    if layer.region is not None and layer.account is not None:
        partition = layer.partition or partition_of(layer.region)
        return f"arn:{partition}:lambda:{layer.region}:{layer.account}:layer:{name}"
    return (layer.where.template, name) if layer.where.template else layer


def _duplicate(subject: Function, first: Layer, second: Layer) -> Problem:
    if first is second or first.label == second.label:
        fault = f"names the layer {first.label!r} twice"
    else:
        fault = f"names two versions of one layer: {quoted((first.label, second.label))}"
    generated = next((layer for layer in (second, first) if layer.name is None and layer.generated_name), None)
    if generated is not None and first is not second:
        fault += f", since CloudFormation names {generated.label!r} after its logical ID {generated.generated_name!r}"
    return Problem(
        f"Function {subject.where.path!r} {fault}.",
        remedy=None if generated is None or first is second else f"Give {generated.label!r} a `layer_version_name`.",
        aws_error=_TWO_VERSIONS.format(first=first.label, second=second.label),
    )


@rule(
    "layers-not-supported",
    Function,
    severity="error",
    meaning="Functions from container images and Lambda@Edge functions cannot have layers.",
    remedy="Add the content of the layers to the image or to the function's code.",
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
    """Search for layers of functions that cannot have any."""
    if subject.layers and (subject.image or subject.edge):
        kind = "is deployed from a container image" if subject.image else "is used by Lambda@Edge"
        yield Problem(
            f"Function {subject.where.path!r} {kind} and names layers: "
            f"{quoted(layer.label for layer in subject.used_layers)}."
        )
