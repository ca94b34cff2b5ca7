"""The manifest that takes precedence, and its requirements."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.requirements import compilation
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.target import Target
from tests.building.archives_of_builds import written
from tests.building.distributions import write_wheel
from tests.building.requirements.locks import (
    PROJECT,
    X86,
    read,
    rules_and_messages,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

BARE = {
    "Pipfile": '[packages]\nsix = "*"\n',
    "pyproject.toml": '[project]\nname = "a"\nversion = "1"\ndependencies = ["six"]\n',
}


def test_requirements_txt_before_uv_lock(make_entry: MakeEntry, store: LocalStore) -> None:
    """PythonLayerVersion's precedence holds, and every manifest that was not used is reported with the one that was."""
    bare = {"pyproject.toml": BARE["pyproject.toml"], "Pipfile": BARE["Pipfile"]}
    files = {"requirements.txt": "six==1.16.0", "uv.lock": "", "pylock.toml": "", **bare}
    found = read(make_entry(files), store)
    assert found.origin == "requirements.txt"
    assert [one.name for one in found.lines] == ["six"]
    assert rules_and_messages(found) == [("ignored-manifest", name) for name in ("uv.lock", "pylock.toml", "Pipfile")]
    assert all("requirements.txt was used" in note.message for note in found.notes)


@pytest.mark.parametrize("name", BARE)
def test_manifest_without_its_lock(make_entry: MakeEntry, store: LocalStore, name: str) -> None:
    """A bare pyproject.toml or Pipfile installs nothing, and that is said with the command that locks it."""
    found = read(make_entry({name: BARE[name], "a.py": ""}), store)
    assert found.origin is None
    (note,) = found.notes
    assert note.rule == "ignored-manifest"
    assert "nothing was installed" in note.message
    assert re.search(r"(uv|pipenv) lock", note.remedy)


PROJECT_OF = '[project]\nname = "app"\nversion = "1"\n'
POETRY_OF = '[tool.poetry]\nname = "app"\n[tool.poetry.dependencies]\npython = "^3.11"\n'
DYNAMIC = PROJECT_OF + 'dynamic = ["dependencies"]\n'


@pytest.mark.parametrize(
    ("project", "is_installed"),
    [
        (PROJECT_OF + 'dependencies = ["Six>=1.16", "colorama ; sys_platform == \'win32\'"]\n', True),
        (PROJECT_OF + 'dependencies = ["six>=1.17"]\n', False),
        (PROJECT_OF + 'dependencies = ["six", "certifi"]\n', False),
        (PROJECT_OF + 'dependencies = ["six", "app[web]"]\n', True),
        (PROJECT_OF + 'dependencies = ["six>=1.17"]\n[tool.uv]\noverride-dependencies = ["six==1.16.0"]\n', True),
        (PROJECT_OF + 'dependencies = ["six", "certifi"]\n[tool.uv]\nexclude-dependencies = ["certifi"]\n', True),
        (POETRY_OF + 'Six = "^1.16"\ncolorama = { version = "*", platform = "win32" }\n', True),
        (POETRY_OF + 'six = "^1.16"\ncertifi = { version = "*", extras = ["x"] }\n', False),
        ('[tool.flit.metadata]\nmodule = "app"\nrequires = ["six"]\n', True),
        ('[tool.flit.metadata]\nmodule = "app"\nrequires = ["certifi"]\n', False),
        (DYNAMIC + '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n', True),
        (DYNAMIC + '[tool.setuptools.dynamic]\ndependencies = { file = "requirements.in" }\n', True),
        (DYNAMIC + '[tool.hatch.metadata.hooks.requirements_txt]\nfiles = ["more.txt"]\n', False),
        (DYNAMIC + '[tool.setuptools.dynamic]\ndependencies = { file = ["missing.txt"] }\n', False),
        (DYNAMIC, False),
        ("[project", False),
    ],
)
def test_requirements_of_a_project(make_entry: MakeEntry, store: LocalStore, project: str, is_installed: bool) -> None:
    """A pyproject.toml whose dependencies the requirements.txt installs, such as one made from it, is not ignored."""
    lists = {"requirements.in": "six\n", "more.txt": "six\ncertifi\n"}
    entry = make_entry({"requirements.txt": "six==1.16.0\nidna==3.10\n", "pyproject.toml": project, **lists})
    expected = [] if is_installed else [("ignored-manifest", "pyproject.toml")]
    assert rules_and_messages(read(entry, store)) == expected


@pytest.mark.parametrize("line", [".", "-e .", "app[web] @ file:."])
def test_requirements_that_include_the_project(make_entry: MakeEntry, store: LocalStore, line: str) -> None:
    """The dependencies of a project that the requirements.txt installs come with it, so nothing is ignored."""
    entry = make_entry({"requirements.txt": line, "pyproject.toml": PROJECT_OF + 'dependencies = ["six"]\n'})
    assert read(entry, store, BuildOptions(allow_source_builds=("app",))).notes == ()


@pytest.mark.parametrize(
    ("name", "text", "is_noted"),
    [
        ("requirements.in", "six\n", True),
        ("setup.cfg", "[options]\ninstall_requires =\n    six\n", True),
        ("setup.cfg", "[options]\npy_modules = a\n", False),
        ("setup.cfg", "[flake8]\nmax-line-length = 100\n[broken", False),
        ("setup.py", "import setuptools\nsetuptools.setup(name='a', install_requires=open('x').read())\n", True),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=[])\n", False),
        ("setup.py", "from setuptools import setup\nNEEDS = []\nsetup(install_requires=NEEDS)\n", False),
        ("setup.py", "def (", False),
        ("environment.yml", "name: a\ndependencies:\n  - six\n", True),
        ("environment.yml", "stage: prod\n", False),
        ("pyproject.toml", '[tool.flit.metadata]\nmodule = "a"\nrequires = ["six"]\n', True),
        ("requirements-prod.txt", "# for the function\nsix\n", True),
        ("requirements/base.txt", "six\n", True),
        ("requirements.prod.txt", "six\n", True),
        ("lambda_requirements.txt", "-r other.txt\n", True),
        ("requirements.lock", "six==1.16.0\n", True),
        ("requirements-prod.lock", "six==1.16.0\n", True),
        ("requirements-dev.lock", "six==1.16.0\n", False),
        ("requirements-dev.txt", "six\n", False),
        ("requirements/tests.txt", "six\n", False),
        ("requirements-prod.txt", "# nothing yet\n", False),
    ],
)
def test_requirements_that_nothing_installs(
    make_entry: MakeEntry, store: LocalStore, name: str, text: str, is_noted: bool
) -> None:
    """A layer whose requirements are in a file that is not installed lacks them, which a note says."""
    entry = make_entry({name: text, "a.py": ""})
    assert rules_and_messages(read(entry, store)) == ([("ignored-manifest", name)] if is_noted else [])
    (entry / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    assert read(entry, store).notes == ()


def test_pyproject_of_tools(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pyproject.toml that only configures tools asks for nothing, so nothing of it is ignored."""
    files = {
        "pyproject.toml": '[tool.ruff]\nline-length = 120\n[project]\nname = "a"\n',
        "requirements.txt": "six==1.16.0",
    }
    assert read(make_entry(files), store).notes == ()


def test_folder_of_wheels(make_entry: MakeEntry, store: LocalStore) -> None:
    """A folder of wheels is looked into, shapes the build by its bytes, and stays out of the archive."""
    entry = make_entry(
        {"requirements.txt": "--no-index\n--find-links wheels\ndemo==1.0\n", "wheels/x.txt": "", "a.py": ""}
    )
    wheel = entry / "wheels" / "demo-1.0-py3-none-any.whl"
    for body in ("x = 1\n", "x = 2\n"):
        with zipfile.ZipFile(wheel, "w") as opened:
            opened.writestr("demo.py", body)
            opened.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
            opened.writestr(
                "demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            opened.writestr("demo-1.0.dist-info/RECORD", "demo.py,,\n")
        done = build(entry, X86, store=store)
        with zipfile.ZipFile(written(done)) as opened:
            assert opened.read("python/demo.py").decode() == body
        assert {name.split("/")[1] for name in done.contents.files} == {"a.py", "demo.py", "demo-1.0.dist-info"}


def test_unpinned_requirements_are_noted(make_entry: MakeEntry, store: LocalStore) -> None:
    """What the manifest leaves open is named, asked for directly or needed by what is; a pinned closure is silent."""
    loose = build(make_entry({"requirements.txt": "requests==2.32.3\nsix\n"}), X86, store=store)
    (note,) = loose.report.notes
    assert note.rule == "unpinned-requirement"
    assert re.search(r"does not pin six to one exact version", note.message)
    assert re.search(r"does not pin certifi, charset-normalizer, idna, urllib3", note.message)
    pins = "\n".join(loose.pins)
    assert build(make_entry({"requirements.txt": pins}, "pinned"), X86, store=store).report.notes == ()


def test_layers_pin_what_they_contain(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that a function's layers contain is preferred, so the function need not pin it. All else is noted."""
    provided = {"python-dateutil": "2.9.0.post0", "six": "1.16.0"}
    options = BuildOptions(prefix="", provided=provided)
    entry = make_entry({"requirements.txt": "python-dateutil>=2\nidna==3.10\n"})
    done = build(entry, X86, options, store=store)
    assert (done.pins, done.report.notes) == (("idna==3.10",), ())
    with monkeypatch.context() as patched:
        patched.setattr(compilation, "compile_pins", lambda *_: pytest.fail("resolved again"))
        again = build(entry, X86, options, store=store)
    assert (again.pins, again.report.notes) == (("idna==3.10",), ())

    (entry / "requirements.txt").write_text("python-dateutil>=2\nidna\nsix!=1.16.0\n")
    (note,) = build(entry, X86, options, store=store).report.notes
    assert "does not pin idna, six to one exact version, so" in note.message


def test_constraints_pin(make_entry: MakeEntry, store: LocalStore) -> None:
    """A requirement that a constraint pins is pinned, and what only constrains is not installed."""
    entry = make_entry({"requirements.txt": "-c limits.txt\nsix\n", "limits.txt": "six==1.16.0\nidna==3.10\n"})
    done = build(entry, X86, store=store)
    assert (done.pins, done.report.notes) == (("six==1.16.0",), ())


def test_markers_follow_the_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """Markers are judged for the target, not for this machine."""
    text = (
        'six==1.16.0 ; platform_machine == "aarch64"\n'
        'idna==3.10 ; platform_machine == "x86_64"\n'
        'certifi==2024.8.30 ; python_version < "3.13" or sys_platform == "win32"\n'
    )
    entry = make_entry({"requirements.txt": text})
    assert pins_for(entry, Target("3.13", "arm64"), store=store) == ("six==1.16.0",)
    assert pins_for(entry, X86, store=store) == ("idna==3.10",)
    assert pins_for(entry, Target("3.12", "x86_64"), store=store) == ("certifi==2024.8.30", "idna==3.10")


def test_manifest_that_asks_for_source_builds(make_entry: MakeEntry, store: LocalStore) -> None:
    """--no-binary in a manifest is no permission to run foreign code here."""
    entry = make_entry({"requirements.txt": "--no-binary six\nsix==1.16.0\n"})
    with pytest.raises(EntryError, match=r"requirements\.txt, line 1: --no-binary six .*allow_source_builds"):
        read(entry, store)


@pytest.mark.parametrize(("name", "meant"), [
    ("requirement.txt", "requirements.txt"), ("requirments.txt", "requirements.txt"),
    ("Requirements.txt", "requirements.txt"), ("pipfile.lock", "Pipfile.lock"), ("pyproject.tml", "pyproject.toml"),
    ("requirements.txt.txt", "requirements.txt"), ("uv.lock.txt", "uv.lock"),
])  # fmt: skip
def test_a_name_that_is_nearly_a_manifests_is_noted(tmp_path: Path, store: LocalStore, name: str, meant: str) -> None:
    """Nothing is installed from it, and the layer looks right otherwise."""
    (tmp_path / name).write_text("six==1.17.0\n")
    if (tmp_path / meant).exists():
        pytest.skip("this file system reads it by either name")
    (note,) = read(tmp_path, store).notes
    assert (note.rule, note.remedy) == ("ignored-manifest", f"Rename it to {meant}, or exclude it.")


@pytest.mark.parametrize(("name", "text"), [
    ("requirement.txt", "six==1.17.0\n"), ("requirements-lambda.txt", "six==1.17.0\n"), ("requirements.in", "six\n"),
    ("Pipfile", "[packages]\nsix = '*'\n"), ("pylock.dev.toml", ""), ("environment.yml", "dependencies: [six]\n"),
])  # fmt: skip
def test_a_manifest_that_the_user_excludes_by_name_is_not_noted(
    tmp_path: Path, store: LocalStore, name: str, text: str
) -> None:
    """That is what the note advises. A pattern for all files excludes no manifest, since the one in use is read."""
    (tmp_path / name).write_text(text)

    def noted(*excludes: str) -> int:
        return len(read(tmp_path, store, BuildOptions(excludes=excludes)).notes)

    assert [noted(), noted("*"), noted(name), noted(f"/{name}")] == [1, 1, 0, 0]


@pytest.mark.parametrize("manifest", [None, "requirements.txt", "pylock.toml"])
def test_a_lone_lock_of_another_name_is_noted(tmp_path: Path, store: LocalStore, manifest: str | None) -> None:
    """pylock.dev.toml is a lock of PEP 751, and is not installed; beside a manifest it is left to its own purpose."""
    lock = 'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n'
    (tmp_path / "pylock.dev.toml").write_text(lock)
    if manifest is not None:
        (tmp_path / manifest).write_text(lock if manifest == "pylock.toml" else "six==1.17.0\n")
    noted = [note.message for note in read(tmp_path, store).notes if "pylock.dev.toml" in note.message]
    assert len(noted) == (manifest is None)


@pytest.mark.parametrize("name", [
    "requirements-dev.txt", "requirements-dev.in", "requirements2.txt", "constraints.txt", "poetry.toml",
])  # fmt: skip
def test_a_name_of_its_own_is_not_noted(tmp_path: Path, store: LocalStore, name: str) -> None:
    """Neither is one beside the manifest that it is like."""
    (tmp_path / name).write_text("six==1.17.0\n")
    assert read(tmp_path, store).notes == ()
    (tmp_path / "requirements.txt").write_text("six==1.17.0\n")
    (tmp_path / "requirement.txt").write_text("six==1.17.0\n")
    assert read(tmp_path, store).notes == ()


@pytest.mark.parametrize("files", [{"requirements.txt": "six==1.17.0\n"}, {"a.py": ""}])
def test_groups_without_a_lock(make_entry: MakeEntry, store: LocalStore, files: dict[str, str]) -> None:
    """Groups and extras are refused where no manifest has any."""
    for options in (BuildOptions(groups=("dev",)), BuildOptions(extras=("dev",))):
        with pytest.raises(EntryError, match=r"=\['dev'\] needs a lock file"):
            build(make_entry(files), X86, options, store=store)


@pytest.mark.parametrize(
    ("project", "command"),
    [
        ('[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nsix = "*"\n', "'poetry lock'"),
        (
            PROJECT.replace("DEPENDENCIES", '"six"') + '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n',
            "'poetry lock'",
        ),
        (
            PROJECT.replace("DEPENDENCIES", '"six"') + "[tool.pdm]\n",
            "'pdm lock && pdm export --format pylock -o pylock.toml'",
        ),
        (PROJECT.replace("DEPENDENCIES", '"six"'), "'uv lock'"),
    ],
)
def test_advice_of_the_tool_that_the_project_uses(
    make_entry: MakeEntry, store: LocalStore, project: str, command: str
) -> None:
    """The error of a project without its lock file names the command of its own tool."""
    (note,) = build(make_entry({"pyproject.toml": project, "a.py": ""}), X86, store=store).report.notes
    assert command in note.remedy


def test_requirements_do_not_care_for_the_version_of_uv(make_entry: MakeEntry, store: LocalStore) -> None:
    """The uv that a project above requires is for its own lock file, and not for a requirements.txt below."""
    root = make_entry({"pyproject.toml": '[tool.uv]\nrequired-version = "<0.1"\n', "fn/requirements.txt": "alpha\n"})
    write_wheel(root / "wheels", "alpha")
    (root / "fn" / "requirements.txt").write_text("--no-index\n--find-links ../wheels\nalpha\n", encoding="utf-8")
    assert build(root / "fn", X86, store=store).pins == ("alpha==1.0",)
