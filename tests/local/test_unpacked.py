"""Archives that are unpacked once, and layers that are merged."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING, Final

import pytest

from cdk_layers.local.unpacked import UnpackedFolders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

_FILE: Final = stat.S_IFREG | 0o644
_PROGRAM: Final = stat.S_IFREG | 0o755
_LINK: Final = stat.S_IFLNK | 0o777


@pytest.fixture
def folders(store: LocalStore) -> UnpackedFolders:
    """Return folders in a store of this test."""
    return UnpackedFolders(store)


def _zip(path: Path, files: Mapping[str, tuple[str, int]]) -> Path:
    """Write an archive: the text and the mode of each file, or the target of a link."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, (text, mode) in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, text)
    return path


def _tree(folder: Path) -> dict[str, str]:
    """Return the files and links below a folder, with their texts and targets."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    shown = {name: f"-> {path.readlink()}" if path.is_symlink() else path for name, path in found.items()}
    return {
        name: each if isinstance(each, str) else each.read_text()
        for name, each in shown.items()
        if isinstance(each, str) or each.is_file()
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"bin/run": ("#!sh", _FILE), "link": ("bin/run", _LINK)},
        {"bin/run": ("#!sy", _PROGRAM), "link": ("bin/run", _LINK)},
        {"bin/run": ("#!sh", _PROGRAM), "link": ("bin/ruN", _LINK)},
        {"bin/run": ("#!sh", _PROGRAM), "link": ("bin/run", stat.S_IFREG | 0o777)},
        {"bin/go": ("#!sh", _PROGRAM), "link": ("bin/run", _LINK)},
    ],
)
def test_an_archive_that_changed_is_unpacked_again(
    folders: UnpackedFolders, tmp_path: Path, changed: Mapping[str, tuple[str, int]]
) -> None:
    """No local run uses the old mode, text, target or name of a file: of one size, all are facts of the content."""
    files = {"bin/run": ("#!sh", _PROGRAM), "link": ("bin/run", _LINK)}
    before = folders.unpacked(_zip(tmp_path / "before.zip", files))
    after = folders.unpacked(_zip(tmp_path / "after.zip", changed))
    assert before != after
    assert _tree(after) == {name: f"-> {text}" if mode == _LINK else text for name, (text, mode) in changed.items()}
    programs = {path.relative_to(after).as_posix() for path in after.glob("bin/*") if path.stat().st_mode & 0o111}
    assert programs == {name for name, (_, mode) in changed.items() if mode == _PROGRAM}
    assert folders.unpacked(_zip(tmp_path / "again.zip", files)) == before


def test_a_folder_keeps_its_programs_and_links(folders: UnpackedFolders, tmp_path: Path) -> None:
    """`cdk synth --no-staging` and SAM leave folders in place of archives."""
    layer = tmp_path / "layer"
    (layer / "bin").mkdir(parents=True)
    for name, mode in (("bin/run", 0o755), ("data", 0o644)):
        (layer / name).write_text(name)
        (layer / name).chmod(mode)
    for name, target in (("link", "data"), ("programs", "bin")):
        (layer / name).symlink_to(target)
    made = folders.unpacked(layer)
    assert _tree(made) == {"bin/run": "bin/run", "data": "data", "link": "-> data", "programs": "-> bin"}
    assert [stat.S_IMODE((made / name).stat().st_mode) for name in ("bin/run", "data")] == [0o555, 0o444]


def test_code_of_a_template_that_changed_is_written_again(folders: UnpackedFolders) -> None:
    """Code in a template has one name, index.py, whatever it does."""
    assert [(folders.written({"index.py": text}) / "index.py").read_bytes() for text in (b"1", b"2")] == [b"1", b"2"]


def test_layers_in_another_order_are_merged_again(folders: UnpackedFolders, tmp_path: Path) -> None:
    """Two functions may have the same layers in another order, and a later layer wins."""
    layers = [_zip(tmp_path / f"{name}.zip", {"python/who.py": (name, _FILE)}) for name in ("one", "two")]
    assert _tree(folders.merged(layers)) == {"python/who.py": "two"}
    assert _tree(folders.merged(layers[::-1])) == {"python/who.py": "one"}


def test_whatever_a_later_layer_has_in_a_place_wins(folders: UnpackedFolders, tmp_path: Path) -> None:
    """A file, a folder or a link replaces each of the others, and folders that both have are merged."""
    kinds = {"file": ("{}", "a file", _FILE), "folder": ("{}/x", "a folder", _FILE), "link": ("{}", "both", _LINK)}
    pairs = [(old, new) for old in kinds for new in kinds]

    def layer(name: str, number: int) -> Path:
        files = {}
        for pair in pairs:
            form, text, mode = kinds[pair[number]]
            files[form.format(f"{pair[0]}-{pair[1]}")] = f"{text} of {name}" if mode == _FILE else text, mode
        return _zip(tmp_path / f"{name}.zip", {**files, f"both/{name}": (name, _FILE)})

    expected = {"both/old": "old", "both/new": "new"}
    for old, new in pairs:
        form, text, mode = kinds[new]
        expected[form.format(f"{old}-{new}")] = f"{text} of new" if mode == _FILE else f"-> {text}"
    assert _tree(folders.merged([layer("old", 0), layer("new", 1)])) == expected
