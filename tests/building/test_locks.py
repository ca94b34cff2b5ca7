"""Lock files: exactly what they name is installed, for the target that they suit, if they fit their project."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.find import build
from cdk_layers.building.job import Job
from cdk_layers.building.make import pins_for
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements import exports
from cdk_layers.building.requirements.lock_checks import poetry_admits
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, EntryError, StaleLockError
from cdk_layers.lambda_service.target import Target
from tests.building.local_index import served, write_index, write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")

PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.11"
dependencies = [DEPENDENCIES]
"""


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve two indexes: "main" has all distributions, "private" has others by the same names and versions."""
    root = tmp_path_factory.mktemp("indexes")
    for index in ("main", "private"):
        wheels = [write_wheel(root / index, name, body=f"index = {index!r}\n") for name in ("alpha", "beta", "gamma")]
        needs = ["alpha", "beta ; python_version >= '3.11'"]
        wheels.append(write_wheel(root / index, "needy", requires=needs))
        wheels.append(write_wheel(root / index, "alpha", "2.0"))
        write_index(root, index, wheels)
    with served(root) as address:
        yield address


def lock(entry: Path, main: str, dependencies: str, more: str = "") -> None:
    """Write a project whose default index is "main", and lock it."""
    index = f'[[tool.uv.index]]\nname = "main"\nurl = "{main}/main/simple"\ndefault = true\n'
    (entry / "pyproject.toml").write_text(
        PROJECT.replace("DEPENDENCIES", dependencies) + more + index, encoding="utf-8"
    )
    done = process.run(["lock", "--quiet", "--no-cache", "--python", sys.executable], cwd=entry, extra={})
    assert done.returncode == 0, done.stderr


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def origins(archive: Path, *names: str) -> list[str]:
    """Return the index that each distribution of an archive came from."""
    with zipfile.ZipFile(archive) as opened:
        return [opened.read(f"python/{name}.py").decode().split("'")[1] for name in names]


EXPLICIT = """\
[[tool.uv.index]]
name = "private"
url = "{0}/private/simple"
explicit = true
[tool.uv.sources]
beta = {{ index = "private" }}
"""


@pytest.mark.parametrize("explicit", ["explicit = true\n", ""])
def test_distributions_come_from_the_index_that_the_lock_names(
    make_entry: MakeEntry, store: LocalStore, indexes: str, explicit: str
) -> None:
    """A uv.lock names the index of each distribution, and others of the same name and version are not taken."""
    entry = make_entry({})
    more = EXPLICIT.format(indexes).replace("explicit = true\n", explicit)
    lock(entry, indexes, '"alpha==1.0", "beta==1.0", "gamma"', more + 'alpha = { index = "main" }\n')
    expected = ["main", "private", "main" if explicit else "private"]
    assert origins(build(entry, X86, store=store).archive, "alpha", "beta", "gamma") == expected
    again = build(entry, X86, store=store)
    assert again.from_cache


def test_index_of_the_environment_does_not_come_before_the_lock(
    make_entry: MakeEntry, store: LocalStore, indexes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that the environment adds has no say in what a uv.lock has pinned."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"')
    monkeypatch.setenv("UV_INDEX", f"{indexes}/private/simple")
    assert origins(build(entry, X86, store=store).archive, "alpha") == ["main"]


@pytest.mark.parametrize("is_member", [False, True])
def test_index_that_wants_credentials(
    make_entry: MakeEntry, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_member: bool
) -> None:
    """The files of an index that wants credentials come with those that its name has in the environment."""
    write_index(tmp_path / "served", "private", [write_wheel(tmp_path / "served" / "private", "beta")])
    monkeypatch.setenv("UV_INDEX_PRIVATE_USERNAME", "me")
    monkeypatch.setenv("UV_INDEX_PRIVATE_PASSWORD", "s3cret-of-mine")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    root = make_entry({})
    entry = root / "member" if is_member else root
    entry.mkdir(exist_ok=True)
    project = PROJECT.replace("DEPENDENCIES", '"beta==1.0"')
    with served(tmp_path / "served", "me:s3cret-of-mine") as address:
        settings = EXPLICIT.format(address)
        workspace = '[tool.uv.workspace]\nmembers = ["member"]\n' if is_member else ""
        (root / "pyproject.toml").write_text(
            (project if not is_member else "") + workspace + settings, encoding="utf-8"
        )
        if is_member:
            (entry / "pyproject.toml").write_text(project, encoding="utf-8")
        done = process.run(["lock", "--quiet", "--python", sys.executable], cwd=root, extra={})
        assert done.returncode == 0, done.stderr
        shutil.rmtree(tmp_path / "uv")
        assert build(entry, X86, store=store).pins == ("beta==1.0",)
    kept = [path for path in store.folder.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert kept == []


GROUPS = """\
[project.optional-dependencies]
Web_UI = ["beta==1.0"]
[dependency-groups]
dev = ["gamma==1.0"]
ops = ["beta==1.0", { include-group = "dev" }]
[tool.uv]
default-groups = ["dev", "ops"]
"""


@pytest.mark.parametrize(
    ("options", "pins"),
    [
        (BuildOptions(), ("alpha==1.0",)),
        (BuildOptions(groups=("dev",)), ("alpha==1.0", "gamma==1.0")),
        (BuildOptions(groups=("ops",)), ("alpha==1.0", "beta==1.0", "gamma==1.0")),
        (BuildOptions(extras=("web-ui",)), ("alpha==1.0", "beta==1.0")),
    ],
)
def test_groups_and_extras_of_uv(
    make_entry: MakeEntry, store: LocalStore, indexes: str, options: BuildOptions, pins: tuple[str, ...]
) -> None:
    """Only what production needs is installed, whatever groups are uv's default, and groups that are asked for."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"', GROUPS)
    assert pins_for(entry, X86, options, store=store) == pins


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (BuildOptions(groups=("opps",)), "has no group 'opps'. It has 'dev' and 'ops'"),
        (BuildOptions(extras=("dev",)), "has no extra 'dev'. It has 'Web_UI'"),
    ],
)
def test_group_that_uv_does_not_know(
    make_entry: MakeEntry, store: LocalStore, indexes: str, options: BuildOptions, message: str
) -> None:
    """A group or an extra that the project does not define is an error that names those that it does."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"', GROUPS)
    with pytest.raises(EntryError, match=re.escape(message)):
        pins_for(entry, X86, options, store=store)


@pytest.mark.parametrize("files", [{"requirements.txt": "six==1.17.0\n"}, {"a.py": ""}])
def test_groups_without_a_lock(make_entry: MakeEntry, store: LocalStore, files: dict[str, str]) -> None:
    """Groups and extras are refused where no manifest has any."""
    for options in (BuildOptions(groups=("dev",)), BuildOptions(extras=("dev",))):
        with pytest.raises(EntryError, match=r"=\['dev'\] needs a lock file"):
            build(make_entry(files), X86, options, store=store)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"alpha==1.0"', '"alpha==1.0", "gamma"', "it lacks 'gamma'"),
        ('"alpha==1.0"', '"alpha==2.0"', "it has alpha==1.0 where the project requires alpha==2.0"),
        ('"alpha==1.0", ', "", "it has 'alpha', which the project does not require"),
        ('"alpha==1.0"', '"alpha @ https://a.example/alpha-1.0-py3-none-any.whl"', "alpha from a place of its own"),
        ("[tool.uv]\n", '[tool.uv]\nconstraint-dependencies = ["alpha<2"]\n', "of its constraints, it lacks 'alpha'"),
        ('name = "app"', 'name = "other"', "it has no project 'other'"),
        ('"beta"', '"beta[x]"', "it lacks 'beta[x]'"),
        ('alpha==1.0"', "alpha==1.0; python_version < '3'\"", "it has 'alpha', which the project does not require"),
        ('">=3.11"', '">=3.11,<3.13"', "it is for Python 3.13 too, and the project requires Python >=3.11,<3.13"),
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


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_source_for_some_platforms(make_entry: MakeEntry, store: LocalStore, indexes: str, platform: str) -> None:
    """A single source that counts on some platforms only is not stale on any."""
    entry = make_entry({})
    write_wheel(entry / "wheels", "beta", body="index = 'file'\n")
    source = f"{{ path = 'wheels/beta-1.0-py3-none-any.whl', marker = \"sys_platform == '{platform}'\" }}"
    lock(entry, indexes, '"beta"', f"[tool.uv.sources]\nbeta = {source}\n")
    assert origins(build(entry, X86, store=store).archive, "beta") == ["file" if platform == "linux" else "main"]


@pytest.mark.parametrize("options", [BuildOptions(groups=("ops",)), BuildOptions(extras=("web-ui",))])
def test_stale_group(make_entry: MakeEntry, store: LocalStore, indexes: str, options: BuildOptions) -> None:
    """A group or an extra that changed since is stale where it is asked for, and only there."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"', GROUPS)
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


def test_lock_for_other_pythons(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A uv.lock excludes what its project excludes, judged at the newest patch release."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"')
    with pytest.raises(DependencyError, match=r"nothing for Python 3\.10 on x86_64: it is locked for Python >=3\.11"):
        pins_for(entry, Target("3.10", "x86_64"), store=store)
    edit(entry / "pyproject.toml", ">=3.11", ">=3.11.7")
    edit(entry / "uv.lock", ">=3.11", ">=3.11.7")
    assert pins_for(entry, Target("3.11", "x86_64"), store=store) == ("alpha==1.0",)


def test_lock_for_other_platforms(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A uv.lock that is limited to environments without the target is refused."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"', "[tool.uv]\nenvironments = [\"sys_platform == 'darwin'\"]\n")
    with pytest.raises(DependencyError, match=r"uv\.lock has nothing for Python 3\.13 .*darwin"):
        pins_for(entry, X86, store=store)


def test_distribution_that_markers_leave_out(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """What others need on the target, and the lock file has for other targets only, is an error."""
    entry = make_entry({})
    lock(entry, indexes, '"needy==1.0"')
    found = build(entry, X86, store=store)
    assert found.pins == ("alpha==2.0", "beta==1.0", "needy==1.0")
    edit(entry / "uv.lock", '{ name = "beta" }', '{ name = "beta", marker = "sys_platform == \'win32\'" }')
    with pytest.raises(DependencyError, match=r"has 'beta' for other targets only, and needy 1\.0"):
        build(entry, X86, store=store)
    assert build(entry, X86, BuildOptions(prefix="", provided={"beta": "1.0"}), store=store).pins


def test_override_leaves_out_on_purpose(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A distribution that the user's own override excludes for the target is not missed."""
    entry = make_entry({})
    lock(entry, indexes, '"needy==1.0"', "[tool.uv]\noverride-dependencies = [\"beta; sys_platform == 'win32'\"]\n")
    assert build(entry, X86, store=store).pins == ("alpha==2.0", "needy==1.0")


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
    assert (first.pins, first.notes) == (("beta==1.0",), ())
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
    """A member whose workspace has no lock file installs nothing, and is told where to lock."""
    (workspace / "uv.lock").unlink()
    entry = workspace / "members" / "one"
    (note,) = build(entry, X86, store=store).notes
    assert (note.rule, "'uv lock' in the workspace's root workspace/" in note.remedy) == ("ignored-manifest", True)
    (entry / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    with pytest.raises(EntryError, match=r"is a member of the workspace .* which does not exist"):
        build(entry, X86, store=store)


def test_excluded_from_a_workspace(workspace: Path, store: LocalStore, indexes: str) -> None:
    """A folder that the workspace excludes, or that another project is between, has its own lock file."""
    for entry in (workspace / "members" / "three", workspace / "members" / "one" / "inner"):
        entry.mkdir()
        lock(entry, indexes, '"gamma==1.0"')
        assert pins_for(entry, X86, store=store) == ("gamma==1.0",)


@pytest.mark.parametrize(
    ("project", "command"),
    [
        ('[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nsix = "*"\n', "'poetry lock'"),
        (
            PROJECT.replace("DEPENDENCIES", '"six"') + '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n',
            "'poetry lock'",
        ),
        (PROJECT.replace("DEPENDENCIES", '"six"') + "[tool.pdm]\n", "'pdm lock --format pylock'"),
        (PROJECT.replace("DEPENDENCIES", '"six"'), "'uv lock'"),
    ],
)
def test_advice_of_the_tool_that_the_project_uses(
    make_entry: MakeEntry, store: LocalStore, project: str, command: str
) -> None:
    """A project without its lock file is told the command of its own tool."""
    (note,) = build(make_entry({"pyproject.toml": project, "a.py": ""}), X86, store=store).notes
    assert command in note.remedy


def test_version_of_uv_that_a_project_requires(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """Where a project wants another uv, that is the reason, and not a damaged lock file."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"')
    edit(entry / "pyproject.toml", "[[tool.uv.index]]", '[tool.uv]\nrequired-version = "<0.1"\n[[tool.uv.index]]')
    with pytest.raises(EntryError, match=r"Required uv version `<0\.1`.* required-version") as caught:
        pins_for(entry, X86, store=store)
    assert "uv lock" not in str(caught.value)


def test_requirements_do_not_care_for_the_version_of_uv(make_entry: MakeEntry, store: LocalStore) -> None:
    """The uv that a project above requires is for its own lock file, and not for a requirements.txt below."""
    root = make_entry({"pyproject.toml": '[tool.uv]\nrequired-version = "<0.1"\n', "fn/requirements.txt": "alpha\n"})
    write_wheel(root / "wheels", "alpha")
    (root / "fn" / "requirements.txt").write_text("--no-index\n--find-links ../wheels\nalpha\n", encoding="utf-8")
    assert build(root / "fn", X86, store=store).pins == ("alpha==1.0",)


PYLOCK = """\
lock-version = "1.0"
created-by = "hand"
extras = ["web"]
dependency-groups = ["ops", "default"]
default-groups = ["default"]
[[packages]]
name = "alpha"
version = "1.0"
[[packages.wheels]]
path = "wheels/alpha-1.0-py3-none-any.whl"
hashes = { sha256 = "00" }
[[packages]]
name = "beta"
version = "1.0"
marker = "'web' in extras"
[[packages.wheels]]
path = "wheels/beta-1.0-py3-none-any.whl"
hashes = { sha256 = "00" }
[[packages]]
name = "gamma"
version = "1.0"
marker = "'ops' in dependency_groups"
[[packages.wheels]]
path = "wheels/gamma-1.0-py3-none-any.whl"
hashes = { sha256 = "00" }
"""


@pytest.fixture
def pylock(make_entry: MakeEntry) -> Path:
    """Return an entry with a pylock.toml and the pyproject.toml that it was made from."""
    entry = make_entry({"pylock.toml": PYLOCK, "pyproject.toml": PROJECT.replace("DEPENDENCIES", '"alpha>=1"')})
    for name in ("alpha", "beta", "gamma"):
        write_wheel(entry / "wheels", name)
    return entry


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (BuildOptions(), ["alpha"]),
        (BuildOptions(extras=("Web",)), ["alpha", "beta"]),
        (BuildOptions(groups=("ops",)), ["alpha", "gamma"]),
    ],
)
def test_groups_and_extras_of_pylock(pylock: Path, store: LocalStore, options: BuildOptions, names: list[str]) -> None:
    """A pylock.toml gives the groups and extras that are asked for, and its project is not ignored."""
    found = read_requirements(Job(pylock, X86, options, store))
    assert found is not None
    assert ([one.name for one in found.wanted], found.notes) == (names, ())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (BuildOptions(groups=("web",)), "has no group 'web'. It has 'default' and 'ops'"),
        (BuildOptions(extras=("ops",)), "has no extra 'ops'. It has 'web'"),
    ],
)
def test_group_that_pylock_does_not_know(pylock: Path, store: LocalStore, options: BuildOptions, message: str) -> None:
    """A name that the pylock.toml does not have is an error."""
    with pytest.raises(EntryError, match=re.escape(message)):
        pins_for(pylock, X86, options, store=store)


@pytest.mark.parametrize(
    ("dependencies", "reason"),
    [
        ('"alpha>=1", "six"', "it lacks 'six'"),
        ('"alpha>=2"', "it has alpha 1.0 where the project requires alpha>=2"),
        ('"alpha", "beta"', "it lacks 'beta'"),
    ],
)
def test_stale_pylock(pylock: Path, store: LocalStore, dependencies: str, reason: str) -> None:
    """A pylock.toml that lacks what the project with it asks for on the target is stale."""
    edit(pylock / "pyproject.toml", '"alpha>=1"', dependencies)
    with pytest.raises(StaleLockError, match=re.escape(reason)):
        pins_for(pylock, X86, store=store)


@pytest.mark.parametrize(
    "head",
    ["# uv export --only-group ops -o pylock.toml\n", "# uv pip compile requirements.in -o pylock.toml\n"],
)
def test_pylock_that_was_made_from_something_else(pylock: Path, store: LocalStore, head: str) -> None:
    """A pylock.toml of one group, or of another file, is not compared with the project."""
    edit(pylock / "pyproject.toml", '"alpha>=1"', "\"six; sys_platform == 'linux'\"")
    edit(pylock / "pylock.toml", 'lock-version = "1.0"', f'{head}lock-version = "1.0"')
    assert pins_for(pylock, X86, store=store) == ("alpha==1.0",)


def test_pylock_and_markers_of_the_project(pylock: Path, store: LocalStore) -> None:
    """What the project asks for on other targets need not be in a pylock.toml."""
    edit(pylock / "pyproject.toml", '"alpha>=1"', '"alpha", "six; sys_platform == \'win32\'"')
    assert pins_for(pylock, X86, store=store) == ("alpha==1.0",)


PIPFILE = '[packages]\nsix = "==1.16.0"\n[dev-packages]\nidna = "*"\n[docs]\ncertifi = "*"\n'
PIPFILE_LOCK = {
    "_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6, "requires": {}, "sources": []},
    "default": {"six": {"version": "==1.16.0"}},
    "develop": {"idna": {"version": "==3.10"}},
    "docs": {"certifi": {"version": "==2024.8.30"}},
}


def test_categories_of_a_pipfile(make_entry: MakeEntry, store: LocalStore) -> None:
    """The categories of a Pipfile are its groups, its development packages among them."""
    more = {**PIPFILE_LOCK, "tests": {"attrs": {"version": "==25.1.0"}}}
    entry = make_entry({"Pipfile": PIPFILE, "Pipfile.lock": json.dumps(more)})
    pins = pins_for(entry, X86, BuildOptions(groups=("dev", "docs")), store=store)
    assert pins == ("certifi==2024.8.30", "idna==3.10", "six==1.16.0")


@pytest.mark.parametrize(
    ("old", "new", "options", "message"),
    [
        (
            'six = "==1.16.0"',
            'six = "==1.17.0"',
            BuildOptions(),
            "it has six 1.16.0 where the project requires six==1.17",
        ),
        ('six = "==1.16.0"', 'six = "*"\nattrs = {version = ">=1"}', BuildOptions(), "it lacks 'attrs'"),
        (
            'idna = "*"',
            'idna = "<3"',
            BuildOptions(groups=("dev",)),
            "it has idna 3.10 where the project requires idna<3",
        ),
        ("six", "six", BuildOptions(groups=("test",)), "has no category 'test'. It has 'dev-packages' and 'docs'"),
        ("six", "six", BuildOptions(extras=("test",)), "a Pipfile.lock has no extras"),
    ],
)
def test_pipfile_that_does_not_suit(
    make_entry: MakeEntry, store: LocalStore, *, old: str, new: str, options: BuildOptions, message: str
) -> None:
    """A Pipfile.lock that does not fit its Pipfile, or does not know a name, is refused before Pipenv runs."""
    entry = make_entry({"Pipfile": PIPFILE.replace(old, new), "Pipfile.lock": json.dumps(PIPFILE_LOCK)})
    with pytest.raises(EntryError, match=re.escape(message)):
        pins_for(entry, X86, options, store=store)


@pytest.mark.parametrize("text", ["[]", "null", '"six"'])
def test_pipfile_lock_that_is_none(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A Pipfile.lock that is JSON of another kind is refused before Pipenv runs."""
    with pytest.raises(EntryError, match=r"contains no JSON object\. Make it again with 'pipenv lock'"):
        pins_for(make_entry({"Pipfile.lock": text}), X86, store=store)


@pytest.mark.parametrize("version", ["*", ">=1.16", "==1.16.*"])
def test_open_version_in_a_lock(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """A lock file that leaves a version open is refused, since what it installs would change unseen."""
    entry = make_entry({"Pipfile.lock": json.dumps({"default": {"six": {"version": version}}})})
    exported = f"six{version.replace('*', '') if version == '*' else version}\n"
    monkeypatch.setattr(exports, "_run", lambda *_: exported)
    with pytest.raises(EntryError, match=r"does not lock 'six' at one exact version.*'pipenv lock'"):
        pins_for(entry, X86, store=store)


def test_extras_of_a_pipfile(make_entry: MakeEntry, store: LocalStore) -> None:
    """A Pipfile.lock without an extra that its Pipfile asks for is stale."""
    manifest = '[packages]\nsix = {version = "==1.16.0", extras = ["Fast_Ones"]}\n'
    entry = make_entry({"Pipfile": manifest, "Pipfile.lock": json.dumps(PIPFILE_LOCK)})
    with pytest.raises(StaleLockError, match="it lacks the extra 'fast-ones' of 'six'"):
        pins_for(entry, X86, store=store)


@pytest.mark.parametrize("requires", [{"python_version": "3.11"}, {"python_full_version": "3.12.4"}])
def test_pipfile_of_another_python(make_entry: MakeEntry, store: LocalStore, requires: dict[str, str]) -> None:
    """A Pipfile.lock that was made for another Python is refused."""
    text = json.dumps({**PIPFILE_LOCK, "_meta": {"requires": requires}})
    with pytest.raises(
        DependencyError, match=r"Pipfile\.lock has nothing for Python 3\.13 .* locked for Python 3\.1[12]"
    ):
        pins_for(make_entry({"Pipfile": PIPFILE, "Pipfile.lock": text}), X86, store=store)


@pytest.mark.parametrize(
    ("constraint", "version", "admitted"),
    [
        ("^3.11.7", "3.11.99", True),
        ("^3.11.7", "3.14.99", True),
        ("^3.12", "3.11.99", False),
        ("^3.12", "4.0.1", False),
        ("~3.11", "3.11.99", True),
        ("~3.11", "3.12.99", False),
        (">=3.9, <3.12", "3.12.99", False),
        (">= 3.9 < 3.13", "3.12.99", True),
        ("3.11", "3.11.99", True),
        ("3.11.*", "3.12.99", False),
        ("~3.9 || ^3.12", "3.13.99", True),
        ("*", "3.9.99", True),
        (">=3.9,!=3.13.*", "3.13.99", False),
    ],
)
def test_constraints_of_poetry(constraint: str, version: str, *, admitted: bool) -> None:
    """Poetry's own notation of versions is understood."""
    assert poetry_admits(constraint, version) is admitted


POETRY = """\
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
python = "^3.12"
[tool.poetry.group.ops.dependencies]
six = "*"
[tool.poetry.extras]
web = ["idna"]
"""


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (Target("3.11", "x86_64"), BuildOptions(), "poetry.lock has nothing for Python 3.11 on x86_64"),
        (X86, BuildOptions(groups=("web",)), "has no group 'web'. It has 'ops'"),
        (X86, BuildOptions(extras=("ops",)), "has no extra 'ops'. It has 'web'"),
    ],
)
def test_poetry_that_does_not_suit(
    make_entry: MakeEntry, store: LocalStore, target: Target, options: BuildOptions, message: str
) -> None:
    """A poetry.lock for other Pythons, or without a name that is asked for, is refused before Poetry runs."""
    files = {"pyproject.toml": POETRY, "poetry.lock": '[metadata]\nlock-version = "2.1"\npython-versions = "^3.12"\n'}
    with pytest.raises((EntryError, DependencyError), match=re.escape(message)):
        pins_for(make_entry(files), target, options, store=store)


PIPFILE_OF_TWO = """\
[[source]]
name = "main"
url = "{0}/main/simple"
verify_ssl = true
[[source]]
name = "private"
url = "{0}/private/simple"
verify_ssl = true
[packages]
alpha = {{version = "==1.0", index = "main"}}
beta = {{version = "==1.0", index = "private"}}
"""


def test_indexes_of_a_pipfile(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A Pipfile.lock names the source of each distribution; what needs none comes from the first."""
    sources = [{"name": name, "url": f"{indexes}/{name}/simple", "verify_ssl": True} for name in ("private", "main")]
    lock = {
        "_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6, "requires": {}, "sources": sources},
        "default": {
            "alpha": {"index": "main", "version": "==1.0"},
            "beta": {"index": "private", "version": "==1.0"},
            "gamma": {"version": "==1.0"},
        },
        "develop": {},
    }
    entry = make_entry({"Pipfile": PIPFILE_OF_TWO.format(indexes), "Pipfile.lock": json.dumps(lock)})
    done = build(entry, X86, store=store)
    assert origins(done.archive, "alpha", "beta", "gamma") == ["main", "private", "private"]


def test_indexes_of_poetry(
    make_entry: MakeEntry, store: LocalStore, indexes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poetry.lock names the source of each distribution; what has none comes from the default index."""
    package = '[[package]]\nname = "{0}"\nversion = "1.0"\n'
    source = '[package.source]\ntype = "legacy"\nurl = "{0}/private/simple"\nreference = "private"\n'
    lock = package.format("alpha") + package.format("beta") + source.format(indexes)
    text = f"--extra-index-url {indexes}/private/simple\n\nalpha==1.0\nbeta==1.0\n"
    monkeypatch.setattr(exports, "_run", lambda *_: text)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{indexes}/main/simple")
    entry = make_entry({"pyproject.toml": POETRY, "poetry.lock": f'{lock}[metadata]\npython-versions = "*"\n'})
    assert origins(build(entry, X86, store=store).archive, "alpha", "beta") == ["main", "private"]
