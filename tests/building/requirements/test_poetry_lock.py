"""Requirements of poetry.lock."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.requirements import exports
from cdk_layers.building.requirements.exports import POETRY
from cdk_layers.building.requirements.lock_checks import poetry_admits
from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from tests.building.archives_of_builds import written
from tests.building.requirements.locks import (
    SIX_HASH,
    X86,
    origins,
    read,
    rules_and_messages,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

POETRY_PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.9"
dependencies = ["six (==1.16.0)"]
[tool.poetry]
package-mode = false
"""
POETRY_LOCK = f"""\
[[package]]
name = "six"
version = "1.16.0"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = [{{file = "six-1.16.0-py2.py3-none-any.whl", hash = "{SIX_HASH}"}}]

[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "CONTENT-HASH"
"""
CONTENT_HASH = """\
import pathlib
from poetry.core.utils._compat import tomllib
from poetry.packages.locker import Locker
folder = pathlib.Path.cwd()
print(Locker(folder / "poetry.lock", tomllib.loads((folder / "pyproject.toml").read_text()))._get_content_hash())
"""
PLUGIN_PROJECT = (
    POETRY_PROJECT.replace('"]', '", "alpha[x] (==1.0)"]')
    + """
requires-poetry = "<2.1"
[tool.poetry.requires-plugins]
no-such-plugin-anywhere = ">1"
[tool.poetry.dependencies]
mylib = {path = "../lib"}
"""
)
PATH_LOCK = POETRY_LOCK.replace(
    "[metadata]",
    """\
[[package]]
name = "mylib"
version = "1.0"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = []
develop = false

[package.source]
type = "directory"
url = "../lib"

[[package]]
name = "alpha"
version = "1.0"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = []

[package.dependencies]
Beta = {version = ">=1,<1.5 || >1.5", optional = true, markers = 'extra == "x"'}

[package.extras]
x = ["Beta (>=1,!=1.5)"]

[[package]]
name = "beta"
version = "2.0"
description = ""
optional = true
python-versions = "*"
groups = ["main"]
files = []

[metadata]""",
)


def test_poetry_lock(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """A poetry.lock is exported by poetry, with hashes unless the user asks for none; a stale one is refused.

    Plugins that an entry contains or requires are not run by an export, and the version of Poetry that it requires is
    not compared with the one that exports; what it names by relative paths is found. A lock file of Poetry 1
    (2.0) contains no groups, so Poetry finds what an extra requires by comparing requirements.
    """
    info = ".poetry/plugins/evil-1.0.dist-info"
    files = {
        "pyproject.toml": PLUGIN_PROJECT,
        "poetry.lock": PATH_LOCK,
        "uv.lock": "",
        ".poetry/plugins/evil.py": f"open({str(tmp_path / 'trace')!r}, 'w').close()\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        f"{info}/entry_points.txt": "[poetry.application.plugin]\nevil = evil:Evil\n",
    }
    entry = make_entry(files)
    make_entry({"pyproject.toml": '[project]\nname = "mylib"\nversion = "1.0"\n', "mylib.py": ""}, "lib")
    tool = ["tool", "run", "--quiet", "--python", sys.executable, "--from", POETRY[0], "python", "-c", CONTENT_HASH]
    found = process.run(tool, cwd=entry, extra={})
    if process.is_unreachable(found.stderr):
        pytest.skip(f"poetry cannot be installed here: {found.stderr[-300:]}")
    assert found.returncode == 0, found.stderr
    options = BuildOptions(allow_source_builds=("mylib",))
    with pytest.raises(EntryError, match=r"poetry\.lock cannot be exported .*changed significantly"):
        read(entry, store, options)
    lock = PATH_LOCK.replace("CONTENT-HASH", found.stdout.strip())
    (entry / "poetry.lock").write_text(lock, encoding="utf-8")
    plain = read(entry, store, options)
    assert rules_and_messages(plain) == [("ignored-manifest", "uv.lock")]
    assert {line.name: (line.version, line.hashes, line.local) for line in plain.lines} == {
        "alpha": ("1.0", (), None),
        "beta": ("2.0", (), None),
        "mylib": (None, (), tmp_path / "lib"),
        "six": ("1.16.0", (SIX_HASH,), None),
    }
    (entry / "poetry.lock").write_text(lock.replace('"2.1"', '"2.0"'), encoding="utf-8")
    unhashed = read(entry, store, replace(options, poetry_include_hashes=False))
    assert {line.name: line.hashes for line in unhashed.lines} == {"alpha": (), "beta": (), "six": ()}
    assert not (tmp_path / "trace").exists()
    assert {path.name for path in entry.iterdir()} == {".poetry", "poetry.lock", "pyproject.toml", "uv.lock"}


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


OPS_PROJECT = """\
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
    files = {
        "pyproject.toml": OPS_PROJECT,
        "poetry.lock": '[metadata]\nlock-version = "2.1"\npython-versions = "^3.12"\n',
    }
    with pytest.raises((EntryError, DependencyError), match=re.escape(message)):
        pins_for(make_entry(files), target, options, store=store)


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
    entry = make_entry({"pyproject.toml": OPS_PROJECT, "poetry.lock": f'{lock}[metadata]\npython-versions = "*"\n'})
    assert origins(written(build(entry, X86, store=store)), "alpha", "beta") == ["main", "private"]
