"""Reading requirements files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cdk_layers.build.requirements_file import RequirementsFile, read_requirements_file
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str) -> RequirementsFile:
    """Return what a requirements.txt with this text asks for."""
    (folder / "requirements.txt").write_text(text, encoding="utf-8")
    return read_requirements_file(folder / "requirements.txt", folder)


@pytest.mark.parametrize(
    ("line", "name", "version"),
    [
        ("six==1.16.0", "six", "1.16.0"),
        ("Charset_Normalizer == 3.4.0  # why", "charset-normalizer", "3.4.0"),
        ("six===1.16.0", "six", "1.16.0"),
        ("requests[socks]==2.32.3", "requests", "2.32.3"),
        ("six", "six", None),
        ("six>=1.10", "six", None),
        ("six==1.*", "six", None),
        ("six==1.16.0,!=1.15", "six", None),
    ],
)
def test_name_and_version(tmp_path: Path, line: str, name: str, version: str | None) -> None:
    """A requirement is pinned when it admits one version only."""
    (wanted,) = read(tmp_path, line).wanted
    assert (wanted.name, wanted.version, wanted.is_pinned) == (name, version, version is not None)


def test_hashes_over_several_lines(tmp_path: Path) -> None:
    """Hashes on continued lines belong to their requirement and leave its text; a comment ends it."""
    text = (
        "six==1.16.0 ; python_version > '3' \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb \\\n  # via x\nidna==3.10\n"
    )
    six, idna = read(tmp_path, text).wanted
    assert six.hashes == ("sha256:aa", "sha256:bb")
    assert six.text == "six==1.16.0 ; python_version > '3'"
    assert six.marker == 'python_version > "3"'
    assert (idna.name, idna.hashes) == ("idna", ())


def test_included_files(tmp_path: Path) -> None:
    """-r and -c files count, relative to the file that names them, each once, and what -c names only constrains."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text("-c limits.txt\nidna\n", encoding="utf-8")
    (tmp_path / "more" / "limits.txt").write_text("idna==3.10\n", encoding="utf-8")
    found = read(tmp_path, "-r more/base.txt\n--requirement=more/base.txt\nsix\n")
    assert [(one.name, one.is_constraint) for one in found.wanted] == [("idna", True), ("idna", False), ("six", False)]
    assert [path.name for path in found.paths] == ["requirements.txt", "base.txt", "limits.txt"]


def test_options(tmp_path: Path) -> None:
    """Lines that say where to look are kept as options, folders among them as absolute paths."""
    options = read(
        tmp_path, "-i https://a.example/simple\n--extra-index-url=https://b.example\n-f wheels\n--no-index\n"
    )
    assert [(one.name, one.value) for one in options.options] == [
        ("--index-url", "https://a.example/simple"),
        ("--extra-index-url", "https://b.example"),
        ("--find-links", str(tmp_path / "wheels")),
        ("--no-index", ""),
    ]


@pytest.mark.parametrize("line", ["./lib", "-e ./lib", "lib @ file://{folder}/lib", "{folder}/lib", "-e lib/[fast]"])
def test_local_folder(tmp_path: Path, line: str) -> None:
    """A folder on this machine is found however it is named, and an editable one is an ordinary one."""
    (tmp_path / "lib").mkdir()
    (wanted,) = read(tmp_path, line.format(folder=tmp_path.as_posix())).wanted
    assert wanted.local == tmp_path / "lib"
    assert not wanted.text.startswith("-e")


def test_local_wheel(tmp_path: Path) -> None:
    """A wheel in the entry folder gives its name."""
    (tmp_path / "Some_Lib-1.0-py3-none-any.whl").touch()
    (wanted,) = read(tmp_path, "./Some_Lib-1.0-py3-none-any.whl").wanted
    assert (wanted.name, wanted.is_pinned) == ("some-lib", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("six==1.16.0\n\n=nope\n", "requirements.txt, line 3: '=nope' is not a requirement"),
        ("six==1.16.0\nsix 1.0\n", "requirements.txt, line 2: 'six 1.0' is not a requirement"),
        ("-r missing.txt\n", "requirements.txt, line 1 includes 'missing.txt', and there is no such file"),
        ("six\n--frobnicate x\n", "requirements.txt, line 2: the option '--frobnicate'"),
        ("--index-url\n", "requirements.txt, line 1: the option '--index-url' needs a value"),
        ("./lib\n", "requirements.txt, line 1 names './lib', and there is no such file or folder"),
        ("-r https://user:hidden@a.example/r.txt\n", "requirements.txt, line 1: requirements are read from files only"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be understood is told with its file and line, and without credentials."""
    with pytest.raises(EntryError, match=re.escape(message)) as caught:
        read(tmp_path, text)
    assert "hidden" not in str(caught.value)


def test_line_of_an_included_file(tmp_path: Path) -> None:
    """A bad line in an included file is told with that file."""
    (tmp_path / "base.txt").write_text("six\n??\n", encoding="utf-8")
    with pytest.raises(EntryError, match=r"base\.txt, line 2"):
        read(tmp_path, "-r base.txt")


def test_not_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused by name."""
    (tmp_path / "requirements.txt").write_bytes(b"six\xff\xfe")
    with pytest.raises(EntryError, match=r"requirements\.txt is not UTF-8 text \(byte 3\)"):
        read_requirements_file(tmp_path / "requirements.txt", tmp_path)
