"""What benchmarks start, and what they say of that which they cannot."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.pairs import CannotRunError, Pair, runnable, seconds_of, show, write_json
from benchmarks.programs import surroundings
from benchmarks.start import importable
from tools.documents import start_times

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")


def test_the_environments_own_programs_come_first() -> None:
    """Its Node, and not the machine's; only what is asked for overrides it."""
    folders = surroundings(Path("/first"), variables={"PATH": "/machine"})["PATH"].split(os.pathsep)

    assert folders == ["/first", str(Path(sys.executable).parent), "/machine"]


def test_commands_find_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each command that is measured has that PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "out"
    seconds_of([sys.executable, "-c", f"import os; open({str(out)!r}, 'w').write(os.environ['PATH'])"])

    assert out.read_text().startswith(f"{Path(sys.executable).parent}{os.pathsep}")


def test_the_table_says_what_was_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside what was, with the reason."""
    show("Builds", [Pair("layers", 1.0, 2.0, "pip", None)], not_run={"sam build": "no Python 3.13"})
    told = capsys.readouterr().out

    assert "pip" in told
    assert "sam build" in told
    assert "not run" in told


def test_imports_are_tried_as_functions_try_them(tmp_path: Path) -> None:
    """Only the packages that can be imported are returned, by the script that the command uses."""
    for name, code in {"works": "import json", "fails": "import nowhere", "needs": "import works"}.items():
        (tmp_path / f"{name}.py").write_text(f"{code}\n")

    assert importable(Path(sys.executable), tmp_path, ("works", "fails", "needs", "absent")) == {"works", "needs"}


def test_what_cannot_run_stops_nothing() -> None:
    """A program that fails, and one that is not there, are left out with the reason; the others are measured."""
    fails = [sys.executable, "-c", "raise SystemExit('no disk')"]
    measured = {
        "works": lambda: 1.0,
        "fails": lambda: seconds_of(fails),
        "absent": lambda: seconds_of(["no-such-program"]),
    }
    can, cannot = runnable(measured)

    assert list(can) == ["works"]
    assert cannot["fails"].endswith("no disk")
    assert cannot["absent"] == "no-such-program does not start: No such file or directory"
    with pytest.raises(CannotRunError):
        seconds_of(fails)


def test_results_are_written_as_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every table since the last file, with the ratio, whether the goal is reached, and what was not run."""
    monkeypatch.chdir(tmp_path)
    write_json("of other tests")
    show("Builds", [Pair("layers", 1.0, 4.0, "pip", 0.5)], not_run={"sam build": "no Python 3.13"})
    [table] = json.loads(write_json("build").read_text())["tables"]

    assert table["title"] == "Builds"
    assert [(row["ratio"], row["reached"]) for row in table["rows"]] == [(0.25, True)]
    assert table["not_run"] == {"sam build": "no Python 3.13"}


def test_the_page_of_start_times_summarizes_what_was_measured() -> None:
    """Goals count for imports that take long enough; all sizes and broken imports count."""
    row = {
        "requirement": "slow[all]", "version": "1.0", "imported": ["slow"], "theirs_seconds": 0.4, "ours_seconds": 0.1,
        "theirs_bytes": 3 * 2**20, "untrimmed_bytes": 2 * 2**20, "ours_bytes": 2 * 2**20, "broken": [],
    }  # fmt: skip
    quick = {**row, "requirement": "quick", "theirs_seconds": 0.004, "ours_seconds": 0.003, "broken": ["quick"]}
    text = start_times.page({"python": "3.13", "rows": [row, quick], "not_run": {"torch": "no wheel"}})

    assert "| slow[all] 1.0 | 400 | 100 | 75% | 3.0 | 2.0 | 2.0 |\n" in text
    assert "Of the 1 imports that take over 50 ms, the median takes 75% less" in text
    assert (
        "+0.0% bytes against those without options, and -33.3% against pip's. Imports that trimming breaks: 1." in text
    )
    assert "Could not run: `torch`." in text
