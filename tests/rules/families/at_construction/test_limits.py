"""Limits, at each boundary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_layers.app.model import App, Layer, Settings
from cdk_layers.building.notes import BuildReport
from cdk_layers.contents.model import Contents, Distribution, File
from tests.rules.subjects import (
    MIB,
    SETTINGS,
    TODAY,
    a_function,
    a_layer,
    an_arn,
    findings,
    holding,
    names,
    severities,
)

LIMIT = 262_144_000
ARN_ONLY = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing:7"


@pytest.mark.parametrize(("number", "expected"), [(4, []), (5, []), (6, ["error"])])
def test_a_function_takes_five_layers(number: int, expected: list[str]) -> None:
    """The sixth layer is one too many, whatever the layers are."""
    function = a_function(*(a_layer(f"Hub/{index}") for index in range(number)))

    assert severities("too-many-layers", function) == expected


def test_too_many_layers_are_named_in_order() -> None:
    """The finding counts the layers, names each in rendered order, and has the AWS error."""
    (finding,) = findings("too-many-layers", a_function(*(a_layer(f"Hub/{name}") for name in "zyxabc")))

    assert "has 6 layers, 1 more than the service's limit of 5: 'Hub/z', 'Hub/y'" in finding.message
    assert finding.aws_error == "Cannot reference more than 5 layers."


@pytest.mark.parametrize(("size", "expected"), [(LIMIT - 1, []), (LIMIT, ["warning"]), (LIMIT + 1, ["error"])])
def test_a_layer_is_compared_with_the_limit(size: int, expected: list[str]) -> None:
    """A layer over the limit is an error, one at the limit a warning that says it is not verified."""
    found = findings("layer-too-large", a_layer(unzipped_bytes=size))

    assert [finding.severity for finding in found] == expected
    assert all(("not verified" in finding.message) == (finding.severity == "warning") for finding in found)


def test_the_message_names_the_five_largest_distributions() -> None:
    """What to move is reported: five distributions, largest first, with their sizes."""
    sizes = {"six": 1, "pandas": 61 * MIB, "numpy": 43 * MIB, "scipy": 40 * MIB, "pyarrow": 90 * MIB, "idna": 2 * MIB}
    (finding,) = findings(
        "layer-too-large", a_layer("Hub/data", contents=holding(int(271.4 * MIB), distributions=sizes))
    )

    assert finding.message == (
        "Layer 'Hub/data' is 271.4 MiB unzipped, 21.4 MiB over the service's limit. "
        "Largest: pyarrow 90.0 MiB, pandas 61.0 MiB, numpy 43.0 MiB, scipy 40.0 MiB, idna 2.0 MiB."
    )
    assert finding.remedy == (
        "Drop packages, or leave out files that no import needs (trim=True of SharedPythonLayer and LayeredFunction), "
        "or move what only some functions need to another layer."
    )
    assert str(finding).startswith("Layer 'Hub/data' is 271.4 MiB")


@pytest.mark.parametrize(
    ("savings", "bytecode", "expected"),
    [
        ({}, MIB - 1, "Drop packages, or leave out files that no import needs (trim=True), "),
        ({"excluded": (1, 9)}, 0, "Drop packages, or leave out files that no import needs (trim=True), "),
        ({"stubs": (1, 9)}, 0, "Drop packages, or leave out files that no import needs (dependency_excludes), "),
        ({"tests": (1, 9)}, MIB, "Drop packages, leave out the 1.0 MiB of bytecode (bytecode=False), or leave out "),
    ],
)
def test_the_remedy_proposes_what_is_not_done_already(
    savings: dict[str, tuple[int, int]], bytecode: int, expected: str
) -> None:
    """A trimmed layer cannot be trimmed again, and bytecode counts; for a function, all of its archives do."""
    files = {"python/pandas/__pycache__/a.cpython-313.pyc": File(bytecode, 0, 0o644)}
    distributions = (Distribution("pandas", "1.0", "python", MIB),)
    large, small = (Contents(size, files, distributions) for size in (LIMIT + 1, LIMIT - 1))
    report = BuildReport(savings=savings)
    near, code = a_layer(contents=small, report=report), Contents(LIMIT + 1, files, distributions)
    found = [
        *findings("layer-too-large", a_layer(contents=large, report=report)),
        *findings("near-size-limit", near),
        *findings("near-size-limit", a_layer(contents=small, report=report, budget_bytes=1)),
        *findings("function-too-large", a_function(code=code, report=report)),
    ]
    assert [finding.remedy.startswith(expected) for finding in found] == [True] * 4
    (untrimmed,) = findings("layers-too-large", a_function(near, a_layer("Hub/own", contents=small)))
    assert "(trim=True of SharedPythonLayer and LayeredFunction)" in untrimmed.remedy
    assert "bytecode=False" not in untrimmed.remedy


def test_the_remedy_names_what_takes_most_of_a_layer_that_is_trimmed() -> None:
    """The names are patterns of dependency_excludes. Own files and small ones are not among them."""
    sizes = {
        "python/pyarrow/libarrow_flight.so.26": 30 * MIB,
        "python/pyarrow/libarrow.so.26": 46 * MIB,
        "python/pyarrow/small.py": MIB - 1,
        "python/botocore/data/ec2.json.gz": 20 * MIB,
        "python/own.bin": 250 * MIB,
    }
    distributions = tuple(
        Distribution(name, "1.0", "python", MIB, top_level=(name,)) for name in ("botocore", "pyarrow")
    )
    files = {path: File(size, 0, 0o644) for path, size in sizes.items()}
    contents = Contents(LIMIT + 1, files, distributions)
    untrimmed = a_layer(contents=contents, report=BuildReport(savings={"aws-services": (1, 9)}))
    trimmed = a_layer(contents=contents, report=BuildReport(savings={"tests": (1, 9)}))
    services, largest = (
        "name the AWS services that are used (aws_services), since botocore has 20.0 MiB of data for all",
        "pyarrow/libarrow.so.26 46.0 MiB, pyarrow/libarrow_flight.so.26 30.0 MiB, botocore/data/ec2.json.gz 20.0 MiB",
    )
    remedies = [findings("layer-too-large", layer)[0].remedy for layer in (untrimmed, trimmed)]

    assert [remedy.rpartition(", or move")[0] for remedy in remedies] == [
        "Drop packages, or leave out files that no import needs (trim=True)",
        (
            f"Drop packages, {services}, or leave out files that no import needs (dependency_excludes; the largest are "
            f"{largest})"
        ),
    ]


def test_files_of_no_distribution_are_among_the_largest() -> None:
    """A file or folder that no distribution contains is named with its size, and nothing of 0 bytes is."""
    sizes = {
        "python/model.bin": 234 * MIB,
        "python/acme/a.py": 1 * MIB,
        "python/acme/b.py": 2 * MIB,
        "python/six.py": 1000,
        "bin/tool": 30 * MIB,
    }
    contents = Contents(
        unzipped_bytes=sum(sizes.values()),
        files={path: File(size, 0, 0o644) for path, size in sizes.items()},
        distributions=(
            Distribution("six", "1.17.0", "python", 1000, top_level=("six.py",)),
            Distribution("empty", "1", "python", 0),
        ),
    )
    (finding,) = findings("layer-too-large", a_layer(contents=contents))
    assert finding.message.endswith(
        "Largest: python/model.bin 234.0 MiB, bin/tool 30.0 MiB, python/acme/ 3.0 MiB, six 1000 bytes."
    )


def test_one_byte_over_is_told_as_one_byte() -> None:
    """A rounded size would read as if nothing were wrong."""
    (finding,) = findings("layer-too-large", a_layer(unzipped_bytes=LIMIT + 1))

    assert "250.0 MiB unzipped, 1 byte over" in finding.message


@pytest.mark.parametrize(("size", "expected"), [(LIMIT - 1, []), (LIMIT, ["warning"]), (LIMIT + 1, ["error"])])
def test_code_and_layers_are_added_up(size: int, expected: list[str]) -> None:
    """Code and layers that are each under the limit are over it together."""
    half = size // 2
    function = a_function(a_layer(unzipped_bytes=half), code=holding(size - half))

    assert severities("function-too-large", function) == expected


def test_the_service_would_have_named_the_sum() -> None:
    """AWS error carry the sum in bytes, as it would have said it."""
    (finding,) = findings("function-too-large", a_function(a_layer(unzipped_bytes=LIMIT), code=holding(5)))

    assert finding.aws_error is not None
    assert finding.aws_error.endswith("The actual size is 262144005 bytes.")


@pytest.mark.parametrize(("size", "expected"), [(LIMIT - 1, []), (LIMIT, ["warning"]), (LIMIT + 1, ["error"])])
def test_code_alone_is_compared_with_the_limit(size: int, expected: list[str]) -> None:
    """A function without layers is held to the same limit."""
    assert severities("function-too-large", a_function(code=holding(size))) == expected


def test_code_alone_has_the_words_for_one_archive() -> None:
    """For an archive that is too large by itself, the service does not speak of layers."""
    (finding,) = findings("function-too-large", a_function(code=holding(LIMIT + 1)))

    assert finding.aws_error == "Unzipped size must be smaller than 262144000 bytes"


@pytest.mark.parametrize(("size", "expected"), [(LIMIT - 1, []), (LIMIT, []), (LIMIT + 1, ["error"])])
def test_layers_alone_are_added_up(size: int, expected: list[str]) -> None:
    """Layers that are each under the limit are over it together, whatever the code is."""
    function = a_function(a_layer("Hub/a", 1000), a_layer("Hub/b", size - 1000), code=None)

    assert severities("layers-too-large", function) == expected


def test_an_unknown_layer_counts_from_below() -> None:
    """What is known may be too large already: the message says "at least" and names what is not known."""
    function = a_function(a_layer(unzipped_bytes=LIMIT), an_arn(ARN_ONLY), code=holding(1))
    (finding,) = findings("function-too-large", function)

    assert finding.severity == "error"
    assert "at least 250.0 MiB" in finding.message
    assert f"{ARN_ONLY!r} not known" in finding.message


def test_one_layer_named_twice_counts_once() -> None:
    """The same layer twice is another rule's matter, and no reason to double its size."""
    layer = a_layer(unzipped_bytes=LIMIT - 10)

    assert severities("layers-too-large", a_function(layer, layer, code=holding(1))) == []


def test_a_layer_that_is_too_large_is_told_once() -> None:
    """Functions that use it stay quiet about what its own finding says."""
    layer = a_layer(unzipped_bytes=LIMIT + 1)
    sized = {"layer-too-large", "layers-too-large", "function-too-large", "near-size-limit", "size-unknown"}

    assert sized & set(names(a_function(layer, code=holding(1)))) == set()
    assert names(layer) == {"layer-too-large": 1}


@given(st.integers(0, 2 * LIMIT), st.lists(st.integers(0, LIMIT), max_size=5))
def test_at_most_one_rule_speaks_of_a_total(code: int, layers: list[int]) -> None:
    """A function over the limit gets an error of exactly one size rule, any other gets none."""
    function = a_function(*(a_layer(f"Hub/{index}", size) for index, size in enumerate(layers)), code=holding(code))
    found = [finding.rule for rule in ("layers-too-large", "function-too-large")
             for finding in findings(rule, function) if finding.severity == "error"]  # fmt: skip

    over = code > LIMIT, sum(layers) > LIMIT
    assert len(found) == (sum(over) if any(over) else int(code + sum(layers) > LIMIT))


@pytest.mark.parametrize(("size", "expected"), [
    (LIMIT * 89 // 100, []), (LIMIT * 9 // 10, []), (LIMIT * 9 // 10 + 1, ["warning"]), (LIMIT - 1, ["warning"]),
    (LIMIT, []),
])  # fmt: skip
def test_ninety_percent_is_near(size: int, expected: list[str]) -> None:
    """Between 90 % and the limit a layer is warned of; from the limit on, another rule speaks."""
    assert severities("near-size-limit", a_layer(unzipped_bytes=size)) == expected
    assert severities("near-size-limit", a_function(code=holding(size))) == expected


@pytest.mark.parametrize(("size", "expected"), [(999, []), (1000, []), (1001, ["error"])])
def test_a_budget_of_the_users_is_a_limit(size: int, expected: list[str]) -> None:
    """Over a budget is an error, wherever the budget was written."""
    everywhere = Settings(today=TODAY, budget_bytes=1000)

    assert severities("near-size-limit", a_layer(unzipped_bytes=size, budget_bytes=1000)) == expected
    assert severities("near-size-limit", a_function(code=holding(size), budget_bytes=1000)) == expected
    assert severities("near-size-limit", a_layer(unzipped_bytes=size), everywhere) == expected
    assert severities("near-size-limit", a_function(code=holding(size)), everywhere) == expected


def test_a_budget_can_be_a_warning() -> None:
    """A user who wants only warnings says so once in the settings."""
    lenient = Settings(today=TODAY, budget_bytes=1000, strict_budget=False)

    assert severities("near-size-limit", a_layer(unzipped_bytes=1001), lenient) == ["warning"]


def test_a_budget_takes_the_place_of_the_ninety_percent() -> None:
    """Who sets a budget near the limit means it."""
    assert severities("near-size-limit", a_layer(unzipped_bytes=LIMIT - 1, budget_bytes=LIMIT)) == []


def test_a_layer_near_the_limit_is_told_once() -> None:
    """Its functions do not repeat the warning, but a function with a budget of its own speaks of that."""
    layer = a_layer(unzipped_bytes=LIMIT - 100)

    assert severities("near-size-limit", a_function(layer, code=holding(1))) == []
    assert severities("near-size-limit", a_function(layer, code=holding(1), budget_bytes=5)) == ["error"]


def test_an_arn_beside_known_layers_leaves_the_size_open() -> None:
    """The warning tells the lower bound and what it leaves out."""
    (finding,) = findings(
        "size-unknown", a_function(a_layer(unzipped_bytes=3 * MIB), an_arn(ARN_ONLY), code=holding(1))
    )

    assert finding.severity == "warning"
    assert "at least 3.0 MiB" in finding.message
    assert "247.0 MiB remain" in finding.message


def test_a_function_with_little_room_is_not_one_of_many() -> None:
    """Functions with one layer of unknown size are the same problem, unless half of the limit is used already."""
    topics = [
        finding.topic
        for code_bytes in (1, LIMIT // 2 - 1, LIMIT // 2, LIMIT - 1)
        for finding in findings("size-unknown", a_function(an_arn(ARN_ONLY), code=holding(code_bytes)))
    ]
    assert topics[0] == topics[1] != ""
    assert topics[2:] == ["", ""]


def test_known_sizes_leave_nothing_open() -> None:
    """Where all sizes are known, or there are no layers, nothing is said."""
    assert severities("size-unknown", a_function(a_layer(unzipped_bytes=3), code=holding(1))) == []
    assert severities("size-unknown", a_function(code=None)) == []
    assert severities("size-unknown", a_function(a_layer(unzipped_bytes=3), code=None, image=True)) == []
    assert severities("size-unknown", a_function(a_layer(), code=None)) == []


@pytest.mark.parametrize(("others", "expected"), [((), []), ((an_arn(ARN_ONLY),), ["warning"])], ids=["alone", "arn"])
def test_what_was_not_built_is_not_of_unknown_size(others: tuple[Layer, ...], expected: list[str]) -> None:
    """`cdk deploy --exclusively` leaves it out; its size needs no look-up, unlike that of a layer by its ARN."""
    function = a_function(a_layer(is_unbuilt=True), a_layer("Hub/two", is_unbuilt=True), *others, code=holding(1))
    assert severities("size-unknown", function) == expected
    assert severities("size-unknown", a_function(a_layer(), code=holding(1))) == ["warning"]
    unbuilt_code = a_function(a_layer(unzipped_bytes=3), *others, code=None, is_unbuilt=True)
    assert severities("size-unknown", unbuilt_code) == expected


@pytest.mark.parametrize(("fact", "longest", "character"), [
    ("name", 140, "n"), ("description", 256, "d"), ("license", 512, "l"),
])  # fmt: skip
def test_texts_are_held_to_their_lengths(fact: str, longest: int, character: str) -> None:
    """A text at the service's length passes, one character more does not."""
    fits: dict[str, Any] = {fact: character * longest}
    exceeds: dict[str, Any] = {fact: character * (longest + 1)}

    assert severities("layer-metadata", a_layer(**fits)) == []
    assert severities("layer-metadata", a_layer(**exceeds)) == ["error"]


def test_lists_are_held_to_their_lengths() -> None:
    """Fifteen runtimes and two architectures pass; one more does not."""
    runtimes = tuple(f"python3.{minor}" for minor in range(16))

    assert severities("layer-metadata", a_layer(runtimes=runtimes[:15], architectures=("x86_64", "arm64"))) == []
    assert severities("layer-metadata", a_layer(runtimes=runtimes)) == ["error"]
    assert severities("layer-metadata", a_layer(architectures=("x86_64", "arm64", "x86_64"))) == ["error"]


@pytest.mark.parametrize(("facts", "number"), [
    ({"name": "with space"}, 1), ({"name": "good-Name_1"}, 0), ({"name": None}, 0),
    ({"architectures": ("aarch64",)}, 1),
    ({"architectures": None, "runtimes": None}, 0),
    ({"name": "arn:aws:lambda:eu-west-1:111111111111:layer:base"}, 0),
])  # fmt: skip
def test_names_are_held_to_their_patterns(facts: dict[str, Any], number: int) -> None:
    """Characters and architectures that the service does not take are found, and what is unknown is not reported."""
    assert len(findings("layer-metadata", a_layer(**facts))) == number


def test_layers_of_unknown_number_are_let_be() -> None:
    """A list of layers that is not known breaks no limit."""
    function = a_function(layers=None, code=holding(1))

    assert not findings("too-many-layers", function)
    assert not findings("size-unknown", function)


def test_a_whole_app_is_judged_by_the_same_limits() -> None:
    """Layers and functions of an app are each reported at their own place."""
    large: Layer = a_layer("Hub/large", LIMIT + 1)
    app = App((a_function(large, code=holding(1)),), (large, a_layer("Hub/small", 1)))

    assert [finding.where.path for finding in findings("layer-too-large", app, SETTINGS)] == ["Hub/large"]
