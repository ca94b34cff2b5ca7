"""Findings that say the same of several places are reported once."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_layers.findings import Finding, Origin, Subject, Unread, Where
from cdk_layers.rules.repeats import group_repeats, group_unread

WHAT = "no idna anywhere"


def finding(path: str, message: str = WHAT, **facts: Any) -> Finding:
    """Return a warning about a place."""
    return Finding("missing-dependency", "warning", Where(path), message, "Add it.", **facts)


def test_stages_and_regions_are_places_of_one_finding() -> None:
    """Paths in the message differ by their stages, layers by their Regions and versions."""
    found = group_repeats([
        finding(
            f"{stage}/Spoke-{region}/Report",
            f"Function '{stage}/Spoke-{region}/Report' lacks idna, and so does "
            f"'arn:aws:lambda:{region}:111111111111:layer:a:{n}'",
        )
        for n, (stage, region) in enumerate([("Dev", "eu-west-1"), ("Prod", "eu-west-1"), ("Prod", "us-east-1")])
    ])  # fmt: skip

    assert len(found) == 1
    assert found[0].first.where.path == "Dev/Spoke-eu-west-1/Report"
    assert found[0].elsewhere == "The same in 2 other places: Prod/Spoke-eu-west-1/Report, Prod/Spoke-us-east-1/Report."


@pytest.mark.parametrize(
    "message",
    [
        "Function '{0}/F' uses a layer of the stack '{0}'",
        "The function {0}/F lacks idna",
        "'{0}/F' and '{0}/F/Layer0' differ in 'a/b' and c",
    ],
)
def test_the_same_stack_in_the_app_and_in_a_stage(message: str) -> None:
    """A path in the message may be that of a stack, and of the place itself without quotes."""
    found = group_repeats(finding(f"{stack}/F", message.format(stack)) for stack in ("Hub", "Dev/Hub"))

    assert len(found) == 1
    assert found[0].elsewhere == "The same in 1 other place: Dev/Hub/F."


def test_other_words_are_other_findings() -> None:
    """Another function in the message, another rule's words, another severity, another remedy."""
    one = finding("Spoke/Report", "Function 'Spoke/Report' lacks idna")
    others = [
        finding("Spoke/Other", "Function 'Spoke/Other' lacks idna"),
        finding("Spoke/Third", "Function 'Spoke/Third' lacks six"),
        Finding("missing-dependency", "error", Where("Dev/Spoke/Report"), one.message, "Add it."),
        Finding("missing-dependency", "warning", Where("Dev/Spoke/Report"), one.message, "Remove it."),
    ]

    assert [len(repeated.findings) for repeated in group_repeats([one, *others])] == [1, 1, 1, 1, 1]


def test_a_topic_counts_instead_of_the_words() -> None:
    """Each function has a size of its own, and the layer of unknown size is one."""
    found = group_repeats(
        finding(f"Spoke/F{size}", f"is {size} MiB", topic="'arn:aws:lambda:eu-west-1:1:layer:x:1'")
        for size in range(72)
    )

    (repeated,) = found
    assert len(repeated.findings) == 72
    assert repeated.elsewhere == (
        "The same in 71 other places: Spoke/F1, Spoke/F2, Spoke/F3, Spoke/F4, Spoke/F5 and 66 more."
    )


@pytest.mark.parametrize("distribution", [None, "idna"])
def test_layers_of_one_name_in_two_files_of_the_user_are_two(distribution: str | None) -> None:
    """Each is mended in its own file, and code scanning shows one place of a result. A stage is no other file."""

    def of(path: str, origin: Origin) -> Finding:
        where = Where(path, origin=origin)
        message = f"Layer {path!r} lacks idna"
        return Finding("missing-dependency", "warning", where, message, "Add it.", pin=where.pin(distribution))

    users, orders = Origin("make.py", 3, "users/uv.lock"), Origin("make.py", 3, "orders/uv.lock")
    found = group_repeats([of("Users/base", users), of("Dev/Users/base", users), of("Orders/base", orders)])
    assert [len(repeated.findings) for repeated in found] == [2, 1]


def test_functions_of_two_files_with_one_faulty_layer_are_one() -> None:
    """The message names the layer alone, so where the functions are written says nothing."""
    places = [Where(f"Spoke/{name}", origin=Origin(f"{name}.py", 3)) for name in ("users", "orders")]
    findings = [
        Finding("missing-dependency", "warning", where, "Layer 'Hub/base' lacks idna", "Add.") for where in places
    ]
    assert len(group_repeats(findings)) == 1


def test_topics_of_stages_and_severities() -> None:
    """A topic is without its stage too, and an error is another problem than a warning."""
    topics = [finding(f"{stage}/F", topic=f"'{stage}/Hub/base'") for stage in ("Dev", "Prod")]
    error = Finding("missing-dependency", "error", Where("Dev/F"), WHAT, "Add it.", topic="'Dev/Hub/base'")

    assert [len(repeated.findings) for repeated in group_repeats([*topics, error])] == [2, 1]


def test_what_is_not_known_of_no_subject_is_one_sentence() -> None:
    """Nothing is listed where nothing has a name."""
    assert group_unread([Unread("the macro is not read."), Unread("the macro is not read.")]) == [
        "the macro is not read."
    ]


def test_one_place_is_told_as_it_is() -> None:
    """Nothing is said of other places, also where one place has a finding in two branches."""
    assert group_repeats([finding("A/B")])[0].elsewhere == ""
    assert (
        group_repeats([finding("A/B"), finding("C/B"), finding("C/B")])[0].elsewhere
        == "The same in 1 other place: C/B."
    )


def test_order_is_kept() -> None:
    """Errors stay first, by the first of each."""
    names = [repeated.first.message for repeated in group_repeats(map(finding, "abc", ["x", "y", "x"]))]

    assert names == ["x", "y"]


def test_what_is_not_known_of_many_functions_is_one_sentence() -> None:
    """An app in one zip on S3 has one sentence with the names of its functions; others stay as they are."""
    first, second, layer = (Subject("Function", "S/A"), Subject("Function", "S/B"), Subject("Layer", "S/C"))
    elsewhere = ": s3://b/app.zip is not an asset."

    assert group_unread([
        Unread(elsewhere, first),
        Unread("S.template.json: the resources of Fn::Transform are not read."),
        Unread(elsewhere, second),
        Unread(": its list of layers is unknown.", second),
        Unread(elsewhere, layer),
        Unread(" x", Subject("Function", "it's odd")),
    ]) == [
        "Function 'S/A': s3://b/app.zip is not an asset. The same applies to 2 others: S/B, S/C.",
        "S.template.json: the resources of Fn::Transform are not read.",
        "Function 'S/B': its list of layers is unknown.",
        "Function \"it's odd\" x",
    ]  # fmt: skip
    text = ": its layer ${P} is known only at deploy."
    many = group_unread(Unread(text, Subject("Function", f"S/F{number}")) for number in range(30))
    assert len(many) == 1
    assert many[0].endswith("applies to 29 others: S/F1, S/F2, S/F3, S/F4, S/F5 and 24 more.")
