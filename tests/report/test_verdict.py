"""Places of findings in templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_layers.check.outcome import Outcome
from cdk_layers.findings import Where
from cdk_layers.report.verdict import Verdict

_JSON = '{\n  "": "",\n  "Resources": {\n    "Function2": {},\n    "Function": {}\n  }\n}\n'
_YAML = "Resources:\n  Function2: {}\n  Function: {}\n"


@pytest.mark.parametrize(
    ("name", "logical_id", "line"),
    [
        ("a.json", "Function", 5), ("a.yaml", "Function", 3), ("a.json", "Other", 1), ("a.json", "", 1),
        ("missing.json", "Function", 1),
    ],
)  # fmt: skip
def test_a_finding_is_at_the_line_of_its_resource(tmp_path: Path, name: str, logical_id: str, line: int) -> None:
    """A finding about a whole stack, and one whose resource is not found, are at the first line."""
    (tmp_path / "a.json").write_text(_JSON)
    (tmp_path / "a.yaml").write_text(_YAML)
    where = Where("Hub/base", str(tmp_path / name), logical_id)
    assert Verdict(tmp_path, Outcome()).line(where) == line


def test_templates_are_named_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template below it by its relative path, any other one as it was named."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    verdict = Verdict(Path("cdk.out"), Outcome())
    for template, expected in {"cdk.out/a.json": "cdk.out/a.json", "../b.json": "../b.json", "": ""}.items():
        assert verdict.template(Where("Hub", template)) == expected
    assert verdict.template(Where("Hub", str(tmp_path / "project" / "c.json"))) == "c.json"
