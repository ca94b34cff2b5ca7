"""Bytecode that is compiled when an archive is built."""

from __future__ import annotations

import importlib.util
import marshal
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.building.archives.hashing import piece_batches, read
from cdk_layers.building.archives.members import collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.bytecode import compile as compile_module
from cdk_layers.building.bytecode import servers
from cdk_layers.building.bytecode.compile import Compiled, compiling
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
from tests.pythons import require_python

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence

    from cdk_layers.building.bytecode.sources import Source

_HERE: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_UNCHECKED: Final = 1
"""The flags of `unchecked-hash`. Source: PEP 552."""

_ENDING: Final = """\
import builtins, os, signal
real = builtins.compile
def ending(source, *rest, **options):
    if source == b"xx = 1\\n" and not os.path.exists({once!r}):
        open({once!r} or os.devnull, "w").close()
        os.kill(os.getpid(), signal.{signal})
    return real(source, *rest, **options)
builtins.compile = ending
exec(real(open({server!r}).read(), "server.py", "exec"))
"""
"""A server that one module ends."""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Return a build for the Python of this process, which every machine has."""
    return Job(tmp_path, Target(_HERE, "x86_64"), BuildOptions(), LocalStore(tmp_path / "store"))


def _compiled(sources: Sequence[Source], folder: Path, job: Job) -> list[Compiled]:
    """Return the bytecode of each source."""
    with compiling(sources, folder, job) as running:
        results = dict(running)
    return [results[number] for number in range(len(sources))]


def _archive(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    archive = folder / "archive.zip"
    write_archive(archive, collect(folder / "tree"))
    return archive


def _bytes(compiled: Compiled) -> dict[str, bytes]:
    """Return the .pyc files by their names."""
    return {member.name: read(piece) for member in compiled.members for (piece,) in piece_batches([member])}


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
        "pkg/0001_initial.py": b"assert __name__, 'kept'\n",
        "bin/tool.py": b"x = 1\n",
        "pkg/data.txt": b"x",
    })  # fmt: skip
    own = _archive(tmp_path / "own", {"python/mine.py": b"x = 1\n", "lib/other.py": b"x = 1\n"})
    out = tmp_path / "out"

    of_package, of_own = _compiled([ArchiveSource(package, "/opt/python"), ArchiveSource(own, "/opt")], out, job)

    assert set(of_package.failed) == {"pkg/two.py", "pkg/zero.py"}
    assert "line 1: Missing parentheses in call to 'print'" in of_package.failed["pkg/two.py"]
    assert "null bytes" in of_package.failed["pkg/zero.py"]
    assert not of_own.failed
    made = _bytes(of_package)
    compiled = ["pkg/0001_initial.py", "pkg/__init__.py", "pkg/latin.py", "pkg/runs.py"]
    assert made.keys() == {bytecode_name(name, _HERE) for name in compiled}
    content = made[bytecode_name("pkg/__init__.py", _HERE)]
    source = (tmp_path / "package/tree/pkg/__init__.py").read_bytes()
    assert content[:16] == (
        importlib.util.MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(source)
    )
    assert _code(content).co_filename == "/opt/python/pkg/__init__.py"
    ((name, mine),) = _bytes(of_own).items()
    assert (name, _code(mine).co_filename) == (bytecode_name("python/mine.py", _HERE), "/opt/python/mine.py")
    asserts = _code(made[bytecode_name("pkg/0001_initial.py", _HERE)])
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
    monkeypatch.setattr(compile_module, "_WORTH_A_PROCESS", 1)
    for number, seed in ((1, "1"), (4, "2")):
        monkeypatch.setattr(os, "cpu_count", lambda number=number: number)
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("PYTHONPATH", str(shadows))
        monkeypatch.setenv("PYTHONOPTIMIZE", "2")
        monkeypatch.chdir(shadows)
        (done,) = _compiled([ArchiveSource(archive, "/var/task")], tmp_path / f"out-{number}", job)
        made.append(_bytes(done))
    assert len(made[0]) == len(files)
    assert made[0] == made[1]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_bytes_do_not_depend_on_modules_compiled_before(tmp_path: Path, job: Job, version: str) -> None:
    """Equal sets of two functions are one object or two objects, by what other modules of the same process contain."""
    require_python(version, job.store)
    job = replace(job, target=Target(version, "x86_64"))
    names = b"alpha_one = beta_two = 1\n"
    function = b"def f(x):\n    return %d if x in {'alpha_one', 'beta_two'} else 0\n"
    sets = function % 1 + function % 2
    first, alone = ({"a.py": names * 9, "b.py": sets}, {"b.py": sets})
    made = []
    for folder, files in ((tmp_path / "first", first), (tmp_path / "alone", alone)):
        (done,) = _compiled([ArchiveSource(_archive(folder, files), "/var/task")], folder / "out", job)
        made.append(_bytes(done)[bytecode_name("b.py", version)])
    assert made[0] == made[1]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_modules_that_are_nested_too_deeply(tmp_path: Path, job: Job, version: str) -> None:
    """Parsers and compilers have limits of their own. One such module, as in tests of parsers, ends no build."""
    require_python(version, job.store)
    archive = _archive(tmp_path / "package", {
        "chain.py": b"x" + b".y" * 100_000, "signs.py": b"-" * 100_000 + b"1", "zero.py": b"x = 1\x00\n", "z.py": b"",
    })  # fmt: skip
    job = replace(job, target=Target(version, "x86_64"))
    (done,) = _compiled([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)
    assert list(done.failed) == ["chain.py", "signs.py", "zero.py"]
    assert all(done.failed.values())
    assert _bytes(done).keys() == {bytecode_name("z.py", version)}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ArchiveSource]:
    """Return a function that makes a package, and a signal end the process that compiles its module b."""
    if os.name == "nt":
        pytest.skip("no process of Windows is ended by a signal")

    def make(number: signal.Signals, *, is_once: bool) -> ArchiveSource:
        once = str(tmp_path / "once") if is_once else ""
        ending = tmp_path / "server.py"
        ending.write_text(_ENDING.format(server=str(servers._SERVER), signal=number.name, once=once), encoding="utf-8")
        monkeypatch.setattr(servers, "_SERVER", ending)
        archive = _archive(tmp_path / "package", {"a.py": b"xxx = 1\n", "b.py": b"xx = 1\n", "c.py": b"x = 1\n"})
        return ArchiveSource(archive, "/opt/python")

    return make


def test_a_module_that_ends_the_interpreter(tmp_path: Path, job: Job, package: Callable[..., ArchiveSource]) -> None:
    """It stays a source like one that does not compile, and the modules after it are compiled."""
    (done,) = _compiled([package(signal.SIGSEGV, is_once=False)], tmp_path / "out", job)
    assert done.failed == {"b.py": "it ends the interpreter"}
    assert {name: _code(content).co_names for name, content in _bytes(done).items()} == {
        bytecode_name("a.py", _HERE): ("xxx",), bytecode_name("c.py", _HERE): ("x",),
    }  # fmt: skip


@pytest.mark.parametrize(("version", "batch"), [("3.10", 1), ("3.10", 1000), (_HERE, 1), (_HERE, 1000)])
def test_a_process_that_is_ended_from_outside(  # noqa: PLR0917
    tmp_path: Path,
    job: Job,
    package: Callable[..., ArchiveSource],
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    batch: int,
) -> None:
    """No module is left out of the archive, and of the store, because the system was short of memory for a moment."""
    require_python(version, job.store)
    monkeypatch.setattr(compile_module, "_BATCH_BYTES", batch)
    job = replace(job, target=Target(version, "x86_64"))
    (done,) = _compiled([package(signal.SIGKILL, is_once=True)], tmp_path / "out", job)
    assert (tmp_path / "once").exists()
    assert not done.failed
    (again,) = _compiled([ArchiveSource(tmp_path / "package/archive.zip", "/opt/python")], tmp_path / "2", job)
    assert len(_bytes(done)) == 3
    assert _bytes(done) == _bytes(again)


@pytest.mark.parametrize("version", ["3.10", _HERE])
def test_processes_that_are_always_ended_from_outside(
    tmp_path: Path, job: Job, package: Callable[..., ArchiveSource], version: str
) -> None:
    """A build fails then, since a machine with more memory would make another archive."""
    require_python(version, job.store)
    job = replace(job, target=Target(version, "x86_64"))
    with pytest.raises(BuildError, match=r"Signal 9 ended .* twice while it compiled 'b\.py'\. If .* memory"):
        _compiled([package(signal.SIGKILL, is_once=False)], tmp_path / "out", job)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_process_ends_while_a_fork_lives(tmp_path: Path) -> None:
    """A fork of this process, such as a worker of multiprocessing, keeps the pipes of all other processes open."""
    server = servers.Server.start(Path(sys.executable), _HERE, tmp_path / "server")
    process = os.fork()
    if not process:
        signal.pause()
    try:
        server.close()
        assert server.process.returncode == 0
        assert os.waitpid(process, os.WNOHANG) == (0, 0)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def test_no_module_is_compiled_after_an_error(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the build fails meanwhile, it does not wait for the rest, and no process is left."""
    started: list[subprocess.Popen[bytes]] = []
    start = host.start

    def remember(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(host, "start", remember)
    monkeypatch.setattr(compile_module, "_BATCH_BYTES", 1)
    archive = _archive(tmp_path / "package", {f"m{number}.py": b"x = 1\n" * 999 for number in range(99)})
    message = "the disk is full"
    with (
        pytest.raises(BuildError, match=message),
        compiling([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job),
    ):
        raise BuildError(message)
    assert all(process.returncode is not None for process in started)


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
    (done,) = _compiled([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)
    assert not done.failed
    names = [
        "other/__init__.py",
        "other/tests/helpers.py",
        "other/tests/test_b.py",
        "pkg/__init__.py",
        "pkg/test/__init__.py",
    ]
    assert _bytes(done).keys() == {bytecode_name(name, _HERE) for name in names}


def test_a_damaged_archive(tmp_path: Path, job: Job) -> None:
    """Bytes that are not those of the directory are never compiled."""
    archive = _archive(tmp_path / "package", {"a.py": b"x = 1\n"})
    archive.write_bytes(archive.read_bytes().replace(b"x = 1", b"x = 2"))
    with pytest.raises(BuildError, match="is damaged at"):
        _compiled([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)


def test_no_interpreter_of_the_version(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer never silently lacks bytecode: the error has the command that installs the interpreter."""
    monkeypatch.setattr(compile_module, "find_python", lambda *_: None)
    with pytest.raises(BuildError, match=r"Install it \(`uv python install 3\.13`\), or build with bytecode=False\."):
        _compiled([], tmp_path, replace(job, target=Target("3.13", "x86_64")))


def test_another_bytecode_than_that_of_the_releases(tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alpha version, or another implementation, is refused by its magic number."""
    monkeypatch.setattr(servers, "MAGIC_NUMBERS", {_HERE: 1})
    archive = _archive(tmp_path / "package", {"a.py": b"x = 1\n"})
    with pytest.raises(BuildError, match=f"cannot compile for Python {_HERE}: cpython with magic number"):
        _compiled([ArchiveSource(archive, "/opt/python")], tmp_path / "out", job)


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
        (f"{'é' * 119}n.py", "/opt/python", True),
        (f"{'é' * 120}.py", "/opt/python", False),
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


@pytest.mark.parametrize("name", [
    "mod.py", "mod.pyc", "pkg/mod.cpython-313.pyc", "__pycache__/mod.py", "pkg/data",
    "x__pycache__/mod.cpython-313.pyc",
])  # fmt: skip
def test_files_that_are_no_bytecode_of_a_source(name: str) -> None:
    """Only the names that Python itself gives in `__pycache__` belong to a source."""
    assert source_of(name) is None


def test_the_magic_number_of_this_python() -> None:
    """The table, which keys are made from without an interpreter, has the number of the Python that runs this."""
    assert MAGIC_NUMBERS[_HERE] == int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    assert bytecode_facts(Target("3.13", "x86_64")) != bytecode_facts(Target("3.12", "x86_64"))
    assert bytecode_facts(Target("3.13", "x86_64")) == bytecode_facts(Target("3.13", "arm64"))
