"""What lies in zips and folders, of any origin; hostile ones end in an error."""

from __future__ import annotations

import io
import os
import stat
import struct
import sys
import zipfile
import zlib
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_layers.building.archives.members import Member
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.archives.zip_writer import Writer
from cdk_layers.contents import measure as module
from cdk_layers.contents import tree, zipformat
from cdk_layers.contents.inflation import checked_entries, inflated
from cdk_layers.contents.inspection import HEAD_BYTES, MAX_TEXT_BYTES
from cdk_layers.contents.measure import measure
from cdk_layers.contents.model import File
from cdk_layers.contents.readers import open_sources
from cdk_layers.errors import AssemblyError, CdkLayersError, DamagedArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
_TIME = struct.pack("<2HBL", 0x5455, 5, 1, 0)
"""The extra field that Info-ZIP writes for each entry."""

KEY = b"-----BEGIN PRIVATE KEY-----\n" + b"MIIEvQIB" * 8 + b"\n"


def _info(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    info.extra = _TIME
    return info


def _zip(path: Path, files: Mapping[str, bytes], **modes: int) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(_info(name, modes.get(name, 0o100644)), data)
    return path


def test_what_others_packed(tmp_path: Path) -> None:
    """Files, their modes, folders and links of a foreign zip are reported as they stand in it."""
    path = _zip(
        tmp_path / "foreign.bin",
        {"bin/": b"", "bin/run": b"#!/bin/sh\n", "lib/link": b"../bin/run", "python/a.py": b"import b\n" * 100},
        **{"bin/": 0o40700, "bin/run": 0o100755, "lib/link": 0o120777, "python/a.py": 0o100600},
    )
    contents = measure(path)
    assert contents.files == {
        "bin/run": File(10, zlib.crc32(b"#!/bin/sh\n"), 0o755),
        "lib/link": File(10, zlib.crc32(b"../bin/run"), 0o777),
        "python/a.py": File(900, zlib.crc32(b"import b\n" * 100), 0o600),
    }
    assert list(contents.files) == sorted(contents.files)
    assert contents.unzipped_bytes == 920
    assert contents.links == {"lib/link": "../bin/run"}
    assert contents.folder_modes == {"bin": 0o700}


def test_names_of_old_tools_and_of_the_root(tmp_path: Path) -> None:
    """Names without the mark of UTF-8 are in the code page of DOS, and `zip -r archive.zip .` may name the root."""
    data = _zip(tmp_path / "a.zip", {"./": b"", "./a.py": b"", "./_.py": b""}).read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"./_.py", b"./\x82.py"))
    contents = measure(tmp_path / "a.zip")
    assert [*contents.files] == ["a.py", "\u00e9.py"]
    assert contents.unzipped_bytes == 0


def test_archives_of_windows_have_usual_modes(tmp_path: Path) -> None:
    """Where an archive does not tell Unix modes, nothing is made up that a rule would find fault with."""
    with zipfile.ZipFile(tmp_path / "windows.zip", "w") as archive:
        for name in ("a.py", "folder/"):
            info = zipfile.ZipInfo(name)
            info.create_system = 0
            archive.writestr(info, b"")
    contents = measure(tmp_path / "windows.zip")
    assert contents.files["a.py"].mode == 0o644
    assert contents.folder_modes == {"folder": 0o755}


def test_streamed_and_prefixed_archives_are_read(tmp_path: Path) -> None:
    """Archives with sizes behind the data, and with a program in front of them, are ordinary ones."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("python/a.py", b"x = 1\n" * 50)
        archive.writestr("./python/b.py", b"")
    (tmp_path / "streamed.zip").write_bytes(pipe.data)
    (tmp_path / "prefixed.zip").write_bytes(b"#!/bin/sh\nexit 1\n" + pipe.data)
    for name in ("streamed.zip", "prefixed.zip"):
        assert list(measure(tmp_path / name).files) == ["python/a.py", "python/b.py"]


def test_folder_and_zip_of_the_same_tell_the_same(tmp_path: Path) -> None:
    """Distributions, native files and traits do not depend on the packing."""
    files = {
        "python/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n",
        "python/x-1.dist-info/RECORD": b"x.py,,\n",
        "python/x.py": b"pass\n",
        "key.pem": KEY,
        "lib/x.so": b"\x7fELF" + bytes(100),
        "large.txt": b"word " * (HEAD_BYTES // 4) + KEY,
        "large.so": b"\x7fELF" + bytes(2 * HEAD_BYTES),
        "large.bin": bytes(3 * HEAD_BYTES),
    }
    for name, data in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(data)
        (tmp_path / "tree" / name).chmod(0o644)
    contents = measure(_zip(tmp_path / "made.zip", files))
    if sys.platform != "win32":
        assert measure(tmp_path / "tree") == contents
    assert contents.versions == {"x": "1"}
    assert contents.distributions[0].unzipped_bytes == 5
    assert [trait.path for trait in contents.traits] == ["key.pem", "large.txt"]
    assert [native.path for native in contents.natives] == ["large.so", "lib/x.so"]


@pytest.mark.parametrize("length", [MAX_TEXT_BYTES, MAX_TEXT_BYTES + 1])
def test_secrets_at_the_end_of_long_text(tmp_path: Path, length: int) -> None:
    """Text is searched to its end up to a size that no source code has."""
    text = b"\n" * (length - len(KEY)) + KEY
    assert bool(measure(_zip(tmp_path / "made.zip", {"a.txt": text})).traits) == (length == MAX_TEXT_BYTES)


@posix_only
def test_links_of_folders(tmp_path: Path) -> None:
    """Links inside count as what they lead to, and all of them are reported as they are written."""
    root = tmp_path / "tree"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg/a.py").write_text("1234")
    (root / "file").symlink_to("pkg/a.py")
    (root / "folder").symlink_to("pkg")
    (root / "out").symlink_to("../elsewhere")
    (root / "gone").symlink_to("nothing")
    (root / "pkg/up").symlink_to("..")
    contents = measure(root)
    assert {path: file.size for path, file in contents.files.items()} == {
        "file": 4, "folder/a.py": 4, "pkg/a.py": 4
    }  # fmt: skip
    assert contents.links == {
        "file": "pkg/a.py",
        "folder": "pkg",
        "folder/up": "..",
        "gone": "nothing",
        "out": "../elsewhere",
        "pkg/up": "..",
    }


def test_last_of_one_name_counts(tmp_path: Path) -> None:
    """Where an archive has a name twice, unpacking leaves the last one, and that one counts."""
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("a.py", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.py", b"22")
    assert measure(tmp_path / "twice.zip").unzipped_bytes == 2


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "a//b", "a\\b", "C:/x", "a/..", "a/../", "a\0b"])
def test_names_that_would_land_elsewhere(tmp_path: Path, name: str) -> None:
    """A name that leads out of the archive, or means another place on another system, is refused and reported."""
    path = tmp_path / "hostile.zip"
    path.write_bytes(_renamed("x" * len(name), name))
    with pytest.raises(AssemblyError, match=r"hostile\.zip' has an unsafe path"):
        measure(path)


def _renamed(name: str, to: str) -> bytes:
    """Return an archive with a name that zipfile itself would not write."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"data")
    return file.getvalue().replace(name.encode(), to.encode())


def test_a_link_leads_to_a_path(tmp_path: Path) -> None:
    """No path has more than 4096 bytes, and the target of a link is kept in memory."""
    path = _zip(tmp_path / "hostile.zip", {"link": b"x" * 4097}, link=0o120777)
    with pytest.raises(AssemblyError, match="more bytes than its limit"):
        measure(path)


def _directory_edited(edit: Callable[[bytearray, int], None]) -> bytes:
    """Return an archive whose first entry's record in the directory was changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"x = 1\n" * 1000)
        archive.writestr("b.py", b"y = 2\n" * 1000)
    data = bytearray(file.getvalue())
    edit(data, data.index(b"PK\1\2"))
    return bytes(data)


@pytest.mark.parametrize(
    ("field", "form", "value", "said"),
    [
        (8, "<H", 1, r"is encrypted \('a\.py'\)"),
        (10, "<H", 12, "has an unsupported compression method: 12"),
        (16, "<L", 12345, "is damaged: 'a.py' is not what the directory says"),
        (20, "<L", 50, "overlap"),
        (20, "<L", 5000, "would be behind its end"),
        (20, "<L", 10, "is damaged: 'a.py' is not what the directory says"),
        (24, "<L", 5999, "has an entry of more bytes than its limit"),
        (24, "<L", 6001, "is damaged: 'a.py' is not what the directory says"),
        (24, "<L", 0, "has an entry of more bytes than its limit"),
        (42, "<L", 3, "has no entry where its directory says|overlap"),
        (28, "<H", 60000, "damaged directory"),
    ],
)
def test_directories_that_lie(tmp_path: Path, field: int, form: str, value: int, said: str) -> None:
    """Encrypted entries, unknown methods, and sizes, checksums and places that are not true are refused."""
    data = _directory_edited(lambda data, at: struct.pack_into(form, data, at + field, value))
    (tmp_path / "hostile.zip").write_bytes(data)
    with pytest.raises(AssemblyError, match=said):
        measure(tmp_path / "hostile.zip")


def test_a_place_without_an_entry(tmp_path: Path) -> None:
    """What is there has to be the header of an entry."""

    def move(data: bytearray, at: int) -> None:
        place = at + len("a.py") + 46 + 42
        struct.pack_into("<L", data, place, struct.unpack_from("<L", data, place)[0] + 1)

    (tmp_path / "hostile.zip").write_bytes(_directory_edited(move))
    with pytest.raises(AssemblyError, match=r"has no entry where its directory says that 'b\.py' is"):
        measure(tmp_path / "hostile.zip")


def _with_wide_place(place: int) -> bytearray:
    """Return an archive of two files whose directory has the place of the first in the wide form."""
    data = _directory_edited(lambda data, at: struct.pack_into("<L", data, at + 42, 2**32 - 1))
    at, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    extra = _TIME + struct.pack("<2HQ", 1, 8, place)
    name_end = at + 46 + len("a.py")
    made = bytearray(data[:name_end] + extra + data[name_end:])
    struct.pack_into("<H", made, at + 30, len(extra))
    (length,) = struct.unpack_from("<L", data, end + 12)
    struct.pack_into("<L", made, end + len(extra) + 12, length + len(extra))
    return made


def test_places_in_the_wide_form(tmp_path: Path) -> None:
    """It contains only the numbers that do not fit, after other fields."""
    (tmp_path / "wide.zip").write_bytes(_with_wide_place(0))
    assert {path: file.size for path, file in measure(tmp_path / "wide.zip").files.items()} == {
        "a.py": 6000, "b.py": 6000
    }  # fmt: skip


@pytest.mark.parametrize("place", [2**33, 2**63, 2**64 - 1])
def test_places_that_no_file_has(tmp_path: Path, place: int) -> None:
    """The wide form of a directory can tell places that overflow what a system can seek to."""
    (tmp_path / "hostile.zip").write_bytes(_with_wide_place(place))
    with pytest.raises(AssemblyError, match=r"is cut off: 'a\.py' would be behind its end"):
        measure(tmp_path / "hostile.zip")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [(8, 1, DamagedArchiveError), (16, 1, DamagedArchiveError), (10, 12, AssemblyError), (24, 1, AssemblyError)],
)
def test_what_lambda_may_unpack(tmp_path: Path, field: int, value: int, expected: type[AssemblyError]) -> None:
    """Damaged and encrypted archives differ from those that other programs may read: another method, sizes."""
    data = _directory_edited(lambda data, at: struct.pack_into("<H", data, at + field, value))
    (tmp_path / "hostile.zip").write_bytes(data)
    with pytest.raises(AssemblyError) as error:
        measure(tmp_path / "hostile.zip")
    assert type(error.value) is expected


@pytest.mark.parametrize(
    ("cut", "count", "said"),
    [
        (0, 1, "says that it has 1 entries, and has more"),
        (0, 3, "says that it has 3 entries, and has 2"),
        (10, 2, "has a damaged directory"),
        (4, 2, "has a damaged directory"),
    ],
)
def test_directories_of_other_lengths(tmp_path: Path, cut: int, count: int, said: str) -> None:
    """The end of an archive may promise more or fewer entries than there are, or half of one."""
    data = _directory_edited(lambda *_: None)
    end = data.index(b"PK\5\6")
    made = bytearray(data[: end - cut] + data[end:])
    struct.pack_into("<2HL", made, end - cut + 8, count, count, end - data.index(b"PK\1\2") - cut)
    (tmp_path / "hostile.zip").write_bytes(made)
    with pytest.raises(AssemblyError, match=said):
        measure(tmp_path / "hostile.zip")


def test_an_archive_without_its_beginning(tmp_path: Path) -> None:
    """Places that would be before the file are not read."""
    (tmp_path / "cut.zip").write_bytes(_directory_edited(lambda *_: None)[7:])
    with pytest.raises(AssemblyError, match="its directory begins before the file does"):
        measure(tmp_path / "cut.zip")


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    """The trick of small archives that inflate to petabytes is refused."""
    data = _directory_edited(lambda *_: None)
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    (tmp_path / "bomb.zip").write_bytes(data[: second + 42] + bytes(4) + data[second + 46 :])
    with pytest.raises(AssemblyError, match=r"entries that overlap: 'a\.py' and 'b\.py'"):
        measure(tmp_path / "bomb.zip")


def test_large_but_honest_archives_are_weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the bound files still weigh, so that the rule about sizes can say it, and their content is not read."""
    monkeypatch.setattr(module, "MAX_INFLATED_BYTES", 100_000)
    files = {"a.py": KEY, "b.txt": b"\n" * 100_000 + KEY, "python/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n"}
    contents = measure(_zip(tmp_path / "large.zip", files))
    assert contents.unzipped_bytes == sum(map(len, files.values()))
    assert [trait.path for trait in contents.traits] == ["a.py"]
    assert contents.versions == {"x": "1"}


def test_bomb_costs_nothing(tmp_path: Path) -> None:
    """An entry that truthfully inflates to gigabytes counts as that many bytes without being inflated."""
    file = io.BytesIO()
    writer = Writer(file)
    writer.add(zipformat.Entry("bomb", 0o100644, zipformat.DEFLATED, 0, 3, 4_000_000_000, 0), b"\x63\x00\x00")
    writer.end()
    (tmp_path / "bomb.zip").write_bytes(file.getvalue())
    assert measure(tmp_path / "bomb.zip").unzipped_bytes == 4_000_000_000


@posix_only
def test_sparse_giants_are_weighed(tmp_path: Path) -> None:
    """A file of a terabyte weighs that and is not read."""
    (tmp_path / "tree").mkdir()
    with (tmp_path / "tree/huge.bin").open("wb") as file:
        file.truncate(2**40)
    assert measure(tmp_path / "tree").unzipped_bytes == 2**40


def test_too_much_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata is held in memory, and so it is bounded."""
    monkeypatch.setattr(module, "MAX_METADATA_BYTES", 1000)
    path = _zip(tmp_path / "hostile.zip", {f"{count}-1.dist-info/RECORD": b"x" * 300 for count in range(4)})
    with pytest.raises(AssemblyError, match="more than 1000 bytes of metadata"):
        measure(path)


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of more entries than any layer has is not read; ten thousand files are."""
    path = _zip(tmp_path / "many.zip", {f"python/{count}.py": b"" for count in range(10_000)})
    assert len(measure(path).files) == 10_000
    monkeypatch.setattr(zipformat, "MAX_ENTRIES", 9_999)
    with pytest.raises(AssemblyError, match=r"a directory of 10000 entries .* no more than 9999"):
        measure(path)
    monkeypatch.setattr(zipformat, "MAX_ENTRIES", 10_000)
    monkeypatch.setattr(zipformat, "MAX_DIRECTORY_BYTES", 100_000)
    with pytest.raises(AssemblyError, match=r"in 100000 are read"):
        measure(path)


@posix_only
def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of more files than any layer has is not walked to its end."""
    for count in range(4):
        (tmp_path / f"{count}.py").write_text("")
    monkeypatch.setattr(tree, "MAX_NODES", 4)
    assert len(measure(tmp_path).files) == 4
    monkeypatch.setattr(tree, "MAX_NODES", 3)
    with pytest.raises(AssemblyError, match="contains more than 3 files"):
        measure(tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip" * 100, b"PK\5\6" + bytes(10), b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_zip(tmp_path: Path, data: bytes) -> None:
    """Other files, and the cut off ends of archives, are refused by name."""
    (tmp_path / "asset.zip").write_bytes(data)
    with pytest.raises(AssemblyError, match=r"asset\.zip' (is|says|has)"):
        measure(tmp_path / "asset.zip")


def test_cut_off_anywhere(tmp_path: Path) -> None:
    """An archive that was not copied to its end is an error wherever the end is."""
    data = _zip(tmp_path / "whole.zip", {"a.py": b"x = 1\n" * 20, "b.py": os.urandom(200)}).read_bytes()
    for length in range(0, len(data), 7):
        (tmp_path / "cut.zip").write_bytes(data[:length])
        with pytest.raises(AssemblyError):
            measure(tmp_path / "cut.zip")


def test_nothing_there(tmp_path: Path) -> None:
    """A path to nothing is an error that names it."""
    with pytest.raises(AssemblyError, match=r"missing\.zip' cannot be read: No such file"):
        measure(tmp_path / "missing.zip")


def test_empty_archives_and_folders(tmp_path: Path) -> None:
    """Nothing inside is no error: rules judge that."""
    assert measure(_zip(tmp_path / "empty.zip", {})).files == {}
    (tmp_path / "empty").mkdir()
    assert measure(tmp_path / "empty").unzipped_bytes == 0


SEED_FILES = {
    "python/a.py": b"x = 1\n" * 50,
    "é/b": b"",
    "c.so": b"\x7fELF" + bytes(60),
    "x-1.dist-info/RECORD": b"a,,",
}


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutated_archives_are_errors_or_contents(data: st.DataObject) -> None:
    """Whatever is overwritten, inserted or removed, measuring ends with Contents or with an error of this package."""
    with TemporaryDirectory() as folder:
        made = bytearray(_zip(Path(folder, "seed.zip"), SEED_FILES).read_bytes())
        for _ in range(data.draw(st.integers(1, 5))):
            at = data.draw(st.integers(0, len(made) - 1))
            kept = data.draw(st.integers(0, 4))
            made[at : at + kept] = data.draw(
                st.binary(max_size=4) | st.sampled_from([b"\xff" * 4, b"PK\5\6", bytes(8)])
            )
        path = Path(folder, "mutated.zip")
        path.write_bytes(made)
        with suppress(CdkLayersError):
            contents = measure(path)
            assert contents.unzipped_bytes == sum(file.size for file in contents.files.values())


@pytest.mark.parametrize("is_zip", [True, False])
def test_sources_are_read_one_by_one(tmp_path: Path, is_zip: bool) -> None:
    """A reader gives the bytes of single files, and None for what is not there."""
    files = {"main.py": b"def handler(): ...\n", "pkg/__init__.py": b""}
    if is_zip:
        reader = open_sources(_zip(tmp_path / "made.zip", files))
    else:
        for name, data in files.items():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / name).write_bytes(data)
        reader = open_sources(tmp_path / "tree")
    assert {name: reader.read(name) for name in files} == files
    assert [reader.read(name) for name in ("missing.py", "pkg", "pkg/", "", "../tree/main.py/..", "\0")] == [None] * 6


def test_sources_stay_inside(tmp_path: Path) -> None:
    """A path that leaves the folder reads nothing, whatever lies there."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "secret.py").write_text("secret")
    assert open_sources(tmp_path / "tree").read("../secret.py") is None
    assert open_sources(tmp_path / "tree").read(str(tmp_path / "secret.py")) is None


def test_sources_are_bounded(tmp_path: Path) -> None:
    """A file that is no source code by its size is not read, and a damaged archive is an error."""
    path = _zip(tmp_path / "made.zip", {"fits.py": bytes(16 * 1024**2), "large.py": bytes(16 * 1024**2 + 1)})
    assert len(open_sources(path).read("fits.py") or b"") == 16 * 1024**2
    assert open_sources(path).read("large.py") is None
    with pytest.raises(AssemblyError, match=r"README\.zip"):
        open_sources(_text(tmp_path / "README.zip")).read("a.py")


def _text(path: Path) -> Path:
    path.write_text("no zip")
    return path


def test_own_archives_hold_regular_files_only(tmp_path: Path) -> None:
    """What this project packs is reported with type and permission bits apart."""
    (tmp_path / "run").write_text("x")
    write_archive(tmp_path / "archive.zip", [Member("bin/run", tmp_path / "run", executable=True)])
    contents = measure(tmp_path / "archive.zip")
    assert {file.mode for file in contents.files.values()} == {0o755}
    assert not any(stat.S_IFMT(file.mode) for file in contents.files.values())


@pytest.mark.parametrize(("spare", "natives"), [(0, 1), (-1, 0)])
def test_metadata_is_read_before_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare: int, natives: int
) -> None:
    """Within the bound, metadata of distributions comes first; files beyond it count with their sizes only."""
    info = tmp_path / "six-1.0.dist-info"
    info.mkdir()
    metadata = b"Metadata-Version: 2.1\nName: six\nVersion: 1.0\n"
    (info / "METADATA").write_bytes(metadata)
    native = b"\x7fELF\x02\x01".ljust(64, b"\0")
    (tmp_path / "a.so").write_bytes(native)
    monkeypatch.setattr(module, "MAX_INFLATED_BYTES", len(metadata) + len(native) + spare)
    contents = measure(tmp_path)
    assert [found.name for found in contents.distributions] == ["six"]
    assert len(contents.natives) == natives
    assert contents.unzipped_bytes == len(metadata) + len(native)


def test_two_entries_of_one_file_are_read_in_turns(tmp_path: Path) -> None:
    """A reader of an entry does not rely on where another one left the file."""
    files = {"a.bin": os.urandom(600_000), "b.bin": os.urandom(600_000)}
    with _zip(tmp_path / "two.zip", files).open("rb") as file:
        entries = checked_entries(file)
        blocks = zip_longest(*(inflated(file, entries[name], 10**6) for name in files), fillvalue=b"")
        read = [b"".join(part) for part in zip(*blocks, strict=True)]
    assert read == [*files.values()]
