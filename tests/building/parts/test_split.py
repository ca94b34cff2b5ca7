"""Division of installations whose names of files are unusual."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.parts.split import split
from cdk_layers.building.tidying import find_distributions
from cdk_layers.errors import BuildError, EntryError
from cdk_layers.lambda_service.target import Target
from tests.building.distributions import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.building.parts.split import Group
    from cdk_layers.store.local_store import LocalStore

TARGET = Target("3.13", "x86_64")
COMPOSED, DECOMPOSED = "caf\u00e9.txt", "cafe\u0301.txt"


def _split(tree: Path) -> tuple[Group, ...]:
    return split(tree, find_distributions(tree))


def _tree(folder: Path, records: Mapping[str, Sequence[str]], files: Sequence[str]) -> Path:
    """Return an installation of distributions with these RECORDs, of which only some files are there."""
    for name, paths in records.items():
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "RECORD").write_text("".join(f"{path},,\n" for path in paths), encoding="utf-8")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("records", "files", "lost"),
    [
        ({"twin": ["twin/A.py", "twin/a.py"]}, ["twin/a.py"], "'twin' contains 'twin/A.py'"),
        ({"text": [f"t/{COMPOSED}", f"t/{DECOMPOSED}"]}, [f"t/{DECOMPOSED}"], "'text' contains"),
    ],
)
def test_file_that_the_file_system_lost(
    tmp_path: Path, records: Mapping[str, Sequence[str]], files: Sequence[str], lost: str
) -> None:
    """Names that the file system of the cache or of uv does not distinguish are an error, not a layer without files."""
    with pytest.raises(BuildError, match=r"is lost here.*UV_CACHE_DIR") as raised:
        _split(_tree(tmp_path, records, files))
    assert str(raised.value).startswith(lost)


def test_file_in_the_folder_of_another_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of two distributions that the file system takes for one are an error: a file is under another name."""
    tree = _tree(tmp_path, {"one": ["Ns/x.py"], "two": ["ns/y.py"]}, ["Ns/x.py", "Ns/y.py"])
    is_file = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: is_file(str(path).replace("/ns/", "/Ns/")))
    with pytest.raises(BuildError, match=r"'two' contains 'ns/y.py', which is lost here.*'Ns/y.py'"):
        _split(tree)


def test_a_record_in_another_case(tmp_path: Path) -> None:
    """A RECORD that names files or folders in another case than the wheel loses nothing where names have cases."""
    (tmp_path / "x").touch()
    if (tmp_path / "X").exists():
        pytest.skip("this file system does not distinguish names that differ in case")
    tree = _tree(
        tmp_path, {"demo": ["Demo.py", "Pkg/mod.py", "pkg/other.py"]}, ["demo.py", "pkg/mod.py", "pkg/other.py"]
    )
    assert {"demo.py", "pkg/mod.py", "pkg/other.py"} <= {each.name for group in _split(tree) for each in group.members}


def test_recorded_files_that_never_were(tmp_path: Path) -> None:
    """A RECORD that lists other files than there are, as some tools write it, loses nothing."""
    tree = _tree(tmp_path, {"demo": ["demo.py", "gone.py", f"{'x' * 300}.py"]}, ["demo.py"])
    assert [member.name for member in _split(tree)[0].members] == ["demo-1.0.dist-info/RECORD", "demo.py"]


def test_names_that_differ_in_case(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A wheel with two such names is built with both files where the file system can have both, and else not at all."""
    entry = make_entry({"requirements.txt": "./twin-1.0-py3-none-any.whl\n"})
    write_wheel(entry, "twin", {"twin/A.py": "A = 1\n", "twin/a.py": "A = 2\n"})
    (entry / "x").touch()
    if (entry / "X").exists():
        with pytest.raises(BuildError, match="is lost here"):
            build(entry, TARGET, store=store)
    else:
        assert {"python/twin/A.py", "python/twin/a.py"} <= build(entry, TARGET, store=store).contents.files.keys()


@pytest.mark.parametrize("name", ["bs\\mod.py", "bs\\sub\\mod.py", "bs/data\\text.txt"])
def test_backslashes_in_names_of_a_wheel(make_entry: Callable[..., Path], store: LocalStore, name: str) -> None:
    """Backslashes that a broken tool on Windows wrote separate folders, as for installers there and in the CDK."""
    entry = make_entry({"requirements.txt": "./bs-1.0-py3-none-any.whl\n"})
    write_wheel(entry, "bs", {"bs/__init__.py": "", name: "A = 1\n"})
    made = build(entry, TARGET, store=store)
    assert f"python/{name}".replace("\\", "/") in made.contents.files
    assert not any("\\" in path for path in made.contents.files)


@pytest.mark.skipif(os.sep == "\\", reason="a backslash divides folders there")
@pytest.mark.parametrize("name", ["..\\..\\evil.py", "a\\..\\b.py", "\\etc\\evil.py"])
def test_backslashes_that_lead_outside(tmp_path: Path, name: str) -> None:
    """Names that would leave the archive are refused."""
    with pytest.raises(EntryError, match="has a backslash in its name"):
        _split(_tree(tmp_path, {"demo": ["demo.py"]}, ["demo.py", name]))
