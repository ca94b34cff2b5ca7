"""Layers that a function cannot use, and the near misses that it can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_layers.app.model import App
from cdk_layers.findings import Where
from cdk_layers.lambda_service.arn import LayerArn
from tests.rules.subjects import a_function, a_layer, an_arn, findings, severities

REGIONS = {
    "aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}  # fmt: skip


def arn(name: str = "base", version: int = 1, *, region: str = "eu-west-1", account: str = "111111111111",
        partition: str = "aws") -> str:  # fmt: skip
    """Return the text of a layer version ARN."""
    return f"arn:{partition}:lambda:{region}:{account}:layer:{name}:{version}"


@pytest.mark.parametrize(("text", "flaw"), [
    ("arn:aws:lambda:eu-west-1:111111111111:layer:base", "its version is missing"),
    ("arn:aws:s3:eu-west-1:111111111111:layer:base:1", "its service is 's3'"),
    ("arn:aws:lambda:eu-west-1:abc:layer:base:1", "its account is 'abc'"),
    ("arn:aws:lambda:eu-west-1:11111111111:layer:base:1", "its account is '11111111111'"),
    ("arn:aws:lambda:eu-west-1:111111111111:function:base:1", "its resource type is 'function'"),
    ("arn:aws:lambda:eu-west-1:111111111111:layer:base:latest", "its version is 'latest'"),
    ("arn:aws:lambda::111111111111:layer:base:1", "its Region is ''"),
    ("arn:aws:lambda:eu-west-1:111111111111:layer:with space:1", "its name is 'with space'"),
    (f"arn:aws:lambda:eu-west-1:111111111111:layer:{'n' * 141}:1", "its name is"),
    ("base", "it has 1 part between colons"),
    (f"arn:aws:lambda:eu-west-1:111111111111:layer:base:{'1' * 2048}", "it has 2097 characters"),
])  # fmt: skip
def test_what_is_no_arn_is_told_with_its_flaw(text: str, flaw: str) -> None:
    """The finding says which part of the text is wrong, so that users need not compare patterns."""
    (finding,) = findings("malformed-layer-arn", a_function(an_arn(text)))

    assert finding.severity == "error"
    assert flaw in finding.message


@pytest.mark.parametrize("text", [
    *(arn(partition=partition, region=region) for partition, region in REGIONS.items()),
    arn(name="n" * 140), arn(version=12345), "${Token[TOKEN.12]}", "arn:aws:lambda:${AWS::Region}:111111111111:layer:x",
    "{{resolve:ssm:/layers/base}}", "arn:aws:lambda:::awslayer:AmazonLinux1803",
])  # fmt: skip
def test_arns_of_every_partition_and_tokens_are_let_be(text: str) -> None:
    """Only what is a literal and wrong is reported."""
    assert not findings("malformed-layer-arn", a_function(an_arn(text)))


SERVICES_FORM = r"arn:aws:lambda:[a-z]{2}-[a-z]{4,9}-[0-9]:[0-9]{12}:layer:[a-zA-Z0-9_-]{1,140}:[1-9][0-9]{0,5}"


@given(st.from_regex(SERVICES_FORM, fullmatch=True))
def test_every_arn_of_the_services_form_is_let_be(text: str) -> None:
    """No ARN that the service's pattern matches is called malformed."""
    assert not findings("malformed-layer-arn", a_function(an_arn(text)))


@given(st.text(max_size=60))
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    """A text is either an ARN, or not a literal, or reported as malformed."""
    quiet = LayerArn.parse(text) is not None or "${" in text or "{{resolve:" in text

    assert severities("malformed-layer-arn", a_function(an_arn(text))) == ([] if quiet else ["error"])


def test_digits_are_ascii_digits() -> None:
    """A version in other digits than 0 to 9 is no version to the service."""
    assert severities("malformed-layer-arn", a_function(an_arn(arn().replace(":1", ":\u0661")))) == ["error"]


def test_a_layer_of_another_region_is_refused_with_the_way_out() -> None:
    """A layer of the app has to be made in each Region; for an ARN the publisher's list is the way out."""
    own = a_layer(region="eu-west-1", account="111111111111")
    function = a_function(own, an_arn(arn()), region="eu-central-1")
    mine, published = findings("wrong-region", function)

    assert "one `MultiLayerStack` per Region" in mine.remedy
    assert "publisher names for eu-central-1" in published.remedy
    assert mine.aws_error is not None
    assert mine.aws_error.endswith("expected to be in region eu-central-1.")


def test_the_same_or_an_unknown_region_is_let_be() -> None:
    """Nothing is guessed about a Region that is a token."""
    assert not findings("wrong-region", a_function(an_arn(arn()), region="eu-west-1"))
    assert not findings("wrong-region", a_function(an_arn(arn()), region=None))
    assert not findings("wrong-region", a_function(a_layer(region=None), region="eu-west-1"))


@pytest.mark.parametrize(
    ("regions", "expected"),
    [(("eu-west-1", "us-east-1"), ["error"]), (("eu-west-1", "us-east-1", "eu-west-1"), ["error"]),
     (("eu-west-1", "eu-west-1"), []), (("eu-west-1",), [])],
)  # fmt: skip
def test_layers_of_two_regions_suit_no_function(regions: tuple[str, ...], expected: list[str]) -> None:
    """Also if the function's Region is not known, one of them is wrong."""
    layers = [an_arn(arn(region=region, name=f"layer{number}")) for number, region in enumerate(regions)]
    function = a_function(*layers, region=None)

    assert severities("wrong-region", function) == expected
    assert all("us-east-1" in finding.message for finding in findings("wrong-region", function))


def test_a_layer_of_another_partition_is_told_once() -> None:
    """The partition is the larger fault, so the Region is not reported beside it."""
    function = a_function(an_arn(arn(partition="aws-cn", region="cn-north-1")), region="eu-west-1", partition="aws")

    assert severities("wrong-partition", function) == ["error"]
    assert not findings("wrong-region", function)


@pytest.mark.parametrize(("partition", "region"), REGIONS.items())
def test_a_partition_follows_from_the_region(partition: str, region: str) -> None:
    """A function of a known Region is in that Region's partition, and a layer of the same is not reported."""
    function = a_function(an_arn(arn(partition=partition, region=region)), region=region)

    assert not findings("wrong-partition", function)


def test_an_arn_that_contradicts_itself_is_told() -> None:
    """Swapping the Region alone gives an ARN of a Region that its partition does not have."""
    (finding,) = findings("wrong-partition", a_function(an_arn(arn(region="cn-north-1"))))

    assert "the Region cn-north-1 is in the partition aws-cn, not in aws" in finding.message


def test_an_unknown_partition_is_let_be() -> None:
    """Without a Region there is nothing to compare."""
    assert not findings("wrong-partition", a_function(an_arn(arn(partition="aws-cn", region="cn-north-1"))))


def test_the_same_arn_twice_is_a_duplicate() -> None:
    """The service refuses one version twice in the same words as two versions."""
    (finding,) = findings("duplicate-layer", a_function(an_arn(arn()), an_arn(arn())))

    assert "twice" in finding.message
    assert finding.aws_error is not None
    assert f"{arn()} and {arn()} are versions of the same layer" in finding.aws_error


def test_two_versions_of_one_layer_are_a_duplicate() -> None:
    """Two versions of one layer are reported by both ARNs."""
    (finding,) = findings("duplicate-layer", a_function(an_arn(arn(version=1)), an_arn(arn(version=2))))

    assert finding.severity == "error"
    assert f"{arn(version=1)!r} and {arn(version=2)!r}" in finding.message


def test_one_resource_twice_is_a_duplicate() -> None:
    """A construct that is named twice renders twice."""
    layer = a_layer()

    assert severities("duplicate-layer", a_function(layer, layer)) == ["error"]
    assert severities("duplicate-layer", App((a_function(layer, layer, layer),))) == ["error"]


def test_a_resource_and_its_own_arn_are_a_duplicate() -> None:
    """A named layer of a known account and Region is the layer that an ARN of the same name speaks of."""
    layer = a_layer(name="base", region="eu-west-1", account="111111111111")

    assert severities("duplicate-layer", a_function(layer, an_arn(arn()))) == ["error"]


def test_two_resources_with_one_name_in_one_template_are_a_duplicate() -> None:
    """Both publish versions of one layer, whatever the template's account will be."""
    places = (Where(path, template="Hub.template.json") for path in ("Hub/a", "Hub/b"))
    first, second = (replace(a_layer(name="base"), where=place) for place in places)

    assert severities("duplicate-layer", a_function(first, second)) == ["error"]


@pytest.mark.parametrize("known", [{"region": "eu-west-1"}, {"account": "111111111111"}])
def test_one_name_in_two_templates_of_unknown_places_is_no_duplicate(known: Any) -> None:
    """A Region without an account, or an account without a Region, does not say that two layers are one."""
    places = (Where(f"{name}/base", template=f"{name}.template.json") for name in ("HubA", "HubB"))
    first, second = (replace(a_layer(name="base", **known), where=place) for place in places)

    assert not findings("duplicate-layer", a_function(first, second))


@pytest.mark.parametrize(("first", "second"), [
    ({"generated_name": "base42B2BC39"}, {"generated_name": "base42B2BC39"}),
    ({"generated_name": "base42B2BC39"}, {"name": "base42B2BC39"}),
    ({"name": "base42B2BC39"}, {"generated_name": "base42B2BC39"}),
])  # fmt: skip
def test_generated_names_of_two_stacks_are_one_layer(first: Any, second: Any) -> None:
    """CloudFormation generates a layer's name from its logical id alone, which two stacks may have alike."""
    place: Any = {"region": "eu-west-1", "account": "111111111111"}
    layers = [a_layer(f"{hub}/base", **place, **facts) for hub, facts in (("A", first), ("B", second))]
    (finding,) = findings("duplicate-layer", a_function(*layers))

    assert "after its logical ID 'base42B2BC39'" in finding.message
    assert "a `layer_version_name`" in finding.remedy
    assert not findings("duplicate-layer", a_function(layers[0], a_layer("C/base", **place, generated_name="other")))


@pytest.mark.parametrize("other", [
    arn(account="222222222222"), arn(region="eu-west-2"), arn(name="Base"), arn(partition="aws-cn"),
])  # fmt: skip
def test_one_name_elsewhere_is_another_layer(other: str) -> None:
    """Two layers with one name in two accounts, Regions or partitions are two layers."""
    assert not findings("duplicate-layer", a_function(an_arn(arn()), an_arn(other)))


def test_unnamed_and_unresolved_layers_are_no_duplicates() -> None:
    """Nothing is guessed about layers without a known name."""
    function = a_function(a_layer("Hub/a"), a_layer("Hub/b"), an_arn("${Token[1]}"), an_arn("${Token[1]}"))

    assert not findings("duplicate-layer", function)


@pytest.mark.parametrize(("facts", "shown"), [({"image": True}, "container image"), ({"edge": True}, "Lambda@Edge")])
def test_layers_where_none_can_be_are_refused(facts: dict[str, bool], shown: str) -> None:
    """Image functions and Lambda@Edge functions cannot have layers, and are not reported if they have none."""
    (finding,) = findings("layers-not-supported", a_function(a_layer(), **facts))

    assert shown in finding.message
    assert not findings("layers-not-supported", a_function(**facts))
    assert not findings("layers-not-supported", a_function(a_layer()))


@pytest.mark.parametrize("facts", [{"edge": True}, {"image": True}])
def test_a_function_that_takes_no_layers_has_that_finding_alone(facts: dict[str, bool]) -> None:
    """Where a layer should be is beside the point for a function at the edge or from an image."""
    layer = an_arn("arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7")
    function = a_function(layer, region="us-east-1", partition="aws", **facts)
    assert severities("layers-not-supported", function) == ["error"]
    assert not findings("wrong-region", function)
