"""Making an installation the same on every machine."""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.tidying import find_distributions, tidy
from cdk_layers.errors import DependencyError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return an installation as uv leaves it, with its traces."""
    info = tmp_path / "demo-1.0.dist-info"
    info.mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / ".lock").touch()
    (tmp_path / "demo.py").touch()
    (tmp_path / "bin" / "demo").write_text("#!/home/me/.venv/bin/python\nimport demo\n", encoding="utf-8")
    (tmp_path / "bin" / "tool.py").write_text("#!/home/me/.venv/bin/python -E\nprint('kept')\n", encoding="utf-8")
    (tmp_path / "bin" / "native").write_bytes(b"\x7fELF")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[console_scripts]\ndemo = demo.cli:App.main\n", encoding="utf-8")
    (info / "direct_url.json").write_text('{"url": "file:///home/me"}', encoding="utf-8")
    (info / "REQUESTED").touch()
    rows = ["bin/demo,sha256=x,1", "bin/tool.py,sha256=y,1", "bin/native,sha256=z,4", "demo.py,sha256=d,0"]
    rows += [f"demo-1.0.dist-info/{name},," for name in ("RECORD", "REQUESTED", "WHEEL", "direct_url.json")]
    (info / "RECORD").write_text("\n".join([*rows, ""]), encoding="utf-8")
    return tmp_path


def test_traces_go(tree: Path) -> None:
    """No file is left that tells where and why something was installed, and the RECORD lists none."""
    tidy(tree, find_distributions(tree))
    assert not (tree / ".lock").exists()
    assert sorted(path.name for path in (tree / "demo-1.0.dist-info").iterdir()) == [
        "RECORD",
        "WHEEL",
        "entry_points.txt",
    ]
    record = (tree / "demo-1.0.dist-info" / "RECORD").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in record] == [
        "bin/demo", "bin/native", "bin/tool.py", "demo-1.0.dist-info/RECORD", "demo-1.0.dist-info/WHEEL", "demo.py",
    ]  # fmt: skip
    assert "demo.py,sha256=d,0" in record


def test_bytecode_without_a_source_is_a_module(tree: Path) -> None:
    """Bytecode of a source goes, since another Python may have made it; a module without a source stays as it is."""
    names = ["demo.pyc", "hidden.pyc", "pkg/inner.pyc", "__pycache__/demo.cpython-313.pyc", "__pycache__/gone.pyc"]
    for name in names:
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).touch()
    record = tree / "demo-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text(encoding="utf-8") + "".join(f"{name},,\n" for name in names), encoding="utf-8")
    tidy(tree, find_distributions(tree))
    assert {path.relative_to(tree).as_posix() for path in tree.rglob("*.pyc")} == {"hidden.pyc", "pkg/inner.pyc"}
    assert "hidden.pyc" in record.read_text(encoding="utf-8")
    assert "demo.pyc" not in record.read_text(encoding="utf-8")


def test_programs_run_on_lambdas_python(tree: Path) -> None:
    """Programs name no interpreter of this machine: entry points are written again, other scripts keep their body."""
    tidy(tree, find_distributions(tree))
    program = (tree / "bin" / "demo").read_text(encoding="utf-8")
    assert program.startswith("#!/usr/bin/env python3\n")
    assert "from demo.cli import App" in program
    assert "sys.exit(App.main())" in program
    assert (tree / "bin" / "tool.py").read_text(encoding="utf-8") == "#!/usr/bin/env python3\nprint('kept')\n"
    assert (tree / "bin" / "native").read_bytes() == b"\x7fELF"


def test_the_version_of_this_python_is_no_name(tree: Path) -> None:
    """The launcher of pip that is named after the Python which installs goes; programs with other numbers stay."""
    record = tree / "demo-1.0.dist-info" / "RECORD"
    for name in ("pip3", "pip3.9", "pip3.13", "tool3.9"):
        (tree / "bin" / name).write_text("#!/home/me/.venv/bin/python\n", encoding="utf-8")
        record.write_text(f"bin/{name},,\n{record.read_text(encoding='utf-8')}", encoding="utf-8")
    tidy(tree, find_distributions(tree))
    programs = {"demo", "native", "pip3", "tool.py", "tool3.9"}
    assert {path.name for path in (tree / "bin").iterdir()} == programs
    (demo,) = find_distributions(tree)
    assert {path for path in demo.record if path.startswith("bin/")} == {f"bin/{name}" for name in programs}


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no executable files")
def test_programs_stay_executable(tree: Path) -> None:
    """What was written again can be started."""
    tidy(tree, find_distributions(tree))
    assert (tree / "bin" / "demo").stat().st_mode & 0o111 == 0o111


@pytest.mark.skipif(os.name == "nt", reason="uv installs programs into Scripts there")
@pytest.mark.parametrize("name", ["__init__.py", "tool.py", "demo"])
def test_a_package_called_scripts(tree: Path, name: str) -> None:
    """Its modules stay where they are, also with a first line that names an interpreter."""
    module = tree / "Scripts" / name
    module.parent.mkdir()
    module.write_text("#!/usr/bin/python3.9\n", encoding="utf-8")
    with (tree / "demo-1.0.dist-info" / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"Scripts/{name},,\n")
    tidy(tree, find_distributions(tree))
    assert module.read_text(encoding="utf-8") == "#!/usr/bin/python3.9\n"


def test_launchers_of_windows(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation made on Windows gives the same programs as one made on Linux."""
    monkeypatch.setattr("cdk_layers.building.tidying.SCRIPT_FOLDERS", ("bin", "Scripts"))
    info = tree / "demo-1.0.dist-info"
    (tree / "Scripts").mkdir()
    (tree / "Scripts" / "demo.exe").write_bytes(b"MZ")
    rows = (info / "RECORD").read_text(encoding="utf-8").replace("bin/demo,", "Scripts/demo.exe,")
    (info / "RECORD").write_text(rows, encoding="utf-8")
    (tree / "bin" / "demo").unlink()
    tidy(tree, find_distributions(tree))
    assert not (tree / "Scripts").exists()
    assert (tree / "bin" / "demo").read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
    assert "\nbin/demo,sha256=" in "\n" + (info / "RECORD").read_text(encoding="utf-8")


def test_linked_files_stay_as_they_are(tree: Path, tmp_path: Path) -> None:
    """Files that uv linked to its cache are replaced, never changed: the cache's copy keeps its bytes."""
    linked = tmp_path / "linked-RECORD"
    os.link(tree / "demo-1.0.dist-info" / "RECORD", linked)
    before = linked.read_bytes()
    tidy(tree, find_distributions(tree))
    assert linked.read_bytes() == before


@pytest.mark.parametrize(
    "row",
    ["../victim.pyc", "demo/../../victim.pyc", "{tree}/../victim.pyc", "..\\victim.pyc", "link/victim.pyc", "bin/.."],
)
def test_a_record_cannot_leave_the_tree(tree: Path, tmp_path_factory: pytest.TempPathFactory, row: str) -> None:
    """Whatever a RECORD names outside of the installation is neither removed nor listed, by whatever road it leaves."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "victim.pyc").touch()
    (tree.parent / "victim.pyc").touch()
    (tree / "link").symlink_to(outside)
    record = tree / "demo-1.0.dist-info" / "RECORD"
    row = row.format(tree=tree)
    record.write_text(f"{row},,\n{record.read_text(encoding='utf-8')}", encoding="utf-8")
    tidy(tree, find_distributions(tree))
    assert (outside / "victim.pyc").exists()
    assert (tree.parent / "victim.pyc").exists()
    assert row not in record.read_text(encoding="utf-8").replace("bin/demo", "")


@pytest.mark.parametrize(
    "name", ["data/a\u2028b.txt", "data/a\x85b.txt", "data/a\x1cb.txt", 'data/"a,b".txt', "data/ä b.txt"]
)
def test_odd_names_of_files(tree: Path, name: str) -> None:
    """Only the line ends of a RECORD end its rows, and not other characters that Python takes for line ends."""
    (tree / "data").mkdir()
    (tree / name).touch()
    with (tree / "demo-1.0.dist-info" / "RECORD").open("a", encoding="utf-8") as record:
        csv.writer(record).writerow([name, "sha256=x", 0])
    tidy(tree, find_distributions(tree))
    (demo,) = find_distributions(tree)
    assert demo.record[name] == ("sha256=x", "0")


@pytest.mark.parametrize("text", ["x" * 200_000, 'a\0b,,\n"unclosed'])
def test_a_damaged_record(tree: Path, text: str) -> None:
    """A RECORD that is no CSV is an error of this package, or nothing that matters."""
    (tree / "demo-1.0.dist-info" / "RECORD").write_text(f"{text}\n", encoding="utf-8")
    with suppress(DependencyError):
        tidy(tree, find_distributions(tree))
    assert (tree / "demo.py").exists()
