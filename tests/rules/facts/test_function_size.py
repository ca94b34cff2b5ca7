"""Sizes of functions with their layers, and what a remedy proposes to make them smaller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_layers.app.model import Function
from cdk_layers.building.notes import NO_REPORT, BuildReport
from cdk_layers.contents.model import Contents, Distribution, File
from cdk_layers.findings import Where
from cdk_layers.rules.facts.function_size import FunctionSize, largest, smaller
from tests.rules.subjects import MIB, a_function, a_layer, holding

_OWN = holding(MIB, files=("python/own.py",))
_PANDAS = holding(MIB, distributions={"pandas": MIB})
_OF_OURS = " of SharedPythonLayer and LayeredFunction"
_TRIMMED = BuildReport(savings={"stubs": (1, 9)})


def test_each_layer_counts_once() -> None:
    """Lambda extracts a layer once, however often a function names it."""
    layer = a_layer(unzipped_bytes=3)
    total = FunctionSize.of(a_function(layer, layer, a_layer("Hub/other", 4), code=holding(5)))
    assert (total.unzipped_bytes, total.unknown) == (12, ())


@pytest.mark.parametrize(
    ("function", "unknown"),
    [
        (a_function(a_layer(unzipped_bytes=1), code=holding(1)), ()),
        (a_function(a_layer(), code=None), ("code", "'Hub/base'")),
        (Function(Where("F"), layers=None, code=holding(1)), ("layers",)),
    ],
)
def test_what_is_not_known_is_named(function: Function, unknown: tuple[str, ...]) -> None:
    """Code, a layer, or which layers there are at all."""
    assert FunctionSize.of(function).unknown == unknown


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (a_function(a_layer(contents=_PANDAS, report=_TRIMMED), code=_OWN), "dependency_excludes"),
        (a_function(a_layer(contents=_PANDAS, report=_TRIMMED), code=_PANDAS, report=BuildReport()), "trim=True"),
        (a_function(a_layer(contents=_PANDAS, report=_TRIMMED), code=_PANDAS), f"trim=True{_OF_OURS}"),
        (a_function(a_layer(), code=None), f"trim=True{_OF_OURS}"),
        (a_function(a_layer(contents=_OWN), code=_OWN), None),
    ],
)
def test_trimming_is_proposed_where_there_is_something_to_trim(function: Function, expected: str | None) -> None:
    """Own files are never trimmed, so archives without distributions are not an occasion for it."""
    way = "" if expected is None else f" or leave out files that no import needs ({expected}),"
    assert smaller("or go.", function) == f"Drop packages,{way} or go."


@pytest.mark.parametrize(
    ("path", "is_named"), [("python/a/__pycache__/b.cpython-313.pyc", True), ("python/a/b.pyc", False)]
)
def test_bytecode_that_can_be_left_out_is_named(path: str, *, is_named: bool) -> None:
    """A .pyc file in the place of its source is not made by `bytecode=True`, and stays without it."""
    layer = a_layer(contents=replace(_PANDAS, files={path: File(MIB, 0, 0o644)}))
    assert ("1.0 MiB of bytecode" in smaller("or go.", layer)) == is_named


def test_what_is_left_out_is_worth_it_and_counts_once() -> None:
    """Less than a MiB of bytecode is not, and a layer that a function names twice is extracted once."""
    path = "python/a/__pycache__/b.cpython-313.pyc"
    small, large = (a_layer(contents=replace(_PANDAS, files={path: File(size, 0, 0o644)})) for size in (MIB - 1, MIB))
    assert "bytecode" not in smaller("or go.", small)
    assert "1.0 MiB of bytecode" in smaller("or go.", a_function(large, large, code=None))


@pytest.mark.parametrize(("report", "is_named"), [(BuildReport(), True), (NO_REPORT, False)])
def test_the_data_of_services_is_an_option_of_this_library(report: BuildReport, *, is_named: bool) -> None:
    """Other tools that packed botocore do not have it."""
    contents = replace(_PANDAS, files={"python/botocore/data/s3/x.json": File(MIB, 0, 0o644)})
    assert ("aws_services" in smaller("or go.", a_layer(contents=contents, report=report))) == is_named


def test_files_of_distributions_are_not_listed_twice() -> None:
    """In a function's code they are at the top, in a layer below python/ or its site-packages."""
    sizes = {"six.py": 1, "model.bin": 2, "python/lib/python3.13/site-packages/own.py": 4}
    contents = Contents(
        unzipped_bytes=7,
        files={path: File(size, 0, 0o644) for path, size in sizes.items()},
        distributions=(
            Distribution("six", "1", "", 1, top_level=("six.py",)),
            Distribution("a", "1", "python/lib/python3.13/site-packages", 0),
        ),
    )
    assert largest([contents]) == (
        " Largest: python/lib/python3.13/site-packages/own.py 4 bytes, model.bin 2 bytes, six 1 byte."
    )
