"""Places of findings, in the files of the user and in templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.findings import Finding, Origin, Where
from cdk_layers.report.places import Place, Places

if TYPE_CHECKING:
    from pathlib import Path

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
    assert Places().in_template(where) == Place((tmp_path / name).as_posix(), line)


def test_templates_are_named_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template below it by its relative path, any other one as it was named."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    for template, expected in {"cdk.out/a.json": "cdk.out/a.json", "../b.json": "../b.json"}.items():
        assert Places().in_template(Where("Hub", template)) == Place(expected, 1)
    assert Places().in_template(Where("Hub", str(tmp_path / "project" / "c.json"))) == Place("c.json", 1)
    assert Places().in_template(Where("Hub")) is None


def _finding(origin: Origin | None, distribution: str = "", template: str = "app/cdk.out/Hub.template.json") -> Finding:
    where = Where("Hub/base", template, "Base", origin)
    return Finding("yanked-version", "warning", where, "Bad.", "Mend it.", pin=where.pin(distribution))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an app, which is in the working folder, and is the one that it was synthesized in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app" / "cdk.out").mkdir(parents=True)
    (tmp_path / "app" / "hub.py").touch()
    return tmp_path / "app"


@pytest.mark.parametrize(
    ("distribution", "line"),
    [("six", 2), ("zope-interface", 4), ("idna", 5), ("certifi", None), ("requests", None), ("sixty", None)],
)
def test_a_finding_about_a_pin_is_at_its_line(app: Path, distribution: str, line: int | None) -> None:
    """By whole names in each spelling, and not in comments; else at the line that creates the construct."""
    (app / "requirements.txt").write_text("# six\nsix[a]==1.17.0\nmy-requests==1\nZope.Interface>=5\nidna # certifi\n")
    place = Places().best(_finding(Origin("hub.py", 7, "requirements.txt"), distribution))
    assert place == (Place("app/requirements.txt", line) if line else Place("app/hub.py", 7))


def test_a_pin_of_a_lock_file_is_at_the_line_that_the_user_wrote(app: Path) -> None:
    """That of the pyproject.toml; a distribution that others need is only in the lock file."""
    (app / "base").mkdir()
    (app / "base" / "pyproject.toml").write_text('[project]\ndependencies = ["requests>=2"]\n')
    (app / "base" / "uv.lock").write_text('[[package]]\nname = "idna"\n[[package]]\nname = "requests"\n')
    origin = Origin(manifest="base/uv.lock")
    assert Places().best(_finding(origin, "requests")) == Place("app/base/pyproject.toml", 2)
    assert Places().best(_finding(origin, "idna")) == Place("app/base/uv.lock", 2)


def test_files_that_do_not_exist_any_more_are_not_named(app: Path) -> None:
    """Such as after a move, or in an assembly from another machine: then the template is the place."""
    template = Place("app/cdk.out/Hub.template.json", 1)
    assert (app / "cdk.out").is_dir()
    for origin in (Origin("moved.py", 3), Origin("moved.py", 3, "moved/requirements.txt"), None):
        assert Places().best(_finding(origin, "six")) == template


def test_an_assembly_that_was_written_elsewhere(app: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No folder above it has the file, so the working folder is that of the synthesis."""
    monkeypatch.chdir(app)
    place = Places().best(_finding(Origin("hub.py", 3), template=str(tmp_path / "elsewhere" / "Hub.template.json")))
    assert place == Place("hub.py", 3)
