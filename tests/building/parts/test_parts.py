"""Parts of archives: one for each distribution, joined with a prefix, a selection and bytecode."""

from __future__ import annotations

import marshal
import os
import re
import sys
import zipfile
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.building import build_run, installation
from cdk_layers.building.archives import compression
from cdk_layers.building.archives.hashing import content_digest
from cdk_layers.building.archives.members import collect
from cdk_layers.building.builds import build
from cdk_layers.building.bytecode.names import bytecode_name
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.parts import packing as packing_module
from cdk_layers.building.parts.packing import Packing
from cdk_layers.building.parts.split import Group, split
from cdk_layers.building.tidying import find_distributions
from cdk_layers.contents.measure import measure
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from tests.building.archives_of_builds import written
from tests.building.distributions import write_wheel
from tests.pythons import require_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import CodeType

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.builds import LayerBuild

TARGET: Final = Target(f"{sys.version_info.major}.{sys.version_info.minor}", "x86_64")
_TAG: Final = sys.implementation.cache_tag


@pytest.fixture
def make_pinned(make_entry: Callable[..., Path]) -> Callable[..., Path]:
    """Return what makes an entry that installs local wheels."""
    wheels = make_entry({}, "wheels")
    for version in ("1.0", "2.0"):
        files = {"red/__init__.py": f"V = {version!r}\n", "red/tests/__init__.py": "", "red/tests/test_red.py": "1\n"}
        write_wheel(wheels, "red", files | {"shared/__init__.py": ""}, version)
    write_wheel(
        wheels, "blue", {"blue.py": "def f():\n    raise ValueError\n", "bad.py": "(", "shared/__init__.py": ""}
    )

    def make(pins: str, files: dict[str, str] | None = None, name: str = "entry") -> Path:
        return make_entry({"requirements.txt": f"--no-index\n--find-links ../wheels\n{pins}", **(files or {})}, name)

    return make


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of all files that are compressed from now on."""
    names: list[str] = []
    pack = compression.pack

    def record(members: Sequence[Member], threads: int | None) -> object:
        names.extend(member.name for member in members)
        return pack(members, threads)

    monkeypatch.setattr(compression, "pack", record)
    return names


def _names(built: LayerBuild) -> set[str]:
    with zipfile.ZipFile(written(built)) as opened:
        return set(opened.namelist())


def test_only_the_changed_distribution_is_packed(
    make_pinned: Callable[..., Path], store: LocalStore, packed: list[str]
) -> None:
    """A bumped pin, another layer and a function pack nothing that the store has already."""
    build(make_pinned("red==1.0\nblue==1.0\n"), TARGET, store=store)
    assert {"red/__init__.py", "blue.py"} <= set(packed)
    packed.clear()
    build(make_pinned("red==2.0\nblue==1.0\n"), TARGET, store=store)
    assert "red/__init__.py" in packed
    assert "blue.py" not in packed
    packed.clear()
    build(make_pinned("blue==1.0\n", name="other"), TARGET, store=store)
    function = BuildOptions(prefix="")
    built = build(make_pinned("red==1.0\nblue==1.0\n", {"handler.py": ""}, "function"), TARGET, function, store=store)
    assert packed == ["handler.py"]
    assert {"red/__init__.py", "blue.py", "handler.py"} <= _names(built)


def test_layer_does_not_depend_on_how_it_was_joined(make_pinned: Callable[..., Path], store: LocalStore) -> None:
    """The digest and the contents of a join are those of the same files packed at once."""
    built = build(make_pinned("red==1.0\nblue==1.0\n", {"own.py": "1"}), TARGET, store=store)
    folder = store.folder / "unpacked-here"
    with zipfile.ZipFile(written(built)) as opened:
        opened.extractall(folder)
    assert content_digest(collect(folder)) == built.digest
    assert measure(written(built)) == built.contents


def test_files_of_no_record(tmp_path: Path) -> None:
    """Each file is in the group of each distribution that records it; files of no RECORD are the last group."""
    for name, recorded in (("b", "b.py,,\nboth.py,,\n"), ("a", "both.py,,\ngone.py,,\n../x.py,,\n")):
        (tmp_path / f"{name}-1.dist-info").mkdir()
        (tmp_path / f"{name}-1.dist-info/RECORD").write_text(recorded)
    for name in ("b.py", "both.py", "stray.txt"):
        (tmp_path / name).write_text(name)
    groups = split(tmp_path, find_distributions(tmp_path))
    found = {group.name: [member.name for member in group.members] for group in groups}
    assert found == {
        "a": ["a-1.dist-info/RECORD", "both.py"],
        "b": ["b-1.dist-info/RECORD", "b.py", "both.py"],
        "": ["stray.txt"],
    }
    assert list(found) == ["a", "b", ""]


def test_bytecode_is_joined(
    make_pinned: Callable[..., Path], store: LocalStore, packed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every module but tests has bytecode that names its deployed place; only changed sources are compiled again.

    What does not compile stays a source, and the build says which modules these are, and why.
    """
    entry = make_pinned("red==1.0\nblue==1.0\n", {"own.py": "A = 1\n"})
    options = BuildOptions(content=ContentOptions(bytecode=True))
    plain, built = build(entry, TARGET, store=store), build(entry, TARGET, options, store=store)
    assert built.digest != plain.digest
    assert [text.partition(" (line 1: ")[0] for text in built.report.uncompiled] == ["python/bad.py"]
    assert "; 1 module cannot be compiled: python/bad.py (line 1: " in capsys.readouterr().err
    sources = {name for name in _names(plain) if re.fullmatch(r"(?!.*/bad|.*/tests/).*\.py", name)}
    compiled = {f"{name.rpartition('/')[0]}/__pycache__/{name.rpartition('/')[2][:-3]}.{_TAG}.pyc" for name in sources}
    assert _names(built) == _names(plain) | compiled
    with zipfile.ZipFile(written(built)) as opened:
        code: CodeType = marshal.loads(opened.read(f"python/__pycache__/own.{_TAG}.pyc")[16:])  # noqa: S302 - of this test
    assert code.co_filename == "/opt/python/own.py"
    assert measure(written(built)) == built.contents
    packed.clear()
    (entry / "own.py").write_text("A = 2\n")
    assert build(entry, TARGET, options, store=store).digest != built.digest
    assert packed == ["python/own.py", f"python/__pycache__/own.{_TAG}.pyc"]


def test_bytecode_of_an_installation_and_of_its_parts(make_pinned: Callable[..., Path], tmp_path: Path) -> None:
    """The first build compiles installed files, one whose parts are known compiles these: to the same bytes.

    So does one with a changed own file, which is compiled while the parts are verified.
    """
    entry = make_pinned("red==1.0\nblue==1.0\n", {"own.py": "A = 1\n"})
    options = BuildOptions(content=ContentOptions(bytecode=True))
    at_once = build(entry, TARGET, options, store=LocalStore(tmp_path / "at-once"))
    later = LocalStore(tmp_path / "later")
    build(entry, TARGET, store=later)
    built = build(entry, TARGET, options, store=later)
    assert (built.digest, built.report.uncompiled) == (at_once.digest, at_once.report.uncompiled)
    assert written(built).read_bytes() == written(at_once).read_bytes()
    (entry / "own.py").write_text("A = (\n")
    changed, fresh = (
        build(entry, TARGET, options, store=later),
        build(entry, TARGET, options, store=LocalStore(tmp_path)),
    )
    assert (changed.digest, changed.report.uncompiled) == (fresh.digest, fresh.report.uncompiled)
    assert [text.partition(" (")[0] for text in changed.report.uncompiled] == ["python/bad.py", "python/own.py"]
    assert written(changed).read_bytes() == written(fresh).read_bytes()


def test_bytecode_of_replaced_and_trimmed_sources(make_pinned: Callable[..., Path], store: LocalStore) -> None:
    """Bytecode goes with its source: none of a trimmed module, and never that of a module that an own file replaces."""
    entry = make_pinned("red==1.0\nblue==1.0\n", {"blue.py": "("})
    options = BuildOptions(content=ContentOptions(bytecode=True, trim=True))
    built = build(entry, TARGET, options, store=store)
    names = {name for name in _names(built) if "dist-info" not in name}
    assert names == {
        "python/bad.py", "python/blue.py", "python/red/__init__.py", f"python/red/__pycache__/__init__.{_TAG}.pyc",
        "python/shared/__init__.py", f"python/shared/__pycache__/__init__.{_TAG}.pyc",
    }  # fmt: skip
    assert built.report.savings == {"tests": (2, 2)}
    assert measure(written(built)) == built.contents
    assert [note.rule for note in built.report.notes] == ["file-overwritten"]
    found = build(entry, TARGET, options, store=store)
    assert (found.from_cache, found.report.savings, found.report.uncompiled) == (
        True,
        built.report.savings,
        built.report.uncompiled,
    )


def test_modules_that_do_not_compile_are_those_of_the_archive(
    make_pinned: Callable[..., Path], store: LocalStore
) -> None:
    """A module that an own file replaces is not reported, nor is one that is left out; one in two parts is, once."""
    content = ContentOptions(bytecode=True, dependency_excludes=("left_out.py",))
    files = {"bad.py": "A = 1\n", "blue.py": "(", "both.py": "("}
    entry = make_pinned("blue==1.0\nmore==1.0\n", files)
    write_wheel(entry.parent / "wheels", "more", {"both.py": "(", "left_out.py": "(", "more.py": ""})
    built = build(entry, TARGET, BuildOptions(content=content), store=store)
    assert [text.partition(" (")[0] for text in built.report.uncompiled] == ["python/blue.py", "python/both.py"]
    assert f"python/__pycache__/bad.{_TAG}.pyc" in _names(built)


def test_bytecode_of_modules_that_are_left_out(make_pinned: Callable[..., Path], store: LocalStore) -> None:
    """It is left out too: Python does not import it without its source, and it would count."""
    options = BuildOptions(content=ContentOptions(bytecode=True, dependency_excludes=("red/__init__.py",)))
    names = _names(build(make_pinned("blue==1.0\nred==1.0\n"), TARGET, options, store=store))
    assert f"python/__pycache__/blue.{_TAG}.pyc" in names
    assert not [name for name in names if "python/red/__" in name]


def test_each_choice_of_content_is_an_archive_of_its_own(make_pinned: Callable[..., Path], store: LocalStore) -> None:
    """No archive in the store is taken for that of other options: nothing silently lacks a file, or has it."""
    entry = make_pinned("blue==1.0\nred==1.0\n")
    removed = []
    for patterns in ((), ("blue.py",), ("bad.py",), ("blue.py", "bad.py")):
        options = BuildOptions(content=ContentOptions(dependency_excludes=patterns))
        names = _names(build(entry, TARGET, options, store=store))
        removed.append({name for name in ("blue.py", "bad.py") if f"python/{name}" not in names})
    assert removed == [set(), {"blue.py"}, {"bad.py"}, {"blue.py", "bad.py"}]


def test_bytecode_names_the_place_of_each_deploy(make_pinned: Callable[..., Path], store: LocalStore) -> None:
    """A layer and a function share the parts of their sources, and never those of bytecode: tracebacks show paths."""
    entry, content = make_pinned("blue==1.0\n"), ContentOptions(bytecode=True)
    for prefix, place in (("python", "/opt/python/blue.py"), ("", "/var/task/blue.py")):
        built = build(entry, TARGET, BuildOptions(prefix=prefix, content=content), store=store)
        compiled = f"{prefix and f'{prefix}/'}__pycache__/blue.{_TAG}.pyc"
        with zipfile.ZipFile(written(built)) as opened:
            code: CodeType = marshal.loads(opened.read(compiled)[16:])  # noqa: S302 - of this test
        assert code.co_filename == place


def test_bytecode_of_each_python(make_pinned: Callable[..., Path], store: LocalStore) -> None:
    """Layers for two versions share the parts of their sources; their bytecode differs, and so do their digests."""
    entry, options = make_pinned("blue==1.0\n"), BuildOptions(content=ContentOptions(bytecode=True))
    versions = ("3.12", "3.13")
    for version in versions:
        require_python(version, store)
    builds = [build(entry, Target(version, "x86_64"), options, store=store) for version in versions]
    compiled = [{name for name in _names(built) if name.endswith(".pyc")} for built in builds]
    assert compiled == [{f"python/{bytecode_name(name, each)}" for name in ("blue.py", "shared/__init__.py")}
                        for each in versions]  # fmt: skip
    assert builds[0].digest != builds[1].digest


def test_known_parts_and_one_installation_make_the_same_bytes(
    make_pinned: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pins, programs, data files and files in common: installing only what changed comes to the same archive."""
    installed: list[int] = []

    def count(requirements: Any, resolution: Any, *rest: Any) -> Any:
        installed.append(len(resolution.pins))
        return installation.install(requirements, resolution, *rest)

    monkeypatch.setattr(build_run, "install", count)
    wheels = make_pinned("", name="wheels-here").parent / "wheels"
    for name, extra in {"tool": {"tool-1.0.data/scripts/run": "#!python\n"}, "data": {"etc/x": "1"}}.items():
        write_wheel(wheels, name, {f"{name}.py": "", **extra})
    write_wheel(wheels, "rival", {"rival-1.0.data/scripts/run": "#!python\n1\n"})
    steps = {
        "data==1.0\nred==1.0\ntool==1.0\n": 3,
        "data==1.0\nred==2.0\ntool==1.0\n": 1,
        "data==1.0\nred==1.0\n": 0,
        "data==1.0\nrival==1.0\ntool==1.0\n": 3,
        "blue==1.0\nred==1.0\n": 2,
    }
    known = LocalStore(tmp_path / "known")
    for pins, expected in steps.items():
        entry = make_pinned(pins)
        installed.clear()
        built = build(entry, TARGET, store=known)
        assert (installed or [0])[-1] == expected
        fresh = build(entry, TARGET, store=LocalStore(tmp_path / f"fresh-{len(pins)}-{expected}"))
        assert (built.digest, built.report.notes, built.pins) == (fresh.digest, fresh.report.notes, fresh.pins)
        assert written(built).read_bytes() == written(fresh).read_bytes()


def test_turns_end_without_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the RECORD disappears while its group is packed, the error is that of packing, and no other build waits."""
    record = tmp_path / "RECORD"
    packing = Packing(LocalStore(tmp_path / "store"), tmp_path / "scratch")

    def fail(*_: object) -> Iterator[str]:
        record.unlink()
        message = "gone"
        raise EntryError(message)

    monkeypatch.setattr(Packing, "_pack", fail)
    for _ in range(2):
        record.write_text("red.py,,\n", encoding="utf-8")
        with pytest.raises(EntryError, match="gone"):
            packing.pack_groups([Group("red", (), record)])
    assert not packing_module._IN_FLIGHT._running


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_fork_waits_for_no_turn_of_its_parent() -> None:
    """A fork of this process lacks the threads that would give the turns back."""
    turns = packing_module._IN_FLIGHT
    assert turns.take("red")
    process = os.fork()
    if not process:
        os._exit(0 if turns.take("red") else 1)
    turns.give_back("red")
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
