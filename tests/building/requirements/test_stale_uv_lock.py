"""A uv.lock that does not fit its project, or the workspace."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.requirements.stale_uv_lock import (
    refuse_other_targets,
    refuse_stale_source,
    refuse_stale_uv_lock,
)
from cdk_layers.building.requirements.workspace import UvProject
from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, StaleLockError
from cdk_layers.system.toml import read_toml
from tests.building.requirements.locks import (
    EXPLICIT,
    GROUPS,
    PROJECT,
    X86,
    edit,
    lock,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"alpha==1.0"', '"alpha==1.0", "gamma"', "it lacks 'gamma'"),
        ('"alpha==1.0"', '"alpha==2.0"', "it has alpha==1.0 where the project requires alpha==2.0"),
        ('"alpha==1.0", ', "", "it has 'alpha', which the project does not require"),
        ('"alpha==1.0"', '"alpha @ https://a.example/alpha-1.0-py3-none-any.whl"', "alpha from its own location"),
        ("[tool.uv]\n", '[tool.uv]\nconstraint-dependencies = ["alpha<2"]\n', "of its constraints, it lacks 'alpha'"),
        (
            "[tool.uv]\n",
            '[tool.uv]\nexclude-dependencies = ["Beta"]\n',
            "it does not exclude 'beta', as the project does",
        ),
        ('name = "app"', 'name = "other"', "it has no project 'other'"),
        ('"beta"', '"beta[x]"', "it lacks 'beta[x]'"),
        ('alpha==1.0"', "alpha==1.0; python_version < '3'\"", "it has 'alpha', which the project does not require"),
        ('">=3.10"', '">=3.10,<3.13"', "it is for Python 3.13 too, and the project requires Python >=3.10,<3.13"),
    ],
)
def test_stale_uv_lock(
    make_entry: MakeEntry, store: LocalStore, indexes: str, *, old: str, new: str, reason: str
) -> None:
    """A uv.lock that was made from other dependencies than its project has is refused with the command that helps."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0", "beta"', GROUPS)
    edit(entry / "pyproject.toml", old, new)
    with pytest.raises(StaleLockError, match=re.escape(reason)) as caught:
        pins_for(entry, X86, store=store)
    assert "'uv lock'" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("; sys_platform == 'win32'", "", "it lacks 'beta'"),
        ("gamma[x]", "gamma", "it has 'gamma[x]', which the project does not require"),
        ("== 'win32'", "!= 'win32'", "it lacks 'beta'"),
    ],
)
def test_changed_markers_and_extras(
    make_entry: MakeEntry, store: LocalStore, indexes: str, *, old: str, new: str, reason: str
) -> None:
    """A dependency whose marker begins to hold on the target, or that has other extras, makes a uv.lock stale."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0", "beta; sys_platform == \'win32\'", "gamma[x]"')
    assert pins_for(entry, X86, store=store) == ("alpha==1.0", "gamma==1.0")
    edit(entry / "pyproject.toml", old, new)
    with pytest.raises(StaleLockError, match=re.escape(reason)):
        pins_for(entry, X86, store=store)


@pytest.mark.parametrize(
    ("options", "pins"),
    [
        (BuildOptions(groups=("ops",)), ("alpha==1.0", "beta==1.0", "gamma==1.0")),
        (BuildOptions(extras=("web-ui",)), ("alpha==1.0", "beta==1.0")),
    ],
)
def test_stale_group(
    make_entry: MakeEntry, store: LocalStore, indexes: str, options: BuildOptions, pins: tuple[str, ...]
) -> None:
    """A group, with those that it includes, or an extra that changed since is stale where it is selected only."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"', GROUPS)
    assert pins_for(entry, X86, options, store=store) == pins
    edit(entry / "pyproject.toml", '"beta==1.0"', '"beta>=1.0"')
    assert pins_for(entry, X86, store=store) == ("alpha==1.0",)
    with pytest.raises(StaleLockError, match=re.escape("it has beta==1.0 where the project requires beta>=1.0")):
        pins_for(entry, X86, options, store=store)


def test_lock_that_is_written_differently(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """Other spellings of the same dependencies, markers, sources and extras are not stale."""
    entry = make_entry({})
    dependencies = '"Alpha (>=1.0, <2)", "beta<3,>1.0.dev0; python_version >= \'3.10\'", "gamma[x]~=1.0", "app[all]"'
    more = f'[project.optional-dependencies]\nall = ["needy"]\n{EXPLICIT.format(indexes)}gamma = {{ index = "main" }}\n'
    lock(entry, indexes, dependencies, more)
    edit(entry / "pyproject.toml", '"Alpha (>=1.0, <2)"', '"alpha<2,>=1.0.0"')
    assert pins_for(entry, X86, store=store) == ("alpha==1.0", "beta==1.0", "gamma==1.0", "needy==1.0")


@pytest.fixture
def workspace(make_entry: MakeEntry, indexes: str) -> Path:
    """Return a workspace whose member "one" asks for beta, with the workspace's lock file."""
    root = make_entry({"members/one/one.py": "", "members/two/two.py": ""}, "workspace")
    for name, dependency in (("one", "beta==1.0"), ("two", "gamma==1.0")):
        text = PROJECT.replace('"app"', f'"{name}"').replace("DEPENDENCIES", f'"{dependency}"')
        (root / "members" / name / "pyproject.toml").write_text(text, encoding="utf-8")
    lock(root, indexes, '"alpha==1.0"', '[tool.uv.workspace]\nmembers = ["members/*"]\nexclude = ["members/three"]\n')
    return root


@pytest.mark.parametrize("has_own", [True, False])
def test_member_of_a_workspace(workspace: Path, store: LocalStore, indexes: str, *, has_own: bool) -> None:
    """A member of a workspace has the workspace's lock file, with or without one of its own, and follows it."""
    entry = workspace / "members" / "one"
    if has_own:
        (entry / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    first = build(entry, X86, store=store)
    assert (first.manifest, first.pins, first.report.notes) == ("uv.lock", ("beta==1.0",), ())
    assert build(entry, X86, store=store).from_cache
    edit(entry / "pyproject.toml", '"beta==1.0"', '"beta==1.0", "gamma"')
    with pytest.raises(StaleLockError, match=r"workspace.*lacks 'gamma'"):
        build(entry, X86, store=store)
    assert process.run(["lock", "--quiet", "--no-cache"], cwd=workspace, extra={}).returncode == 0
    assert build(entry, X86, store=store).pins == ("beta==1.0", "gamma==1.0")


def test_stale_source_of_a_workspace(workspace: Path, store: LocalStore, indexes: str) -> None:
    """A local source that a lock file installs, and that asks for more than the lock file has, makes it stale."""
    one, two = (workspace / "members" / name / "pyproject.toml" for name in ("one", "two"))
    edit(one, '"beta==1.0"', '"beta==1.0", "two"')
    one.write_text(
        one.read_text(encoding="utf-8") + "[tool.uv.sources]\ntwo = { workspace = true }\n", encoding="utf-8"
    )
    two.write_text(
        two.read_text(encoding="utf-8") + '[build-system]\nrequires = []\nbuild-backend = "none"\n', encoding="utf-8"
    )
    assert process.run(["lock", "--quiet", "--no-cache"], cwd=workspace, extra={}).returncode == 0
    options = BuildOptions(allow_source_builds=("two",))
    assert pins_for(one.parent, X86, options, store=store) == ("beta==1.0", "gamma==1.0", "two")
    edit(two, '"gamma==1.0"', '"gamma==1.0", "alpha"')
    with pytest.raises(StaleLockError, match="of 'two', it lacks 'alpha'"):
        pins_for(one.parent, X86, options, store=store)


def test_workspace_without_its_lock(workspace: Path, store: LocalStore) -> None:
    """A member without a lock file in itself or its workspace installs nothing, and the note says where to lock."""
    (workspace / "uv.lock").unlink()
    entry = workspace / "members" / "one"
    (note,) = build(entry, X86, store=store).report.notes
    assert (note.rule, "'uv lock' in the workspace's root workspace/" in note.remedy) == ("ignored-manifest", True)


def test_the_lock_of_a_workspace_that_a_member_does_not_use(workspace: Path, store: LocalStore, indexes: str) -> None:
    """Other members need it, so the remedy is about the member's own manifest. Excluding it by name ends the note."""
    entry = workspace / "members" / "one"
    (entry / "requirements.txt").write_text("beta==1.0\n", encoding="utf-8")
    (note,) = build(entry, X86, store=store).report.notes
    assert note.message.startswith("uv.lock of the workspace workspace/ was ignored: requirements.txt was used")
    assert note.remedy == "Remove requirements.txt from one/ to install what the workspace locks, or exclude uv.lock."
    assert build(entry, X86, BuildOptions(excludes=("uv.lock",)), store=store).report.notes == ()


def test_own_lock_in_a_workspace_without_one(workspace: Path, store: LocalStore, indexes: str) -> None:
    """A member's own lock file, with its groups and local sources, is used if the workspace has none."""
    (workspace / "uv.lock").unlink()
    entry = workspace / "members" / "one"
    source = '[tool.uv.sources]\ntwo = { path = "../two" }\n[dependency-groups]\ndata = ["needy==1.0"]\n'
    two = workspace / "members" / "two" / "pyproject.toml"
    two.write_text(
        two.read_text(encoding="utf-8") + '[build-system]\nrequires = []\nbuild-backend = "none"\n', encoding="utf-8"
    )
    # Without the workspace's project, uv locks the folder as a project of its own.
    (workspace / "pyproject.toml").rename(workspace / "away")
    lock(entry, indexes, '"alpha==1.0", "two"', source)
    (workspace / "away").rename(workspace / "pyproject.toml")
    options = BuildOptions(allow_source_builds=("two",))
    assert pins_for(entry, X86, options, store=store) == ("alpha==1.0", "gamma==1.0", "two")
    with_group = replace(options, groups=("data",))
    assert "needy==1.0" in pins_for(entry, X86, with_group, store=store)
    edit(entry / "pyproject.toml", '"alpha==1.0"', '"alpha==2.0"')
    with pytest.raises(StaleLockError, match=r"one.uv\.lock"):
        pins_for(entry, X86, options, store=store)


def test_excluded_from_a_workspace(workspace: Path, store: LocalStore, indexes: str) -> None:
    """A folder that the workspace excludes, or that another project is between, has its own lock file."""
    for entry in (workspace / "members" / "three", workspace / "members" / "one" / "inner"):
        entry.mkdir()
        lock(entry, indexes, '"gamma==1.0"')
        assert pins_for(entry, X86, store=store) == ("gamma==1.0",)


TWO: dict[str, Any] = {"name": "two", "source": {"directory": "two"}, "metadata": {}}


def _locked(*required: dict[str, str], **more: Any) -> dict[str, Any]:
    return {**TWO, "metadata": {"requires-dist": list(required), **more}}


@pytest.mark.parametrize(
    ("manifest", "packages"),
    [
        ('[project]\nname = "two"\nversion = "1"\ndynamic = ["dependencies"]\n', [_locked({"name": "gamma"})]),
        ('[project]\nname = "two"\ndependencies = ["beta>=1"]\n', [_locked({"name": "beta", "directory": "b"})]),
        ('[project]\nname = "two"\ndependencies = ["gamma"]\n', [{**TWO, "source": {"registry": "https://a.example"}}]),
        ('[project]\nname = "two"\ndependencies = ["gamma"]\n', []),
        ("[tool.ruff]\n", [TWO]),
    ],
)
def test_sources_that_are_not_compared(tmp_path: Path, manifest: str, packages: list[dict[str, Any]]) -> None:
    """Those whose build backend alone knows their dependencies, and those that the lock file does not have.

    Whether the location of a dependency in the workspace applies to them is not known.
    """
    project, folder = UvProject(tmp_path, tmp_path), tmp_path / "two"
    folder.mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\n[tool.uv.sources]\nbeta = { workspace = true }\n', encoding="utf-8"
    )
    (folder / "pyproject.toml").write_text(manifest, encoding="utf-8")
    refuse_stale_source(project, folder, {"package": packages}, X86)
    (folder / "pyproject.toml").write_text('[project]\nname = "two"\ndependencies = ["gamma"]\n', encoding="utf-8")
    with pytest.raises(StaleLockError, match="of 'two', it lacks 'gamma'"):
        refuse_stale_source(project, folder, {"package": [TWO]}, X86)


def _refuse(folder: Path, root: str, own: str, package: dict[str, Any], options: BuildOptions | None = None) -> None:
    """Compare a lock file with the project "two" in a workspace."""
    (folder / "two").mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(root, encoding="utf-8")
    (folder / "two" / "pyproject.toml").write_text(f'[project]\nname = "two"\n{own}', encoding="utf-8")
    project = UvProject(folder / "two", folder)
    manifest = read_toml(folder / "two" / "pyproject.toml")
    refuse_stale_uv_lock(project, manifest, {"package": [package]}, X86, options or BuildOptions())


@pytest.mark.parametrize(
    ("root", "own", "locked"),
    [
        ("", 'dynamic = ["dependencies"]', {"name": "beta"}),
        (
            "[tool.uv.sources]\nbeta = { workspace = true }",
            'dependencies = ["beta"]',
            {"name": "beta", "editable": "b"},
        ),
        (
            "",
            "dependencies = ['beta']\n[tool.uv.sources]\nbeta = [{ path = 'b', marker = 'x' }]",
            {"name": "beta", "path": "b"},
        ),
        (
            "",
            "dependencies = ['beta']\n[tool.uv.sources]\nbeta = { path = 'b', marker = \"os_name == 'nt'\" }",
            {"name": "beta", "specifier": ""},
        ),
        ("", "dependencies = ['beta>=1.0']", {"name": "beta", "specifier": ">=1"}),
    ],
)
def test_what_is_not_stale(tmp_path: Path, root: str, own: str, locked: dict[str, str]) -> None:
    """Locations of the workspace apply to its members, and those for some platforms decide nothing for others."""
    _refuse(tmp_path, root, own, _locked(locked))


def test_groups_that_include_each_other(tmp_path: Path) -> None:
    """Each counts once."""
    own = "[dependency-groups]\na = ['beta', { include-group = 'b' }]\nb = ['gamma', { include-group = 'a' }]\n"
    locked = _locked(**{"requires-dev": {"a": [{"name": "beta"}, {"name": "gamma"}]}})
    _refuse(tmp_path, "", own, locked, BuildOptions(groups=("a",)))


@pytest.mark.parametrize(
    ("lock_file", "message"),
    [
        ({"requires-python": "<3.13"}, "3.13"),
        ({"supported-markers": ["sys_platform == 'win32'"]}, "has nothing for Python 3.13 on x86_64"),
        ({"requires-python": ">=3.13", "supported-markers": ["os_name == 'nt'", "os_name == 'posix'"]}, None),
        ({"supported-markers": []}, None),
    ],
)
def test_locks_for_other_targets(lock_file: dict[str, Any], message: str | None) -> None:
    """A lock file is for the Pythons and the environments that its project names; for all if it names none."""
    with pytest.raises(DependencyError, match=message) if message else nullcontext():
        refuse_other_targets(lock_file, X86)
