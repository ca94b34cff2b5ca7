"""Reading requirements files."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.manifests import read_requirements, stored_requirements
from cdk_layers.building.requirements.requirements_file import RequirementsFile, read_requirements_file
from cdk_layers.building.requirements.requirements_text import Variables
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore


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
    (wanted,) = read(tmp_path, line).lines
    assert (wanted.name, wanted.version, wanted.is_pinned) == (name, version, version is not None)


def test_hashes_over_several_lines(tmp_path: Path) -> None:
    """Hashes on continued lines belong to their requirement and leave its text; a comment ends it."""
    text = (
        "six==1.16.0 ; python_version > '3' \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb \\\n  # via x\nidna==3.10\n"
    )
    six, idna = read(tmp_path, text).lines
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
    assert [(one.name, one.is_constraint) for one in found.lines] == [("idna", True), ("idna", False), ("six", False)]
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


@pytest.mark.parametrize(
    "text",
    [
        "-i https://a.example/simple\n-r more.txt\nsix\n",
        "-r more.txt\n-i https://a.example/simple\n--index-url=https://b.example/simple\n",
        "--index-url https://a.example/simple --pre -i https://b.example/simple\n",
    ],
)
def test_last_index_counts(tmp_path: Path, text: str) -> None:
    """Files that tools generate begin with an --index-url each. If one includes another, the last counts, as in pip."""
    (tmp_path / "more.txt").write_text("-i https://b.example/simple\nidna\n", encoding="utf-8")
    options = read(tmp_path, text).options
    assert [one.value for one in options if one.name == "--index-url"] == ["https://b.example/simple"]


@pytest.mark.parametrize("line", ["./lib", "-e ./lib", "lib @ file://{folder}/lib", "{folder}/lib", "-e lib/[fast]"])
def test_local_folder(tmp_path: Path, line: str) -> None:
    """A folder on this machine is found however it is named, and an editable one is an ordinary one."""
    (tmp_path / "lib").mkdir()
    (wanted,) = read(tmp_path, line.format(folder=tmp_path.as_posix())).lines
    assert wanted.local == tmp_path / "lib"
    assert not wanted.text.startswith("-e")


def test_local_wheel(tmp_path: Path) -> None:
    """A wheel in the entry folder gives its name."""
    (tmp_path / "Some_Lib-1.0-py3-none-any.whl").touch()
    (wanted,) = read(tmp_path, "./Some_Lib-1.0-py3-none-any.whl").lines
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
        (
            "six==1.17.0\ncertifi @ file:///nowhere/feedstock_root/certifi\n",
            "or add what it names. If 'pip freeze' wrote it, as for distributions of conda, write the version",
        ),
        ("-r https://user:hidden@a.example/r.txt\n", "requirements.txt, line 1: requirements are read from files only"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be understood is reported with its file and line, and without credentials."""
    with pytest.raises(EntryError, match=re.escape(message)) as caught:
        read(tmp_path, text)
    assert "hidden" not in str(caught.value)


def test_line_of_an_included_file(tmp_path: Path) -> None:
    """A bad line in an included file is reported with that file."""
    (tmp_path / "base.txt").write_text("six\n??\n", encoding="utf-8")
    with pytest.raises(EntryError, match=r"base\.txt, line 2"):
        read(tmp_path, "-r base.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"six\xff\xfe", "requirements.txt is not UTF-8 text (byte 3)"),
        ("six==1.17.0\r\n".encode("utf-16-le"), "requirements.txt contains NUL (byte 1), as UTF-16 does"),
        ("six==1.17.0\r\n".encode("utf-16-be"), "requirements.txt contains NUL (byte 0), as UTF-16 does"),
        (b"# c\nsix==1.17.0\0", "requirements.txt contains NUL (byte 15)"),
    ],
)
def test_not_text(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that is not UTF-8 is refused by name."""
    (tmp_path / "requirements.txt").write_bytes(content)
    with pytest.raises(EntryError, match=re.escape(message)):
        read_requirements_file(tmp_path / "requirements.txt", tmp_path)


def test_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables in upper case are expanded wherever pip does: included files, paths, URLs, folders, versions."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text("six==${SIX}\n", encoding="utf-8")
    (tmp_path / "more" / "a-1.0-py3-none-any.whl").touch()
    for name, value in {"MORE": str(tmp_path / "more"), "SIX": "1.16.0", "HOST": "a.example"}.items():
        monkeypatch.setenv(name, value)
    found = read(
        tmp_path,
        "-r ${MORE}/base.txt\n${MORE}/a-1.0-py3-none-any.whl\na @ file://${MORE}/a-1.0-py3-none-any.whl\n"
        "--find-links ${MORE}\n-i https://${HOST}/$HOST/${host}\n",
    )
    wheel = tmp_path / "more" / "a-1.0-py3-none-any.whl"
    assert [(one.name, one.version, one.local) for one in found.lines] == [
        ("six", "1.16.0", None),
        ("a", None, wheel),
        ("a", None, wheel),
    ]
    assert [one.value for one in found.options] == [str(tmp_path / "more"), "https://a.example/$HOST/${host}"]


def test_variable_that_is_not_set(tmp_path: Path, store: LocalStore) -> None:
    """A variable that is not set is an error that names it, unless only what is known already is asked for."""
    with pytest.raises(EntryError, match=r"requirements\.txt, line 1 names the environment variable NO_SUCH_ONE"):
        read(tmp_path, "-r ${NO_SUCH_ONE}/base.txt")
    (tmp_path / "requirements.txt").write_text("-i https://${NO_SUCH_ONE}@a.example\n", encoding="utf-8")
    job = Job(tmp_path, Target("3.13", "x86_64"), BuildOptions(), store)
    found = stored_requirements(job, may_lack=True)
    assert found is not None
    assert found.lacks_credentials
    with pytest.raises(EntryError, match="NO_SUCH_ONE"):
        read_requirements(job)


@pytest.mark.parametrize(
    "line", ["a @ https://a.example/${API_TOKEN}/a-1.0-py3-none-any.whl", "-i https://${WHO}:${API_TOKEN}@a.example/"]
)
def test_secrets_of_variables(tmp_path: Path, line: str) -> None:
    """What variables of credentials contain is known to uv alone; keys and messages have the variables' names."""
    variables = Variables({"API_TOKEN": "s3cr3t-Word", "WHO": "someone"})
    (tmp_path / "requirements.txt").write_text(line, encoding="utf-8")
    found = read_requirements_file(tmp_path / "requirements.txt", tmp_path, variables)
    (masked,) = [line.masked for line in found.lines] + [option.masked for option in found.options]
    assert "s3cr3t-Word" not in str(masked)
    assert "${API_TOKEN}" in str(masked)
    assert ("API_TOKEN", "s3cr3t-Word") in variables.named_secrets.items()
    assert variables.mask(f"at s3cr3t-Word{line}").startswith("at ${API_TOKEN}")


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF16_LE + "six==1.16.0\r\n# ü\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "six==1.16.0\r\n".encode("utf-16-be"),
        codecs.BOM_UTF8 + b"six==1.16.0\n",
        codecs.BOM_UTF32_LE + "six==1.16.0\n".encode("utf-32-le"),
        "# -*- coding: latin-1 -*-\n# ü\nsix==1.16.0\n".encode("latin-1"),
        "# first\n# vim: set fileencoding=cp1252 :\nsix==1.16.0  # ü\n".encode("cp1252"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes) -> None:
    """Byte order marks and coding comments in the first two lines decide, as in pip."""
    (tmp_path / "requirements.txt").write_bytes(data)
    (six,) = read_requirements_file(tmp_path / "requirements.txt", tmp_path).lines
    assert (six.name, six.version) == ("six", "1.16.0")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"# coding: latin-1x\nsix\n", "'latin-1x', which Python does not support"),
        (b"# coding: hex\nsix\n", "'hex'"),
        (codecs.BOM_UTF16_LE + b"s\x00i", "not UTF-16-LE text"),
    ],
)
def test_encodings_that_cannot_be(tmp_path: Path, data: bytes, message: str) -> None:
    """An encoding that is unknown, or that does not fit, is an error."""
    (tmp_path / "requirements.txt").write_bytes(data)
    with pytest.raises(EntryError, match=message):
        read_requirements_file(tmp_path / "requirements.txt", tmp_path)


def test_forms_of_options(tmp_path: Path) -> None:
    """Options are read as pip reads them: joined to their values, quoted, several in a line."""
    (tmp_path / "base file.txt").write_text("six\n", encoding="utf-8")
    found = read(
        tmp_path, "-r'base file.txt'\n-ihttps://a.example --extra-index-url = https://b.example --no-index\n-f=wheels\n"
    )
    assert [one.name for one in found.lines] == ["six"]
    assert [(one.name, one.value) for one in found.options] == [
        ("--index-url", "https://a.example"),
        ("--extra-index-url", "https://b.example"),
        ("--no-index", ""),
        ("--find-links", str(tmp_path / "wheels")),
    ]


def test_many_nested_files(tmp_path: Path) -> None:
    """Files may be nested deeper than Python's calls, and may include each other."""
    for number in range(1200):
        (tmp_path / f"{number}.txt").write_text(f"-r{number + 1}.txt\n", encoding="utf-8")
    (tmp_path / "1200.txt").write_text("-r 0.txt\nsix\n", encoding="utf-8")
    assert [one.name for one in read(tmp_path, "-r0.txt").lines] == ["six"]


def test_constraints_that_are_required_too(tmp_path: Path) -> None:
    """A file that is included as constraints and as requirements is both."""
    (tmp_path / "base.txt").write_text("six==1.16.0\n", encoding="utf-8")
    assert [one.is_constraint for one in read(tmp_path, "-c base.txt\n-r base.txt").lines] == [True, False]


def test_editable_is_never_a_name(tmp_path: Path) -> None:
    """What is editable is a folder even if a distribution on the index has its name."""
    with pytest.raises(EntryError, match="names 'six', and there is no such file or folder"):
        read(tmp_path, "-e six")


@pytest.mark.parametrize("text", ["six==1.17.0{}x", "./lib{}; x", "{};" * 4, "-r{}", "six ; python_version > '3'{}x"])
def test_long_lines(tmp_path: Path, text: str) -> None:
    """Lines with very much white space are an error at once."""
    with pytest.raises(EntryError, match=r"requirements\.txt"):
        read(tmp_path, text.replace("{}", " " * 32_000))
