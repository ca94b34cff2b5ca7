"""Bytecode that is compiled when an archive is built."""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
import sys
from dataclasses import replace
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.building.archives.members import collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.bytecode import compile as compiling
from cdk_layers.building.bytecode.compile import compile_sources
from cdk_layers.building.bytecode.key import bytecode_facts
from cdk_layers.building.bytecode.names import bytecode_name, importable, source_of
from cdk_layers.building.bytecode.sources import ArchiveSource
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.magic_numbers import MAGIC_NUMBERS
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HERE: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_UNCHECKED: Final = 1
"""The flags of `unchecked-hash`. Source: PEP 552."""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Return a build for the Python of this process, which every machine has."""
    return Job(tmp_path, Target(_HERE, "x86_64"), BuildOptions(), LocalStore(tmp_path / "store"))


def _archive(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    archive = folder / "archive.zip"
    write_archive(archive, collect(folder / "tree"))
    return archive


def _code(content: bytes) -> CodeType:
    code = marshal.loads(content[16:])  # noqa: S302 - made by this test
    assert isinstance(code, CodeType)
    return code


def test_modules_become_unchecked_bytecode(tmp_path: Path, job: Job) -> None:
    """Modules get valid bytecode with the deployed path; templates, programs and other versions' sources stay sources.

    Nothing is imported: a module that would write a file when it is run leaves none.
    """
    marker = tmp_path / "was-run"
    package = _archive(tmp_path / "package", {
        "pkg/__init__.py": b"def f():\n    return {'a', 'b', 'c'}\n",
        "pkg/runs.py": f"open({str(marker)!r}, 'w').write('x')\n".encode(),
        "pkg/two.py": b"print 'two'\n",
        "pkg/zero.py": b"x = 1\x00\n",
        "pkg/latin.py": b"# coding: latin-1\nx = '\xe9'\n",
        "pkg/{{ app.name }}/main.py": b"x = 1\n",
        "pkg/0001_initial.py": b"assert 1, 'kept'\n",
        "bin/tool.py": b"x = 1\n",
        "pkg/data.txt": b"x",
    })  # fmt: skip
    own = _archive(tmp_path / "own", {"python/mine.py": b"x = 1\n", "lib/other.py": b"x = 1\n"})
    out = tmp_path / "out"

    of_package, of_own = compile_sources([ArchiveSource(package, "/opt/python"), ArchiveSource(own, "/opt")], out, job)

    assert set(of_package.failed) == {"pkg/two.py", "pkg/zero.py"}
    assert "line 1: Missing parentheses in call to 'print'" in of_package.failed["pkg/two.py"]
    assert "null bytes" in of_package.failed["pkg/zero.py"]
    assert not of_own.failed
    names = {path.relative_to(of_package.tree).as_posix() for path in of_package.tree.rglob("*.*")}
    compiled = ["pkg/0001_initial.py", "pkg/__init__.py", "pkg/latin.py", "pkg/runs.py"]
    assert names == {bytecode_name(name, _HERE) for name in compiled}
    content = (of_package.tree / bytecode_name("pkg/__init__.py", _HERE)).read_bytes()
    source = (tmp_path / "package/tree/pkg/__init__.py").read_bytes()
    assert content[:16] == (
        importlib.util.MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(source)
    )
    assert _code(content).co_filename == "/opt/python/pkg/__init__.py"
    mine = of_own.tree / bytecode_name("python/mine.py", _HERE)
    assert _code(mine.read_bytes()).co_filename == "/opt/python/mine.py"
    assert [path.name for path in of_own.tree.rglob("*.pyc")] == [mine.name]
    asserts = _code((of_package.tree / bytecode_name("pkg/0001_initial.py", _HERE)).read_bytes())
    assert "kept" in asserts.co_consts, "optimization level 0 keeps asserts"
    assert not marker.exists()


def test_bytes_depend_on_the_sources_alone(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other batches, folders, hash seeds and variables of Python make the same bytes; none of these is even read."""
    shadows = tmp_path / "shadows"
    shadows.mkdir()
    for name in ("json.py", "sitecustomize.py", "usercustomize.py", "zipfile.py"):
        (shadows / name).write_text("raise SystemExit('imported')\n")
    files = {f"m{number}.py": f"x = 'a{number}' in {{'a', 'b', 'c', 'd'}}\ny = 'x'\n".encode() for number in range(9)}
    archive = _archive(tmp_path / "package", files)
    made = []
    monkeypatch.setattr(compiling, "_WORTH_A_PROCESS", 1)
    for number, seed in ((1, "1"), (4, "2")):
        monkeypatch.setattr(os, "cpu_count", lambda number=number: number)
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("PYTHONPATH", str(shadows))
        monkeypatch.setenv("PYTHONOPTIMIZE", "2")
        monkeypatch.chdir(shadows)
        (done,) = compile_sources([ArchiveSource(archive, "/var/task")], tmp_path / f"out-{number}", job)
        made.append({path.name: path.read_bytes() for path in done.tree.rglob("*.pyc")})
    assert len(made[0]) == len(files)
    assert made[0] == made[1]


def test_a_module_that_ends_the_interpreter(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays a source like one that does not compile, and the modules after it are compiled."""
    archive = _archive(tmp_path / "package", {"a.py": b"xxx = 1\n", "b.py": b"xx = 1\n", "c.py": b"x = 1\n"})
    run, number = host.run, 0

    def crash_at_the_second(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        nonlocal number
        number += 1
        done = run(command, **options)
        return replace_result(done) if number == 1 else done

    def replace_result(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(done.args, -11, "".join(done.stdout.splitlines(keepends=True)[:1]), "")

    monkeypatch.setattr(host, "run", crash_at_the_second)
    (done,) = compile_sources([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)
    assert done.failed == {"b.py": "it ends the interpreter"}
    assert number == len(["crashed", "resumed"])


def test_tests_that_no_module_imports(tmp_path: Path, job: Job) -> None:
    """They stay sources, as does conftest.py: compiling them takes longer than all else. Imported ones are modules."""
    archive = _archive(tmp_path / "package", {
        "pkg/__init__.py": b"",
        "pkg/conftest.py": b"",
        "pkg/tests/__init__.py": b"",
        "pkg/tests/test_a.py": b"",
        "pkg/test/__init__.py": b"x = 1\n",
        "other/__init__.py": b"from other.tests import test_b\n",
        "other/tests/test_b.py": b"from other.tests import test_c\n",
        "other/tests/test_c.py": b"",
        "other/tests/helpers.py": b"",
    })  # fmt: skip
    (done,) = compile_sources([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)
    assert not done.failed
    names = [
        "other/__init__.py",
        "other/tests/helpers.py",
        "other/tests/test_b.py",
        "pkg/__init__.py",
        "pkg/test/__init__.py",
    ]
    found = {path.relative_to(done.tree).as_posix() for path in done.tree.rglob("*.pyc")}
    assert found == {bytecode_name(name, _HERE) for name in names}


def test_a_damaged_archive(tmp_path: Path, job: Job) -> None:
    """Bytes that are not those of the directory are never compiled."""
    archive = _archive(tmp_path / "package", {"a.py": b"x = 1\n"})
    archive.write_bytes(archive.read_bytes().replace(b"x = 1", b"x = 2"))
    with pytest.raises(BuildError, match="is damaged at"):
        compile_sources([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)


def test_no_interpreter_of_the_version(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer never silently lacks bytecode: the error has the command that installs the interpreter."""
    monkeypatch.setattr(compiling, "find_python", lambda *_: None)
    with pytest.raises(BuildError, match=r"Install it, uv python install 3\.13, or build with bytecode=False\."):
        compile_sources([], tmp_path, replace(job, target=Target("3.13", "x86_64")))


def test_another_bytecode_than_that_of_the_releases(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alpha version, or another implementation, is refused by its magic number."""
    monkeypatch.setattr(compiling, "MAGIC_NUMBERS", {_HERE: 1})
    archive = _archive(tmp_path / "package", {"a.py": b"x = 1\n"})
    with pytest.raises(BuildError, match=f"cannot compile for Python {_HERE}: cpython with magic number"):
        compile_sources([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)


@pytest.mark.parametrize(
    ("source", "root", "expected"),
    [
        ("pkg/mod.py", "/opt/python", True),
        ("mod.py", "/var/task", True),
        ("python/mod.py", "/opt", True),
        ("mod.py", "/opt", False),
        ("lib/python3.13/site-packages/pkg/mod.py", "/opt/python", True),
        ("lib/python3.12/site-packages/pkg/mod.py", "/opt/python", False),
        ("python/lib/python3.13/site-packages/mod.py", "/opt", True),
        ("lib/python3.13/site-packages/mod.py", "/var/task", False),
        ("bin/tool.py", "/opt/python", False),
        ("pkg/with-dash.py", "/opt/python", True),
        ("a.b/mod.py", "/opt/python", False),
        ("pkg/mod.pyi", "/opt/python", False),
        ("bin/tool", "/opt/python", False),
        (f"{'n' * 239}.py", "/opt/python", True),
        (f"{'n' * 240}.py", "/opt/python", False),
    ],
)
def test_which_files_are_modules(source: str, root: str, *, expected: bool) -> None:
    """Only what Python finds on its search path is compiled, at whatever place an archive is deployed."""
    assert list(importable([source], root, "3.13")) == ([source] if expected else [])
    if expected:
        assert source_of(bytecode_name(source, "3.13")) == source


def test_a_package_of_programs_is_a_package() -> None:
    """A folder `bin` with an `__init__.py` is imported, unlike the folder that installers put programs into."""
    assert len(list(importable(["bin/__init__.py", "bin/tool.py"], "/var/task", "3.13"))) == len(["both", "files"])


@pytest.mark.parametrize("name", ["mod.py", "mod.pyc", "pkg/mod.cpython-313.pyc", "__pycache__/mod.py", "pkg/data"])
def test_files_that_are_no_bytecode_of_a_source(name: str) -> None:
    """Only the names that Python itself gives in `__pycache__` belong to a source."""
    assert source_of(name) is None


def test_the_magic_number_of_this_python() -> None:
    """The table, which keys are made from without an interpreter, has the number of the Python that runs this."""
    assert MAGIC_NUMBERS[_HERE] == int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    assert bytecode_facts(Target("3.13", "x86_64")) != bytecode_facts(Target("3.12", "x86_64"))
    assert bytecode_facts(Target("3.13", "x86_64")) == bytecode_facts(Target("3.13", "arm64"))
