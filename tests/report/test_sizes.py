"""The table of sizes tells what is known, and says where something is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.build.contents import Contents
from cdk_layers.report.sizes import show_sizes
from cdk_layers.rules.model import App, Function, Layer, LayerUse, Where

if TYPE_CHECKING:
    import pytest

MEBIBYTE = 1024 * 1024
KNOWN = Layer(
    where=Where("Hub/base"),
    is_resource=True,
    runtimes=("python3.13",),
    architectures=(),
    contents=Contents(unzipped_bytes=100 * MEBIBYTE, files={}),
    archive_bytes=30 * MEBIBYTE,
)
UNKNOWN = Layer(where=Where("Spoke/F"), raw_arn="arn:aws:lambda:eu-west-1:111111111111:layer:other:3")
CODE = Contents(unzipped_bytes=25 * MEBIBYTE, files={})


def rows(printed: str) -> list[list[str]]:
    """Return the cells of a printed table's rows."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in printed.splitlines() if "│" in line]


def test_a_layer_is_told_with_its_headroom(capsys: pytest.CaptureFixture[str]) -> None:
    """What a layer holds, unzipped and zipped, stands beside what the service leaves for the rest."""
    show_sizes(App(layers=(KNOWN,)))
    assert rows(capsys.readouterr().out) == [
        ["Hub/base", "3.13", "any", "0", "100.0 MiB", "30.0 MiB", "150.0 MiB"],
    ]


def test_a_function_is_told_with_its_total(capsys: pytest.CaptureFixture[str]) -> None:
    """Code and layers count together, against 250 MiB."""
    show_sizes(App(functions=(Function(where=Where("Spoke/F"), layers=(LayerUse(KNOWN),), code=CODE),)))
    assert rows(capsys.readouterr().out) == [["Spoke/F", "base", "25.0 MiB", "125.0 MiB (50%)"]]


def test_what_is_not_known_is_not_counted_as_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A layer that is only an ARN makes the total a lower bound."""
    uses = (LayerUse(KNOWN), LayerUse(UNKNOWN))
    show_sizes(App(functions=(Function(where=Where("Spoke/F"), layers=uses, code=CODE),)))
    assert "at least 125.0 MiB (50%)" in capsys.readouterr().out
