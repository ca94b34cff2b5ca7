"""Places of findings, in the files of the user and in templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.findings import Finding, Origin, Where
from cdk_layers.report.places import Place, Places
from cdk_layers.system.project_paths import checksum_of

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
    (tmp_path / "app" / "hub.py").write_text("pass\n" * 9)
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


@pytest.mark.parametrize("working_folder", [".", "services/hub"])
@pytest.mark.parametrize("copy", ["app.py", "dist/app.py"])
def test_another_file_of_the_same_name_is_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, working_folder: str, copy: str
) -> None:
    """Such as that of another app, above the output folder that several apps of a repository share."""
    line = "layer = SharedPythonLayer("
    template = tmp_path / "dist" / "hub" / "Hub.template.json"
    folder = tmp_path / "services" / "hub"
    for name, text in {copy: "import other\n\nother()\n", "services/hub/app.py": f"\n\n    {line}\r\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    for file in (template, (tmp_path / copy).parent / "requirements.txt", folder / "requirements.txt"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("six==1.17.0\n")
    monkeypatch.chdir(tmp_path / working_folder)
    origin = Origin("app.py", 3, "requirements.txt", checksum_of(line))
    is_in_the_app = working_folder != "."
    for distribution, expected in {"": Place("app.py", 3), "six": Place("requirements.txt", 1)}.items():
        found = Places().in_project(_finding(origin, distribution, str(template)))
        assert found == (expected if is_in_the_app else None)


def test_a_line_that_changed_is_no_place(app: Path) -> None:
    """It may have moved; what a formatter indents is the same line."""
    origin = Origin("hub.py", 2, checksum=checksum_of("Layer()\n"))
    for text, expected in {"\n  Layer()\n": Place("app/hub.py", 2), "\n\nLayer()\n": None, "\n": None}.items():
        (app / "hub.py").write_text(text)
        assert Places().in_project(_finding(origin)) == expected


@pytest.mark.parametrize("name", ["x" * 5000, "a/" * 3000, "a\0b", "\udcff.py"])
def test_names_that_no_file_can_have(app: Path, name: str) -> None:
    """As in a hostile assembly: then the template is the place."""
    assert app.is_dir()
    for origin in (Origin(name, 3), Origin(manifest=f"{name}/requirements.txt")):
        assert Places().best(_finding(origin, "six")) == Place("app/cdk.out/Hub.template.json", 1)


def test_lines_are_those_of_editors(app: Path) -> None:
    """A form feed and a line separator do not end one; a manifest may contain either, and a template the latter."""
    (app / "requirements.txt").write_text("# one\f\u2028 page\nsix==1.17.0\n", encoding="utf-8")
    assert Places().best(_finding(Origin(manifest="requirements.txt"), "six")) == Place("app/requirements.txt", 2)
