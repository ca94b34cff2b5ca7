"""The table of sizes tells what is known, and says where something is not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_layers.app.model import App, Fault, Function, Grant, Layer, LayerUse
from cdk_layers.building.notes import BuildReport
from cdk_layers.check.pipeline import outcome_of
from cdk_layers.cli import main
from cdk_layers.contents.model import Contents, Native
from cdk_layers.findings import Where
from cdk_layers.report.sizes import show_sizes, sizes_as_json
from tests.assembly.templates import assembly_of

if TYPE_CHECKING:
    from pathlib import Path

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


def test_content_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Its size is a question mark, with the reason below the table."""
    show_sizes(
        App(layers=(KNOWN, replace(KNOWN, where=Where("Hub/data"), contents=None, fault=Fault("'a' [b] is cut off."))))
    )
    printed = capsys.readouterr().out
    assert rows(printed)[1] == ["Hub/data", "3.13", "any", "?", "?", "30.0 MiB", "?"]
    assert "Not read for Hub/data: 'a' [b] is cut off.\n" in printed


def test_a_function_is_told_with_its_total(capsys: pytest.CaptureFixture[str]) -> None:
    """Code and layers count together, against 250 MiB."""
    show_sizes(App(functions=(Function(where=Where("Spoke/F"), layers=(LayerUse(KNOWN),), code=CODE),)))
    assert rows(capsys.readouterr().out) == [["Spoke/F", "base", "25.0 MiB", "125.0 MiB (50%)"]]


def test_what_is_not_known_is_not_counted_as_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A layer that is only an ARN makes the total a lower bound."""
    uses = (LayerUse(KNOWN), LayerUse(UNKNOWN))
    show_sizes(App(functions=(Function(where=Where("Spoke/F"), layers=uses, code=CODE),)))
    assert "at least 125.0 MiB (50%)" in capsys.readouterr().out


def test_layers_that_are_not_known_are_not_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Which layers a function uses may be known only at deploy: its total is a lower bound."""
    app = App(functions=(Function(where=Where("Spoke/F"), layers=None, code=CODE),))
    show_sizes(app)
    assert rows(capsys.readouterr().out) == [["Spoke/F", "?", "25.0 MiB", "at least 25.0 MiB (10%)"]]
    assert json.loads(sizes_as_json(app))["functions"][0]["layers"] is None


def test_a_layer_or_function_with_conditions_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    """The model contains it once for each outcome of its conditions."""
    function = Function(where=Where("Spoke/F"), layers=(), code=CODE)
    app = App(layers=(KNOWN, replace(KNOWN, name="other")), functions=(function, replace(function, scenario="A")))
    show_sizes(app)
    assert [row[0] for row in rows(capsys.readouterr().out)] == ["Hub/base", "Spoke/F"]
    document = json.loads(sizes_as_json(app))
    assert [len(document[kind]) for kind in ("layers", "functions")] == [1, 1]


def test_nothing_is_left_beyond_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """A layer that is too large has no headroom, and not a negative one."""
    show_sizes(App(layers=(replace(KNOWN, contents=Contents(unzipped_bytes=300 * MEBIBYTE, files={})),)))
    assert rows(capsys.readouterr().out)[0][-3:] == ["300.0 MiB", "30.0 MiB", "0 bytes"]


def test_long_paths_are_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that differ only in the middle or at their ends look different."""
    paths = [f"Production-{'x' * 60}/Services/Reporting{number}/VeryLongFunctionName{'y' * 30}" for number in (1, 2)]
    layers = (LayerUse(KNOWN), LayerUse(UNKNOWN))
    show_sizes(App(functions=tuple(Function(where=Where(path), layers=layers, code=CODE) for path in paths)))
    told = capsys.readouterr().out

    assert "…" not in told
    cells = "".join(line.split("│")[1].strip() for line in told.splitlines() if "│" in line)
    assert all(path in cells for path in paths)


def test_native_code_tells_an_architecture_that_nobody_declared(capsys: pytest.CaptureFixture[str]) -> None:
    """A layer for x86_64 alone is not for any."""
    contents = Contents(1, {}, natives=(Native("python/a.so", "x86_64", None), Native("python/b.so", "x86_64", None)))
    show_sizes(
        App(
            layers=(
                replace(KNOWN, contents=contents),
                replace(KNOWN, where=Where("Hub/arm"), contents=contents, architectures=("arm64",)),
            )
        )
    )

    assert [row[2] for row in rows(capsys.readouterr().out)] == ["x86_64 (content)", "arm64"]


def test_the_command_prints_both_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For an assembly by its path, and for the one in the working folder."""
    assembly_of(tmp_path, Spoke={"Resources": {
        "Base": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {"S3Bucket": "b", "S3Key": "k"}}},
        "Report": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": "x = 1"},
            "Layers": [{"Ref": "Base"}],
        }},
    }})  # fmt: skip
    assert main(["sizes", str(tmp_path)]) == 0
    told = capsys.readouterr().out

    assert rows(told)[0] == ["Spoke.template.json#Base", "any", "any", "?", "?", "?", "?"]
    assert rows(told)[1][1:] == ["Spoke.template.json#Base", "5 bytes", "at least 5 bytes (0%)"]
    assert main(["sizes", str(tmp_path / "nowhere")]) == 2
    assert "There is no" in capsys.readouterr().err


TRIMMED = replace(KNOWN, report=BuildReport(savings={"tests": (40, 21 * MEBIBYTE), "stubs": (3, 2048)}))


def test_reports_what_was_trimmed_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and JSON name each kind with its bytes; nothing is said where nothing was trimmed."""
    code = Function(where=Where("Spoke/F"), layers=(LayerUse(TRIMMED),), code=CODE)
    show_sizes(App(layers=(TRIMMED,), functions=(code,)))
    assert "Trimmed from Hub/base: tests 21.0 MiB, stubs 2.0 KiB\n" in capsys.readouterr().out
    document = json.loads(sizes_as_json(App(layers=(TRIMMED, UNKNOWN), functions=(code,))))
    assert document["layers"][0]["trimmed"] == {
        "tests": {"files": 40, "bytes": 21 * MEBIBYTE}, "stubs": {"files": 3, "bytes": 2048}
    }  # fmt: skip
    assert document["layers"][1]["unzipped_bytes"] is None
    assert document["functions"] == [
        {"construct": "Spoke/F", "layers": ["Hub/base"], "code_bytes": 25 * MEBIBYTE, "trimmed": {}, "uncompiled": []}
    ]  # fmt: skip


def test_reports_what_cannot_be_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    """Text names the first modules with the reason, without markup and control characters; JSON has all."""
    modules = tuple(f"python/[b]{number}.py (line 1: \x1b no)" for number in range(7))
    app = App(layers=(replace(KNOWN, report=BuildReport(uncompiled=modules)),))
    show_sizes(app)
    out = capsys.readouterr().out
    assert "Not compiled in Hub/base: 7 modules: python/[b]0.py (line 1: \ufffd no), " in out
    assert out.endswith("python/[b]4.py (line 1: \ufffd no) and 2 more\n")
    assert json.loads(sizes_as_json(app))["layers"][0]["uncompiled"] == [*modules]


def test_sums_what_was_trimmed_in_a_check() -> None:
    """Each layer and each function counts once in the outcome, whose memo keeps it."""
    function = Function(where=Where("F"), report=BuildReport(savings={"tests": (2, 4)}))
    grant = Grant(where=Where("G"), layer=None, principal="222222222222")
    app = App(
        layers=(TRIMMED, replace(TRIMMED, name="other")),
        functions=(function, replace(function, scenario="A")),
        grants=(grant, replace(grant, scenario="A")),
    )
    outcome = outcome_of(app, ())
    assert outcome.savings == {"tests": (42, 21 * MEBIBYTE + 4), "stubs": (3, 2048)}
    assert (outcome.layers, outcome.functions, outcome.grants) == (1, 1, 1)
