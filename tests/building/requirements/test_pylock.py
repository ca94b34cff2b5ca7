"""Requirements of pylock.toml."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.errors import DependencyError, EntryError, StaleLockError
from cdk_layers.lambda_service.target import Target
from tests.building.distributions import write_wheel
from tests.building.requirements.locks import (
    PROJECT,
    X86,
    edit,
    make,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

PYLOCK_OF_TARGETS = """\
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.12"
[[packages]]
name = "demo"
version = "1.0"
[[packages.wheels]]
path = "demo-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"
hashes = { sha256 = "00" }
[[packages]]
name = "other"
version = "2"
marker = "platform_machine == 'aarch64'"
[[packages.wheels]]
path = "other-2-py3-none-any.whl"
hashes = { sha256 = "00" }
"""


def test_pylock(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pylock.toml gives what suits the target, whatever Python runs here; its own wheels stay out of the archive."""
    wheel = "demo-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    found = read(make_entry({"pylock.toml": PYLOCK_OF_TARGETS, wheel: ""}), store)
    (demo,) = found.lines
    assert (found.origin, demo.name, demo.hashes) == ("pylock.toml", "demo", ("sha256:00",))
    assert [path.name for path in found.paths] == [wheel]


def test_pylock_without_the_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pylock.toml that has nothing for the target is refused."""
    entry = make_entry({"pylock.toml": PYLOCK_OF_TARGETS})
    with pytest.raises(DependencyError, match=r"pylock\.toml has nothing for Python 3\.11 on x86_64"):
        read_requirements(Job(entry, Target("3.11", "x86_64"), BuildOptions(), store))


@pytest.mark.parametrize("path", ["repo", "./repo/", "../beside"])
def test_repository_on_this_machine(make_entry: MakeEntry, store: LocalStore, path: str) -> None:
    """The path of a repository in a pylock.toml is relative to it."""
    packages = f"[[packages]]\nname = 'demo'\nvcs = {{ type = 'git', path = '{path}', commit-id = '{'a' * 40}' }}\n"
    entry = make_entry({"pylock.toml": f"lock-version = '1.0'\ncreated-by = 'hand'\n{packages}"})
    (demo,) = read(entry, store, BuildOptions(allow_source_builds=("demo",))).lines
    assert demo.text == f"demo @ git+{(entry / path).resolve().as_uri()}@{'a' * 40}"


@pytest.mark.parametrize("text", ["oops", 'lock-version = "1.0"'])
def test_damaged_pylock(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A pylock.toml that is no TOML, or no lock file, is refused by name."""
    with pytest.raises(EntryError, match=r"pylock\.toml is not a valid lock file"):
        read(make_entry({"pylock.toml": text}), store)


def test_pylock_of_uv(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pylock.toml that uv made is installed."""
    entry = make_entry({"in.txt": "six==1.16.0\n"})
    make(["pip", "compile", "-q", "in.txt", "-o", "pylock.toml", "--python", sys.executable], entry)
    assert build(entry, X86, store=store).pins == ("six==1.16.0",)


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
    assert ([one.name for one in found.lines], found.notes) == (names, ())


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
    ("dependencies", "settings"),
    [
        ('"alpha>=2"', '[tool.uv]\noverride-dependencies = ["alpha==1.0"]\n'),
        ('"alpha", "six"', "[tool.uv]\noverride-dependencies = [\"Six ; sys_platform == 'win32'\"]\n"),
        ('"alpha", "six"', '[tool.uv]\nexclude-dependencies = ["six"]\n'),
        ('"alpha>=2"', '[tool.pdm.resolution.overrides]\nalpha = "1.0"\n'),
        ('"alpha", "six"', '[tool.pdm.resolution]\nexcludes = ["six"]\n'),
        ('"alpha", "App[web]"', ""),
    ],
)
def test_requirements_that_a_project_changes(pylock: Path, store: LocalStore, dependencies: str, settings: str) -> None:
    """A lock file differs from requirements that settings of its tool change, and is not stale. Others still count."""
    project = pylock / "pyproject.toml"
    expected = pins_for(pylock, X86, store=store)
    edit(project, '"alpha>=1"', dependencies)
    project.write_text(project.read_text(encoding="utf-8") + settings, encoding="utf-8")
    assert pins_for(pylock, X86, store=store) == expected
    edit(project, "\ndependencies = [", '\ndependencies = ["certifi", ')
    with pytest.raises(StaleLockError, match="it lacks 'certifi'"):
        pins_for(pylock, X86, store=store)


def test_byte_order_marks(pylock: Path, store: LocalStore) -> None:
    """Files that an editor on Windows saved with a byte order mark are read, and compared, as without one."""
    expected = pins_for(pylock, X86, store=store)
    for path in (pylock / "pylock.toml", pylock / "pyproject.toml"):
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert pins_for(pylock, X86, store=store) == expected
    edit(pylock / "pyproject.toml", '"alpha>=1"', '"alpha>=2"')
    with pytest.raises(StaleLockError, match=r"it has alpha 1\.0"):
        pins_for(pylock, X86, store=store)


@pytest.mark.parametrize(
    "head",
    [
        "# uv export --only-group ops -o pylock.toml\n",
        "# uv export --no-emit-package six -o pylock.toml\n",
        "# uv export --prune six -o pylock.toml\n",
        "# uv pip compile requirements.in -o pylock.toml\n",
        "# uv pip compile pyproject.toml --override overrides.txt -o pylock.toml\n",
    ],
)
def test_pylock_that_was_made_from_something_else(pylock: Path, store: LocalStore, head: str) -> None:
    """A pylock.toml of one group, or of another file, is not compared with the project."""
    edit(pylock / "pyproject.toml", '"alpha>=1"', "\"six; sys_platform == 'linux'\"")
    edit(pylock / "pylock.toml", 'lock-version = "1.0"', f'{head}lock-version = "1.0"')
    assert pins_for(pylock, X86, store=store) == ("alpha==1.0",)


def test_pylock_of_pip(pylock: Path, store: LocalStore) -> None:
    """A pylock.toml of `pip lock .` contains the project, and is compared; one of `pip lock --group` is not."""
    edit(pylock / "pyproject.toml", '"alpha>=1"', '"six"')
    edit(pylock / "pylock.toml", 'created-by = "hand"', 'created-by = "pip"')
    assert pins_for(pylock, X86, store=store) == ("alpha==1.0",)
    with (pylock / "pylock.toml").open("a", encoding="utf-8") as lock:
        lock.write('[[packages]]\nname = "app"\ndirectory = { path = "." }\n')
    allowed = BuildOptions(allow_source_builds=("app",))
    with pytest.raises(StaleLockError, match=r"it lacks 'six'.*'pip lock \.'"):
        pins_for(pylock, X86, allowed, store=store)


def test_pylock_and_markers_of_the_project(pylock: Path, store: LocalStore) -> None:
    """What the project asks for on other targets need not be in a pylock.toml."""
    edit(pylock / "pyproject.toml", '"alpha>=1"', '"alpha", "six; sys_platform == \'win32\'"')
    assert pins_for(pylock, X86, store=store) == ("alpha==1.0",)
