"""Requirements of uv.lock: groups, indexes, and locks that do not fit."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.builds import build, recall
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.uv import process
from cdk_layers.building.uv.indexes import PYPI
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.system import host
from tests.building.archives_of_builds import written
from tests.building.distributions import write_project, write_wheel
from tests.building.local_index import served, write_index
from tests.building.requirements.locks import (
    EXPLICIT,
    GROUPS,
    PROJECT,
    SIX_HASH,
    X86,
    edit,
    lock,
    make,
    origins,
    read,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]


@pytest.mark.parametrize("explicit", ["explicit = true\n", ""])
def test_distributions_come_from_the_index_that_the_lock_names(
    make_entry: MakeEntry, store: LocalStore, indexes: str, explicit: str
) -> None:
    """A uv.lock names the index of each distribution, and others of the same name and version are not taken."""
    entry = make_entry({})
    more = EXPLICIT.format(indexes).replace("explicit = true\n", explicit)
    lock(entry, indexes, '"alpha==1.0", "beta==1.0", "gamma"', more + 'alpha = { index = "main" }\n')
    expected = ["main", "private", "main" if explicit else "private"]
    assert origins(written(build(entry, X86, store=store)), "alpha", "beta", "gamma") == expected
    again = build(entry, X86, store=store)
    assert again.from_cache


def test_index_of_the_environment_does_not_come_before_the_lock(
    make_entry: MakeEntry, store: LocalStore, indexes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that the environment adds has no say in what a uv.lock has pinned."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"')
    monkeypatch.setenv("UV_INDEX", f"{indexes}/private/simple")
    assert origins(written(build(entry, X86, store=store)), "alpha") == ["main"]


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


UV_PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.9"
dependencies = ["six==1.16.0", "colorama==0.4.6; sys_platform == 'win32'"]
[dependency-groups]
dev = ["idna==3.10"]
"""


def test_an_export_without_hashes_asks_for_a_newer_uv(
    make_entry: MakeEntry, store: LocalStore, indexes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest uv exports a lock without hashes as it is. The lock is not damaged, and another one would not help."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"', "")
    run = process.run

    def as_the_oldest(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        done = run(*arguments, **options)
        done.stdout = re.sub(r",? ?hashes = \{[^}]*\}", "", done.stdout)
        return done

    monkeypatch.setattr(process, "run", as_the_oldest)
    with pytest.raises(EntryError, match=r"uv.lock in a form .*hashes.*install the newest, with 'pip install -U uv'"):
        read(entry, store)


def test_a_lock_of_nothing(make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project without dependencies has a lock, which the oldest uv exports without a list of packages."""
    entry = make_entry({"pyproject.toml": '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.9"\n'})
    make(["lock", "--quiet", "--offline", "--python", sys.executable], entry)
    run = process.run

    def as_the_oldest(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        done = run(*arguments, **options)
        done.stdout = done.stdout.replace("packages = []", "")
        assert "packages" not in done.stdout
        return done

    monkeypatch.setattr(process, "run", as_the_oldest)
    found = read(entry, store)
    assert (found.origin, found.lines) == ("uv.lock", ())


def test_uv_lock(make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A uv.lock gives its pins with hashes, without the project itself and its dev group, and is exported once."""
    entry = make_entry({"pyproject.toml": UV_PROJECT, "a.py": ""})
    make(["lock", "--quiet", "--python", sys.executable], entry)
    found = read(entry, store)
    assert (found.origin, found.has_lock_file, found.notes) == ("uv.lock", True, ())
    (six,) = found.lines
    assert (six.name, six.version) == ("six", "1.16.0")
    assert SIX_HASH in six.hashes
    done = build(entry, X86, store=store)
    assert done.pins == ("six==1.16.0",)
    assert [name for name in done.contents.files if name.endswith((".lock", ".toml"))] == []

    def closed(command: object, **_: object) -> subprocess.CompletedProcess[str]:
        message = f"nothing may be started, and this was: {command}"
        raise AssertionError(message)

    monkeypatch.setattr(host, "run", closed)
    assert build(entry, X86, store=store).from_cache
    recalled = recall(entry, X86, store=store)
    assert recalled is not None
    assert recalled.digest == done.digest


LOCK_OF_PYPI = f"""\
version = 1
requires-python = ">=3.10"
[[package]]
name = "app"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}]
[package.metadata]
requires-dist = [{{ name = "six", specifier = "==1.16.0" }}]
[[package]]
name = "six"
version = "1.16.0"
source = {{ registry = "{PYPI}" }}
wheels = [{{ url = "https://files.example/six-1.16.0-py2.py3-none-any.whl", hash = "{SIX_HASH}" }}]
"""


@pytest.mark.parametrize(
    ("settings", "is_by_address"),
    [
        ("", False),
        ('[pip]\nextra-index-url = ["https://more.example/simple"]', True),
        ('[pip]\nfind-links = ["https://more.example"]', True),
        ('[pip]\nindex-url = "https://mirror.example/simple"', False),
        ('[[index]]\nname = "more"\nurl = "https://more.example/simple"', True),
        ('[[index]]\nname = "more"\nurl = "https://more.example/simple"\nexplicit = true', False),
    ],
)
def test_uv_lock_with_further_indexes(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch, *, settings: str, is_by_address: bool
) -> None:
    """Files of PyPI are installed by their addresses where another index may have the same version."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    project = PROJECT.replace("DEPENDENCIES", '"six==1.16.0"')
    entry = make_entry({"pyproject.toml": project, "uv.lock": LOCK_OF_PYPI, "uv.toml": settings})
    (six,) = read(entry, store).lines
    assert six.version == "1.16.0"
    assert ("https://files.example/" in six.text) == is_by_address


def test_uv_lock_of_a_newer_python(make_entry: MakeEntry, store: LocalStore) -> None:
    """A project for a Python that this machine does not have is exported all the same."""
    text = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.14"\ndependencies = ["lib"]\n'
    entry = make_entry({"pyproject.toml": text, "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.14"\n'})
    (entry / "uv.lock").write_text(
        (entry / "uv.lock").read_text(encoding="utf-8")
        + '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n'
        + 'dependencies = [{ name = "lib" }]\n[package.metadata]\nrequires-dist = [{ name = "lib" }]\n'
        + '[[package]]\nname = "lib"\nversion = "1"\nsource = { path = "lib-1-py3-none-any.whl" }\n'
        + f'wheels = [{{ filename = "lib-1-py3-none-any.whl", hash = "{SIX_HASH}" }}]\n',
        encoding="utf-8",
    )
    (entry / "lib-1-py3-none-any.whl").touch()
    found = read_requirements(Job(entry, Target("3.14", "x86_64"), BuildOptions(), store))
    assert [one.name for one in found.lines] == ["lib"]


def test_uv_lock_without_its_project(make_entry: MakeEntry, store: LocalStore) -> None:
    """A uv.lock alone says nothing, and the missing file is named."""
    with pytest.raises(EntryError, match=r"needs the pyproject\.toml"):
        read(make_entry({"uv.lock": "version = 1"}), store)


def test_damaged_uv_lock(make_entry: MakeEntry, store: LocalStore) -> None:
    """A uv.lock that is no TOML is reported by its line."""
    entry = make_entry({"uv.lock": 'version = 1\nrequires-python = ">=3.9"\noops\n', "pyproject.toml": UV_PROJECT})
    with pytest.raises(EntryError, match=r"uv\.lock.* cannot be read: .*line 3"):
        read(entry, store)


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


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_source_for_some_platforms(make_entry: MakeEntry, store: LocalStore, indexes: str, platform: str) -> None:
    """A single source that counts on some platforms only is not stale on any."""
    entry = make_entry({})
    write_wheel(entry / "wheels", "beta", {"beta.py": "index = 'file'\n"})
    source = f"{{ path = 'wheels/beta-1.0-py3-none-any.whl', marker = \"sys_platform == '{platform}'\" }}"
    lock(entry, indexes, '"beta"', f"[tool.uv.sources]\nbeta = {source}\n")
    assert origins(written(build(entry, X86, store=store)), "beta") == ["file" if platform == "linux" else "main"]


def test_lock_for_other_pythons(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A uv.lock excludes what its project excludes, judged at the newest patch release."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"')
    with pytest.raises(DependencyError, match=r"nothing for Python 3\.9 on x86_64: it is locked for Python >=3\.10"):
        pins_for(entry, Target("3.9", "x86_64"), store=store)
    edit(entry / "pyproject.toml", ">=3.10", ">=3.11.7")
    edit(entry / "uv.lock", ">=3.10", ">=3.11.7")
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
    marked = '{{ name = "beta", marker = "{}" }}'.format
    edit(entry / "uv.lock", marked("python_full_version >= '3.11'"), marked("sys_platform == 'win32'"))
    with pytest.raises(DependencyError, match=r"has 'beta' for other targets only, and needy 1\.0"):
        build(entry, X86, store=store)
    assert build(entry, X86, BuildOptions(prefix="", provided={"beta": "1.0"}), store=store).pins


def test_override_leaves_out_on_purpose(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A distribution that the user's own override excludes for the target is not missed."""
    entry = make_entry({})
    lock(entry, indexes, '"needy==1.0"', "[tool.uv]\noverride-dependencies = [\"beta; sys_platform == 'win32'\"]\n")
    assert build(entry, X86, store=store).pins == ("alpha==2.0", "needy==1.0")


def test_version_of_uv_that_a_project_requires(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """Where a project wants another uv, that is the reason, and not a damaged lock file."""
    entry = make_entry({})
    lock(entry, indexes, '"alpha==1.0"')
    edit(entry / "pyproject.toml", "[[tool.uv.index]]", '[tool.uv]\nrequired-version = "<0.1"\n[[tool.uv.index]]')
    with pytest.raises(EntryError, match=r"Required uv version `<0\.1`.* required-version") as caught:
        pins_for(entry, X86, store=store)
    assert "uv lock" not in str(caught.value)


@pytest.mark.parametrize("place", ["a", "functions/a", "functions/deep/a"])
def test_source_that_a_checkout_leaves_out(make_entry: MakeEntry, store: LocalStore, place: str) -> None:
    """A sparse checkout or a container may lack a member that the lock file names: the error says where it belongs."""
    workspace = f'[tool.uv.workspace]\nmembers = ["{place}", "libs/*"]\n'
    sources = "[tool.uv.sources]\nlib = { workspace = true }\n"
    root = make_entry(
        {
            "pyproject.toml": workspace,
            f"{place}/pyproject.toml": PROJECT.replace("DEPENDENCIES", '"lib"') + sources,
        }
    )
    write_project(root / "libs" / "lib", "lib")
    make(["lock", "--quiet", "--offline", "--no-cache", "--python", sys.executable], root)
    shutil.rmtree(root / "libs")
    options = BuildOptions(allow_source_builds=("lib",))
    with pytest.raises(EntryError, match=r"no such file or folder .*Add it") as caught:
        read(root / place, store, options)
    assert f"({root / 'libs' / 'lib'})" in str(caught.value)
