"""Archives: what shapes them, what does not, and that everybody can read them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import isal_zlib

from cdk_layers.building.archives import compression, hashing
from cdk_layers.building.archives.hashing import Piece, content_digest
from cdk_layers.building.archives.join import Join, Placed
from cdk_layers.building.archives.members import Member, collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.archives.zip_writer import Writer, directory, directory_bytes
from cdk_layers.contents import tree
from cdk_layers.contents.inspection import HEAD_BYTES
from cdk_layers.contents.measure import measure
from cdk_layers.contents.zipformat import MAX_32_BITS, STORED, Entry, read_directory
from cdk_layers.errors import BuildError, EntryError
from cdk_layers.store import contents_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def _members(folder: Path, files: Mapping[str, bytes], *, executable: bool = False) -> list[Member]:
    folder.mkdir(parents=True, exist_ok=True)
    members = []
    for count, (name, data) in enumerate(files.items()):
        source = folder / str(count)
        source.write_bytes(data)
        members.append(Member(name, source, executable))
    return members


def _random(length: int) -> bytes:
    return b"".join((count * 2654435761 % 2**32).to_bytes(4, "little") for count in range(length // 4 + 1))[:length]


def test_archive_says_nothing_about_its_making(tmp_path: Path) -> None:
    """Entries are sorted, of 1980, made on Unix, 644 or 755, without extra fields or folders."""
    members = [
        *_members(tmp_path / "plain", {"python/z.py": b"z", "python/a/é.py": b"a" * 1000}),
        *_members(tmp_path / "programs", {"bin/run": b"#!/bin/sh\n"}, executable=True),
    ]
    write_archive(tmp_path / "archive.zip", members)
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["bin/run", "python/a/é.py", "python/z.py"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [oct(entry.external_attr >> 16) for entry in entries] == ["0o100755", "0o100644", "0o100644"]
    assert {entry.create_system for entry in entries} == {3}
    assert {entry.extra for entry in entries} == {b""}
    assert [bool(entry.flag_bits & 0x800) for entry in entries] == [False, True, False]


def test_archive_is_the_same_from_other_files(tmp_path: Path) -> None:
    """Folder, times and order of the sources leave no trace in the archive."""
    files = {"b.py": b"b" * 5000, "a.py": _random(3000), "c/d.py": b""}
    first = write_archive(tmp_path / "1.zip", _members(tmp_path / "here", files))
    others = _members(tmp_path / "there" / "deeper", dict(reversed(files.items())))
    for member in others:
        os.utime(member.source, (1, 1))
    assert write_archive(tmp_path / "2.zip", others) == first
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


names = st.lists(
    st.text(st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
        lambda part: part not in {".", ".."}
    ),
    min_size=1,
    max_size=3,
).map("/".join)
trees = st.dictionaries(names, st.binary(max_size=300), max_size=8)


@settings(deadline=None, max_examples=60)
@given(files=trees)
def test_zipfile_reads_back_what_was_packed(files: dict[str, bytes]) -> None:
    """The standard library finds every name, every byte and every checksum; measuring finds every size."""
    with TemporaryDirectory() as folder:
        archive = Path(folder, "archive.zip")
        write_archive(archive, _members(Path(folder, "files"), files))
        with zipfile.ZipFile(archive) as opened:
            assert opened.testzip() is None
            assert {name: opened.read(name) for name in opened.namelist()} == files
        assert {path: file.size for path, file in measure(archive).files.items()} == {
            name: len(data) for name, data in files.items()
        }


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_accepts_the_archive(tmp_path: Path) -> None:
    """Info-ZIP tests it without a warning, names in other scripts and large files included."""
    files = {"python/größe.py": b"x = 1\n", "data.bin": _random(3 * HEAD_BYTES + 5), "empty": b""}
    write_archive(tmp_path / "archive.zip", _members(tmp_path / "files", files))
    done = subprocess.run(["unzip", "-t", tmp_path / "archive.zip"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No errors detected" in done.stdout


@pytest.mark.parametrize("length", [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 2 * HEAD_BYTES, 5 * HEAD_BYTES])
@pytest.mark.parametrize("make", [_random, lambda length: b"layer" * (length // 5) + b"!" * (length % 5)])
def test_files_of_any_number_of_blocks(tmp_path: Path, length: int, make: Callable[[int], bytes]) -> None:
    """Compressing in blocks joins to one right stream, around the size of a block."""
    data = make(length)
    write_archive(tmp_path / "archive.zip", _members(tmp_path / "files", {"a": b"1", "data": data, "z": b"2"}))
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("data") == data
        assert archive.read("z") == b"2"


def test_members_in_one_file(tmp_path: Path) -> None:
    """Members whose bytes are in one file make the same archive as files of their own, also large and empty ones."""
    files = {"b.pyc": _random(HEAD_BYTES + 5), "a.pyc": b"", "c.pyc": b"c" * 99}
    write_archive(tmp_path / "files.zip", _members(tmp_path / "files", files))
    (tmp_path / "all").write_bytes(b"before" + b"".join(files.values()) + b"after")
    starts = accumulate(map(len, files.values()), initial=len(b"before"))
    members = [
        Member(name, tmp_path / "all", size=len(data), offset=start)
        for (name, data), start in zip(files.items(), starts, strict=False)
    ]
    write_archive(tmp_path / "one.zip", members)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "files.zip").read_bytes()


def test_what_does_not_compress_is_stored(tmp_path: Path) -> None:
    """A compressed file inside the archive takes no more than its own bytes."""
    data = os.urandom(50_000)
    write_archive(tmp_path / "archive.zip", _members(tmp_path / "files", {"noise": data, "text": b"a" * 50_000}))
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        assert archive.getinfo("noise").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("text").compress_type == zipfile.ZIP_DEFLATED


def test_archive_is_the_same_wherever_the_compressor_lies(tmp_path: Path) -> None:
    """ISA-L, left alone, takes its own address for a part of what it compresses."""
    contents = [os.urandom(400) * 2 for _ in range(300)]
    (member,) = _members(tmp_path, {"a.txt": contents[0]})
    piece = Piece(member, offset=0, length=800, size=800)
    in_the_way = []
    ways = set()
    for _ in range(100):
        # What is there already keeps the next ones from the same place.
        in_the_way += [isal_zlib.compressobj() for _ in range(3)]
        ways.add(tuple(compression._deflate(piece, content) for content in contents))
    assert len(ways) == 1


def test_digest_is_independent_of_the_compressor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another level makes another archive and the same digest."""
    members = _members(tmp_path / "files", {"a.py": b"import this\n" * 500, "big": _random(2 * HEAD_BYTES)})
    first = write_archive(tmp_path / "1.zip", members)
    monkeypatch.setattr(compression, "_LEVEL", 0)
    assert write_archive(tmp_path / "2.zip", members) == first
    assert (tmp_path / "1.zip").read_bytes() != (tmp_path / "2.zip").read_bytes()
    assert content_digest(members) == first


def test_digest_follows_names_modes_and_bytes(tmp_path: Path) -> None:
    """Whatever is different in the content makes another digest."""
    digests = {
        content_digest(_members(tmp_path / "0", {"a": b"1", "b": b"2"})),
        content_digest(_members(tmp_path / "1", {"a": b"1", "c": b"2"})),
        content_digest(_members(tmp_path / "2", {"a": b"1", "b": b"3"})),
        content_digest(_members(tmp_path / "3", {"a": b"1", "b": b"2"}, executable=True)),
        content_digest(_members(tmp_path / "4", {"a": b"1"})),
        content_digest(_members(tmp_path / "5", {"a": b"1", "b": b"2", "c": b""})),
    }
    assert len(digests) == 6


def test_joined_archive_is_the_one_that_would_have_been_written(tmp_path: Path) -> None:
    """Parts join to the same bytes, digest and record as all files packed at once, wherever the cut was."""
    files = {f"python/{count:02}.py": _random(count * 40_000) for count in range(30)} | {"bin/x": b"x"}
    members = _members(tmp_path / "files", files)
    whole = write_archive(tmp_path / "whole.zip", members)
    for cut in (0, 7, 31):
        write_archive(tmp_path / "1.zip", members[cut:])
        write_archive(tmp_path / "2.zip", members[:cut])
        join = Join.of([Placed(tmp_path / "1.zip"), Placed(tmp_path / "2.zip")])
        join.write(tmp_path / "joined.zip")
        assert (join.digest, join.contents()) == (whole, contents_json.read_beside(tmp_path / "whole.zip"))
        assert (tmp_path / "joined.zip").read_bytes() == (tmp_path / "whole.zip").read_bytes()
        assert join.archive_bytes == (tmp_path / "whole.zip").stat().st_size


def test_later_parts_win(tmp_path: Path) -> None:
    """Of two files with one name the last part's lands in the archive, and its record tells that one."""
    info = {"x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n", "x-1.dist-info/RECORD": b"x.py,,\n"}
    write_archive(tmp_path / "1.zip", _members(tmp_path / "1", {**info, "x.py": b"old", "y.py": b""}))
    write_archive(tmp_path / "2.zip", _members(tmp_path / "2", {"x.py": b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64}))
    join = Join.of([Placed(tmp_path / "1.zip"), Placed(tmp_path / "2.zip")])
    join.write(tmp_path / "3.zip")
    with zipfile.ZipFile(tmp_path / "3.zip") as archive:
        assert archive.namelist() == [*sorted(info), "x.py", "y.py"]
        assert archive.read("x.py").startswith(b"-----BEGIN")
    contents = join.contents()
    assert contents == measure(tmp_path / "3.zip")
    assert join.archive_bytes == (tmp_path / "3.zip").stat().st_size
    assert [trait.path for trait in contents.traits] == ["x.py"]
    assert contents.distributions[0].unzipped_bytes == 28 + 64
    again = _members(tmp_path / "3", {**info, "x.py": b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64, "y.py": b""})
    assert content_digest(again) == join.digest


def test_any_number_of_parts(tmp_path: Path) -> None:
    """Three parts join like two, in whatever order they come."""
    members = _members(tmp_path / "files", {"a": b"1", "b": b"2", "c": b"3"})
    for member in members:
        write_archive(tmp_path / f"{member.name}.zip", [member])
    assert Join.of([Placed(tmp_path / f"{name}.zip") for name in "cab"]).digest == content_digest(members)


@pytest.mark.parametrize("count", [1, 65_534, 65_535])
def test_size_before_it_is_written(count: int) -> None:
    """The bytes of a directory are known without making it, in its wide form too."""
    entries = [Entry(f"é{number}", 0o100644, 0, 0, 0, 0, 0) for number in range(count)]
    assert directory_bytes([entry.name for entry in entries]) == sum(map(len, directory(entries, 0)))


def test_digests_of_another_archive_are_refused(tmp_path: Path) -> None:
    """Joining does not guess when the file beside a part does not fit it."""
    write_archive(tmp_path / "1.zip", _members(tmp_path / "files", {"a": b"1", "b": b"2"}))
    (tmp_path / "1.digests").write_bytes(bytes(32))
    with pytest.raises(BuildError, match=r"do not fit it\. Remove its folder"):
        Join.of([Placed(tmp_path / "1.zip")])


def test_record_beside_is_what_measuring_finds(tmp_path: Path) -> None:
    """Looking into files while packing them and reading the finished archive come to the same."""
    key = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIE" * 16 + b"\n"
    files = {
        "python/six-1.dist-info/METADATA": b"Name: six\nVersion: 1\nRequires-Dist: x\n",
        "python/six-1.dist-info/RECORD": b"six.py,,\n",
        "python/six.py": b"pass\n",
        "key.pem": key,
        "large.txt": b"text\n" * (HEAD_BYTES // 4) + key,
        "lib/x.so": b"\x7fELF" + bytes(100),
    }
    write_archive(tmp_path / "archive.zip", _members(tmp_path / "files", files))
    contents = contents_json.read_beside(tmp_path / "archive.zip")
    assert contents == measure(tmp_path / "archive.zip")
    assert [trait.path for trait in contents.traits] == ["key.pem", "large.txt"]
    assert [native.path for native in contents.natives] == ["lib/x.so"]
    assert contents.versions == {"six": "1"}


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """An archive has no name twice; the error tells both files."""
    members = _members(tmp_path / "1", {"a.py": b"1"}) + _members(tmp_path / "2", {"a.py": b"2"})
    with pytest.raises(EntryError, match=r"'a\.py'.*Rename or exclude"):
        write_archive(tmp_path / "archive.zip", members)


@pytest.mark.parametrize("now", [b"longer than before", b"less", None])
def test_file_that_changes_meanwhile_is_refused(tmp_path: Path, now: bytes | None) -> None:
    """A file that another program writes or removes while it is packed is an error, not a broken entry."""
    (member,) = _members(tmp_path / "files", {"a.log": b"ten bytes."})
    if now is None:
        member.source.unlink()
    else:
        member.source.write_bytes(now)
    with pytest.raises(EntryError, match=r"(changed|removed) while it was packed"):
        hashing.read(hashing.Piece(member, 0, 10, 10))


def test_many_entries() -> None:
    """From 65,535 entries on the directory has its wide form, and every reader reads both forms."""
    file = io.BytesIO()
    writer = Writer(file)
    for count in (65_534, 65_535):
        file.seek(writer.offset)
        for number in range(len(writer.entries), count):
            writer.add(Entry(f"{number:05}", 0o100644, STORED, 0, 0, 0, writer.offset), b"")
        writer.end()
        assert (b"PK\6\6" in file.getvalue()[-200:]) == (count == 65_535)
        assert len(read_directory(file)) == count
        assert len(zipfile.ZipFile(file).namelist()) == count


@pytest.mark.parametrize(("size", "is_fine"), [(MAX_32_BITS - 1, True), (MAX_32_BITS, False)])
def test_entry_of_four_gibibytes_is_refused(size: int, is_fine: bool) -> None:
    """What plain zip fields cannot tell is far over the service's limit, and the error says so."""
    writer = Writer(io.BytesIO())
    entry = Entry("python/huge.bin", 0o100644, STORED, 0, 0, size, 0)
    if is_fine:
        writer.add(entry, b"")
    else:
        with pytest.raises(BuildError, match=r"exceeds 4 GiB with 'python/huge\.bin'.*262144000"):
            writer.add(entry, b"")


def _tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_collect_names_files_below_the_prefix(tmp_path: Path) -> None:
    """Files come sorted by their names in the archive, hidden ones included, folders not."""
    root = _tree(tmp_path / "entry", "b.py", "a/c.py", "a/.hidden", "a-b.py")
    (root / "nothing").mkdir()
    assert [member.name for member in collect(root, "python")] == [
        "python/a-b.py",
        "python/a/.hidden",
        "python/a/c.py",
        "python/b.py",
    ]
    assert [member.name for member in collect(root)] == ["a-b.py", "a/.hidden", "a/c.py", "b.py"]


def test_collect_asks_about_files_and_folders(tmp_path: Path) -> None:
    """The test sees relative names, with a slash behind folders, and never what lies in an excluded one."""
    root = _tree(tmp_path / "entry", "a/b/c.py", "a/d.py", ".venv/x/y.py")
    asked = []

    def excluded(name: str) -> bool:
        asked.append(name)
        return name in {".venv/", "a/d.py"}

    assert [member.name for member in collect(root, excluded=excluded)] == ["a/b/c.py"]
    assert asked == [".venv/", "a/", "a/b/", "a/b/c.py", "a/d.py"]


@posix_only
def test_collect_keeps_programs_executable(tmp_path: Path) -> None:
    """A file that its owner may execute is a program, whatever its other bits are."""
    root = _tree(tmp_path / "entry", "run", "data")
    (root / "run").chmod(0o700)
    (root / "data").chmod(0o666)
    assert {member.name: member.executable for member in collect(root)} == {"run": True, "data": False}


@posix_only
def test_collect_follows_links_inside(tmp_path: Path) -> None:
    """Links to files and to folders of the entry become what they lead to, absolute ones too."""
    root = _tree(tmp_path / "entry", "lib/real.so", "pkg/mod.py")
    (root / "lib/link.so").symlink_to("real.so")
    (root / "alias").symlink_to(root / "pkg")
    (root / "twice").symlink_to("alias")
    members = {member.name: member.source.read_text() for member in collect(root)}
    assert members == {
        "alias/mod.py": "pkg/mod.py",
        "lib/link.so": "lib/real.so",
        "lib/real.so": "lib/real.so",
        "pkg/mod.py": "pkg/mod.py",
        "twice/mod.py": "pkg/mod.py",
    }


@posix_only
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("../outside.py", "leaves the folder.*Copy its target"),
        ("missing.py", "leads to nothing.*Remove it"),
        ("link", "leads back into itself"),
        (".", "leads back into itself"),
        ("../entry/folder/..", "leads back into itself"),
    ],
)
def test_collect_refuses_links_that_lead_astray(tmp_path: Path, target: str, said: str) -> None:
    """A link out of the entry, to nothing or in a cycle is an error that names it and says what to do."""
    root = _tree(tmp_path / "entry", "folder/a.py")
    (tmp_path / "outside.py").write_text("")
    (root / "link").symlink_to(target)
    with pytest.raises(EntryError, match=rf"The symlink 'link' -> .*{said}"):
        collect(root)
    assert collect(root, excluded=lambda name: name.startswith("link"))


@posix_only
def test_collect_stops_at_links_that_multiply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that link to each other have endlessly many names; the walk ends at a fixed number."""
    monkeypatch.setattr(tree, "MAX_NODES", 1000)
    root = tmp_path / "entry"
    for level in range(12):
        (root / f"{level:02}").mkdir(parents=True)
        (root / f"{level:02}" / "a").symlink_to(f"../{level + 1:02}")
        (root / f"{level:02}" / "b").symlink_to(f"../{level + 1:02}")
    _tree(root, "12/file")
    with pytest.raises(EntryError, match="more than 1000 files"):
        collect(root)


@posix_only
def test_collect_goes_as_deep_as_the_file_system(tmp_path: Path) -> None:
    """A tree deeper than Python's own stack is walked."""
    root = tmp_path / "entry"
    root.mkdir()
    handle = os.open(root, os.O_RDONLY)
    try:
        for _ in range(1200):
            os.mkdir("d", dir_fd=handle)
            below = os.open("d", os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = below
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    finally:
        os.close(handle)
    try:
        assert [member.name for member in collect(root)] == ["d/" * 1200 + "file"]
    finally:
        # What pytest removes old folders with is not made for such a tree.
        subprocess.run(["rm", "-rf", root], check=True)


@posix_only
def test_collect_refuses_what_is_no_file(tmp_path: Path) -> None:
    """A named pipe cannot land in an archive, and no build waits for it."""
    root = _tree(tmp_path / "entry", "a.py")
    os.mkfifo(root / "pipe")
    with pytest.raises(EntryError, match=r"'pipe' in .* is not a regular file.*Remove it, or exclude it"):
        collect(root)


@posix_only
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may read everything")
def test_collect_refuses_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder without permission is an error that says what to do."""
    root = _tree(tmp_path / "entry", "locked/a.py")
    (root / "locked").chmod(0)
    try:
        with pytest.raises(EntryError, match=r"'locked' in .* cannot be read.*Make it readable"):
            collect(root)
    finally:
        (root / "locked").chmod(0o755)
