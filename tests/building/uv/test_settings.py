"""uv's settings: read once, safe, and the same for resolving, installing and the key."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.uv.settings import read_uv_settings, settings_read_once
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.system import host
from tests.building.archives_of_builds import written
from tests.building.distributions import traced_source, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.store.local_store import LocalStore

_TARGET = Target("3.13", "x86_64")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an entry, an index of one wheel and its traced source, and homes without settings."""
    index = tmp_path / "index"
    write_wheel(index, "thing", {"thing.py": "VERSION = 1\n"})
    traced_source(index, "thing", tmp_path / "trace")
    entry = tmp_path / "app" / "layer"
    entry.mkdir(parents=True)
    (entry / "requirements.txt").write_text(f"--no-index\n--find-links {index}\nthing==1.0\n", encoding="utf-8")
    for name in [name for name in host.environ() if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def built(project: Path, store: LocalStore, **options: object) -> LayerBuild:
    """Build the project's entry."""
    return build(project / "app" / "layer", _TARGET, BuildOptions(**options), store=store)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("app/layer/uv.toml", 'no-binary-package = ["thing"]'),
        ("app/layer/uv.toml", "no-binary = true"),
        ("app/layer/uv.toml", '[pip]\nno-binary = [":all:"]\nonly-binary = [":none:"]'),
        ("app/layer/pyproject.toml", '[tool.uv]\nno-binary-package = ["thing"]'),
        ("app/layer/pyproject.toml", '[tool.uv.pip]\nno-binary = ["thing"]'),
        ("app/uv.toml", "no-binary = true"),
        ("pyproject.toml", '[tool.uv]\nno-binary-package = ["thing"]\nno-build-isolation-package = ["thing"]'),
        ("user/uv/uv.toml", 'no-binary-package = ["thing"]'),
        ("system/uv/uv.toml", 'no-binary-package = ["thing"]\nno-build-isolation = true'),
    ],
)
def test_files_run_no_foreign_code(project: Path, store: LocalStore, file: str, text: str) -> None:
    """No file that uv reads makes a build run code of a source distribution; that it was overruled is noted."""
    write(project / file, text)
    done = built(project, store)
    assert not (project / "trace").exists()
    assert done.pins == ("thing==1.0",)
    notes = [note for note in done.report.notes if note.rule == "overruled-setting"]
    assert len(notes) == 1
    assert str(project / file) in notes[0].message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_NO_BINARY", "1"),
        ("UV_NO_BINARY_PACKAGE", "thing"),
        ("UV_NO_BUILD_ISOLATION", "true"),
        ("UV_CONFIG_FILE", "other.toml"),
    ],
)
@pytest.mark.parametrize("by_options", [False, True])
def test_variables_run_no_foreign_code(
    project: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, by_options: bool
) -> None:
    """No variable does either, whether it is of this process or of the build's options."""
    write(project / "other.toml", "no-binary = true")
    if not by_options:
        monkeypatch.setenv(name, value)
    done = built(project, store, environment={name: value} if by_options else {})
    assert not (project / "trace").exists()
    assert [note.rule for note in done.report.notes] == ["overruled-setting"]


def test_source_only_without_consent(project: Path, store: LocalStore) -> None:
    """A distribution that has no wheel is not built by a setting of uv."""
    (project / "index" / "thing-1.0-py3-none-any.whl").unlink()
    write(project / "app/layer/uv.toml", "no-build = false\nno-binary = true")
    with pytest.raises(DependencyError, match="no wheel of 'thing'"):
        built(project, store)
    assert not (project / "trace").exists()


def test_consent_goes_before_no_build(project: Path, store: LocalStore) -> None:
    """Settings against source builds are noted where they are overruled, and only there."""
    write(project / "app/layer/uv.toml", 'no-build = true\n[pip]\nonly-binary = [":all:"]')
    assert not built(project, store).report.notes
    notes = built(project, store, allow_source_builds=("other",)).report.notes
    assert [note.rule for note in notes] == ["overruled-setting"]


@pytest.mark.parametrize("how", ["UV_NO_VERIFY_HASHES", "verify-hashes = false", "no-verify-hashes = true"])
def test_hashes_are_always_verified(
    project: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """No setting of uv switches the verification of hashes off."""
    requirements = project / "app/layer/requirements.txt"
    requirements.write_text(
        requirements.read_text(encoding="utf-8").replace("==1.0", f"==1.0 --hash=sha256:{'0' * 64}"), encoding="utf-8"
    )
    if how.startswith("UV_"):
        monkeypatch.setenv(how, "1")
    else:
        write(project / "app/layer/uv.toml", f"[pip]\n{how}")
    with pytest.raises(DependencyError, match="hash mismatch"):
        built(project, store)


def test_constraints_shape_all_of_a_build(project: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """UV_CONSTRAINT, seen from the working folder, decides the version that is resolved, installed and remembered."""
    write_wheel(project / "index", "thing", {"thing.py": "VERSION = 2\n"}, version="2.0")
    requirements = project / "app/layer/requirements.txt"
    requirements.write_text(requirements.read_text(encoding="utf-8").replace("==1.0", ""), encoding="utf-8")
    write(project / "constraints.txt", "thing==1.0\n")
    assert built(project, store).pins == ("thing==2.0",)
    monkeypatch.setenv("UV_CONSTRAINT", "constraints.txt")
    assert built(project, store).pins == ("thing==1.0",)
    monkeypatch.delenv("UV_CONSTRAINT")
    assert built(project, store).pins == ("thing==2.0",)


@pytest.mark.parametrize("how", ["UV_CONSTRAINT", "constraint-dependencies", "UV_OVERRIDE", "override-dependencies"])
def test_constraints_count_beside_pins(
    project: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A manifest that pins everything is not taken at its word where uv's settings restrict versions too."""
    write_wheel(project / "index", "thing", {"thing.py": "VERSION = 2\n"}, version="2.0")
    if how.startswith("UV_"):
        write(project / "restricted.txt", "thing==2.0\n")
        monkeypatch.setenv(how, "restricted.txt")
    else:
        write(project / "app/uv.toml", f'{how} = ["thing==2.0"]')
    if "CONSTRAINT" in how.upper():
        with pytest.raises(DependencyError, match="contradict"):
            built(project, store)
    else:
        assert built(project, store).pins == ("thing==2.0",)


@pytest.mark.parametrize("name", ["UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_CONFIG_FILE"])
def test_relative_places_are_the_users(
    project: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Relative places in variables are seen from the folder that the user is in, not from the entry."""
    simple = project / "simple" / "thing"
    made = write_wheel(simple, "thing", {"thing.py": "VERSION = 1\n"})
    write(simple / "index.html", f'<a href="{made.name}">{made.name}</a>')
    write(project / "uv-here.toml", 'no-index = true\nfind-links = ["./index"]')
    (project / "app/layer/requirements.txt").write_text("thing==1.0\n", encoding="utf-8")
    values = {"UV_FIND_LINKS": "index", "UV_INDEX": "mine=simple", "UV_DEFAULT_INDEX": "./simple"}
    monkeypatch.setenv(name, values.get(name, "uv-here.toml"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert built(project, store).pins == ("thing==1.0",)


def test_settings_of_all_places(project: Path, store: LocalStore) -> None:
    """Settings of the system count beside those of the project, as in uv."""
    (project / "app/layer/requirements.txt").write_text("thing==1.0\n", encoding="utf-8")
    write(project / "app/uv.toml", "no-index = true")
    write(project / "system/uv/uv.toml", 'find-links = ["../../index"]')
    assert built(project, store).pins == ("thing==1.0",)


@pytest.mark.parametrize(
    ("name", "value", "keys"),
    [
        ("UV_NO_SYSTEM_CONFIG", "1", {"prerelease", "resolution"}),
        ("UV_NO_SYSTEM_CONFIG", "True", {"prerelease", "resolution"}),
        ("UV_NO_SYSTEM_CONFIG", "0", {"no-index", "prerelease", "resolution"}),
        ("UV_NO_CONFIG", "true", set()),
    ],
)
def test_files_that_a_variable_leaves_out(project: Path, name: str, value: str, keys: set[str]) -> None:
    """Variables of uv leave out the file of the system, or all files, as in uv."""
    write(project / "system/uv/uv.toml", "no-index = true")
    write(project / "user/uv/uv.toml", 'resolution = "lowest"')
    write(project / "app/uv.toml", 'prerelease = "allow"')
    assert read_uv_settings(project / "app/layer", {name: value}).configuration.keys() == keys


def test_workspace_members_have_the_settings_of_its_root(project: Path) -> None:
    """A member's own table for uv does not hide that of the workspace's root, as in uv; another project's does."""
    write(project / "app/pyproject.toml", '[tool.uv]\nno-index = true\n[tool.uv.workspace]\nmembers = ["lay*"]\n')
    write(project / "app/layer/pyproject.toml", '[project]\nname = "layer"\n[tool.uv.sources]\n')
    assert read_uv_settings(project / "app/layer", {}).configuration == {"no-index": True}
    write(project / "app/pyproject.toml", '[tool.uv]\nno-index = true\n[tool.uv.workspace]\nmembers = ["other"]\n')
    assert read_uv_settings(project / "app/layer", {}).configuration == {}
    write(project / "app/pyproject.toml", '[tool.uv]\nno-index = true\n[tool.uv.workspace]\nmembers = ["layer/in"]\n')
    write(project / "app/layer/in/pyproject.toml", '[project]\nname = "in"\n[tool.uv.sources]\n')
    # uv 0.13.9 searches no further than the first project above, which is no workspace here.
    assert read_uv_settings(project / "app/layer/in", {}).configuration == {}


def test_pips_index_gives_way_to_the_manifests(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """An --index-url of the manifest overrides PIP_INDEX_URL, as in pip; extra indexes are joined."""
    from cdk_layers.building.requirements.requirements_file import read_requirements_text  # noqa: PLC0415

    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://a.example https://b.example")
    settings = read_uv_settings(project / "app/layer", {})
    options = read_requirements_text("--index-url https://file.example/simple", "x", project).options
    extra = ["--extra-index-url https://a.example", "--extra-index-url https://b.example"]
    assert [*settings.option_lines(options)] == ["--index-url https://file.example/simple", *extra]
    assert [*settings.option_lines(())] == ["--index-url https://pip.example/simple", *extra]


def test_another_index_is_another_archive(project: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pins from another index are not answered by what the first one had."""
    (project / "app/layer/requirements.txt").write_text("thing==1.0\n", encoding="utf-8")
    write_wheel(project / "second", "thing", {"thing.py": "VERSION = 'second'\n"})
    digests = set()
    for folder in ("index", "second"):
        monkeypatch.setenv("UV_FIND_LINKS", f"file://{project / folder}")
        monkeypatch.setenv("UV_NO_INDEX", "1")
        done = built(project, store)
        digests.add(done.digest)
    assert len(digests) == 2
    with zipfile.ZipFile(written(done)) as archive:
        assert b"second" in archive.read("python/thing.py")


@pytest.mark.parametrize("text", ["index-url = ", "x = 1\nx = 2\n", "[" * 5000])
def test_damaged_settings(project: Path, text: str) -> None:
    """A damaged uv.toml, and a UV_CONFIG_FILE that is not there, are errors that name the file."""
    write(project / "app/layer/uv.toml", text)
    with pytest.raises(EntryError, match=r"uv\.toml, which configures uv, is not valid TOML"):
        read_uv_settings(project / "app/layer", {})
    with pytest.raises(EntryError, match=r"missing\.toml, which configures uv, cannot be read"):
        read_uv_settings(project / "app/layer", {"UV_CONFIG_FILE": "missing.toml"})


def test_settings_that_uv_does_not_understand(project: Path, store: LocalStore) -> None:
    """A value that means nothing to uv is an error that names the files it may be in."""
    write(project / "app/uv.toml", "index-url = 3")
    with pytest.raises(EntryError, match=r"uv does not understand its settings, from \S+app/uv\.toml: .*index-url"):
        built(project, store)


@pytest.mark.parametrize("text", ["build-system = 3", "tool = 3", "[project]\ndependencies = 3", "[tool]\npoetry = 3"])
def test_odd_projects_are_no_crash(project: Path, store: LocalStore, text: str) -> None:
    """A pyproject.toml of any form is no raw error."""
    write(project / "app/layer/pyproject.toml", text)
    assert built(project, store).pins == ("thing==1.0",)


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nuv = 3", "[tool.uv]\nworkspace = 3\npip = 3", "= broken"])
def test_odd_projects(project: Path, text: str) -> None:
    """A pyproject.toml whose tables are something else sets nothing for uv."""
    write(project / "app/layer/pyproject.toml", text)
    assert read_uv_settings(project / "app/layer", {}).configuration == {}


def test_settings_are_read_again_after_a_look_into_the_store(project: Path) -> None:
    """Within one look they are read once for each folder and environment, and a change after it counts."""
    settings, entry = project / "app" / "uv.toml", project / "app" / "layer"
    settings.write_text('index-url = "https://one.example"\n', encoding="utf-8")
    with settings_read_once():
        first = read_uv_settings(entry, {})
        settings.write_text('index-url = "https://two.example"\n', encoding="utf-8")
        assert read_uv_settings(entry, {}) is first
        assert read_uv_settings(entry, {"UV_NO_INDEX": "1"}) != first
    assert read_uv_settings(entry, {}).configuration == {"index-url": "https://two.example"}
