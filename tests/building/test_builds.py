"""From an entry folder to an archive, with real distributions."""

from __future__ import annotations

import _ctypes
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from cdk_layers.building.builds import build, recall
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.inventory import SCHEMA
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system import host
from tests.building.archives_of_builds import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    MakeEntry = Callable[..., Path]

ARM = Target("3.14", "arm64")
X86 = Target("3.13", "x86_64")


def names(archive: Path) -> set[str]:
    """Return the names of an archive's files."""
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


class Deaf:
    """Stands in the door to processes and lets none through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Close the door."""
        monkeypatch.setattr(host, "run", self.run)

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        """Fail for whatever is asked."""
        message = f"nothing may be started, and this was: {command}"
        raise AssertionError(message)


def test_native_code_for_another_machine(make_entry: MakeEntry, store: LocalStore) -> None:
    """A layer for Python 3.14 on arm64 is built on any host: its native code is arm64's, and nothing is missing."""
    entry = make_entry({"requirements.txt": "markupsafe==3.0.3\nsix==1.16.0\n", "company/tools.py": "import six\n"})
    done = build(entry, ARM, store=store)
    assert done.pins == ("markupsafe==3.0.3", "six==1.16.0")
    assert [native.machine for native in done.contents.natives] == ["arm64"]
    assert {"python/company/tools.py", "python/six.py", "python/markupsafe/__init__.py"} <= names(written(done))
    assert done.archive_bytes == written(done).stat().st_size
    assert (done.target, done.report.notes, done.from_cache) == (ARM, (), False)


def test_nothing_of_this_machine_lands_in_the_archive(make_entry: MakeEntry, store: LocalStore) -> None:
    """No manifest, bytecode, cache, lock or path of the host is in the archive; programs name Lambda's Python."""
    entry = make_entry(
        {
            "requirements.txt": "-r more.txt\ncharset-normalizer==3.4.0\n",
            "more.txt": "six==1.16.0\n",
            "a.py": "",
            "__pycache__/a.cpython-313.pyc": "",
            ".venv/pyvenv.cfg": "",
            ".git/config": "",
            "Pipfile": "",
        }
    )
    done = build(entry, X86, store=store)
    found = names(written(done))
    own = {name for name in found if not re.match(r"python/(charset_normalizer|six)", name)}
    assert own == {"python/a.py", "python/bin/normalizer"}
    assert [name for name in found if re.search(r"direct_url|REQUESTED|\.lock$|\.pyc$|more\.txt$", name)] == []
    with zipfile.ZipFile(written(done)) as opened:
        everything = b"".join(opened.read(name) for name in found)
        assert opened.read("python/bin/normalizer").startswith(b"#!/usr/bin/env python3\n")
    assert os.fsencode(sys.prefix) not in everything
    assert os.fsencode(entry) not in everything


def test_cache(make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinned requirements that were built once are found again without starting anything, also by `recall`."""
    entry = make_entry({"requirements.txt": "six==1.16.0\n", "a.py": "1"})
    assert recall(entry, X86, store=store) is None
    first = build(entry, X86, store=store)
    Deaf(monkeypatch)
    again, recalled = build(entry, X86, store=store), recall(entry, X86, store=store)
    assert recalled is not None
    assert (again.digest, again.from_cache) == (recalled.digest, recalled.from_cache) == (first.digest, True)
    assert again.pins == ("six==1.16.0",)
    assert recall(entry, ARM, store=store) is None


def test_a_changed_line_installs_nothing(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When only own code changes, the distributions come from the cache, and the digest changes."""
    entry = make_entry({"requirements.txt": "six==1.16.0\n", "a.py": "1"})
    first = build(entry, X86, store=store)
    Deaf(monkeypatch)
    (entry / "a.py").write_text("2", encoding="utf-8")
    assert recall(entry, X86, store=store) is None
    second = build(entry, X86, store=store)
    assert second.digest != first.digest
    assert second.pins == first.pins
    assert not second.from_cache


def test_joined_archive_is_kept_once(
    make_entry: MakeEntry, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An own line beside distributions adds no second copy of them to the cache: they are joined where they go."""
    alone = build(make_entry({"requirements.txt": "six==1.16.0\n"}), X86, store=store)
    for number in range(3):
        entry = make_entry({"requirements.txt": "six==1.16.0\n", "a.py": str(number)}, str(number))
        made = build(entry, X86, store=store)
    whole = alone.archive_bytes
    assert [path for path in store.folder.rglob("*.zip") if path.stat().st_size > whole] == []
    made.write_to(tmp_path / "placed.zip")
    assert made.archive_bytes == (tmp_path / "placed.zip").stat().st_size > whole
    assert written(made).read_bytes() == (tmp_path / "placed.zip").read_bytes()
    monkeypatch.setattr("cdk_layers.contents.measure.measure", lambda path: pytest.fail(f"{path} was measured"))
    assert store.contents_of(tmp_path / "placed.zip") == made.contents


def test_missing_part_is_made_again(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """A build is found by its record alone; a part that is gone is made again when the archive is written."""
    entry = make_entry({"requirements.txt": "six==1.16.0\n", "a.py": "1"})
    whole = written(build(entry, X86, store=store)).read_bytes()
    parts = list((store.folder / SCHEMA / "artifacts").glob("part-*"))
    assert len(parts) == len(["of six", "of own files"])
    for part in parts:
        shutil.rmtree(part)
        found = recall(entry, X86, store=store)
        assert found is not None
        found.write_to(tmp_path / "placed.zip")
        assert (tmp_path / "placed.zip").read_bytes() == whole


def test_same_bytes_from_another_folder(make_entry: MakeEntry, tmp_path: Path) -> None:
    """Equal entries make equal archives, wherever they lie, whenever their files were written, in whatever cache."""
    files = {"requirements.txt": "charset-normalizer==3.4.0\n", "a.py": "1"}
    one = build(make_entry(files), X86, store=LocalStore(tmp_path / "one"))
    other_entry = make_entry(files, "other")
    os.utime(other_entry / "a.py", (0, 0))
    other = build(other_entry, X86, store=LocalStore(tmp_path / "two"))
    assert other.digest == one.digest
    assert written(other).read_bytes() == written(one).read_bytes()
    assert not other.from_cache


def test_only_code(make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry without a manifest is packed without starting anything."""
    Deaf(monkeypatch)
    done = build(make_entry({"aws_helpers/__init__.py": ""}), X86, store=store)
    assert names(written(done)) == {"python/aws_helpers/__init__.py"}
    assert done.pins == ()


def test_opt_entry(make_entry: MakeEntry, store: LocalStore) -> None:
    """A folder for /opt lands there as it is, and its programs can be started."""
    entry = make_entry({"a.py": "", "opt/bin/hello": "#!/bin/sh\necho Hello\n", "opt/lib/data.pyc": ""})
    (entry / "opt" / "bin" / "hello").chmod(0o700)
    done = build(entry, X86, BuildOptions(opt_entry=entry / "opt"), store=store)
    assert names(written(done)) == {"python/a.py", "bin/hello", "lib/data.pyc"}
    with zipfile.ZipFile(written(done)) as opened:
        modes = {one.filename: stat.S_IMODE(one.external_attr >> 16) for one in opened.infolist()}
    assert modes["lib/data.pyc"] == modes["python/a.py"] == 0o644
    if os.name != "nt":
        assert modes["bin/hello"] == 0o755


@pytest.mark.skipif(sys.platform != "linux", reason="the file of a module of Python has to be an ELF file")
def test_programs_and_libraries_that_are_not_found_by_their_names(
    make_entry: MakeEntry, store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of the build names those of a layer's entry, and opt_entry; scripts, and functions, are not named."""
    native = Path(_ctypes.__file__).read_bytes()
    entry = make_entry({"a.py": "", "bin/deploy": "#!/bin/sh\n"})
    for name in ("bin/ffmpeg", "lib/libav.so.7", "lib/_native.so", "opt/bin/sox"):
        (entry / name).parent.mkdir(parents=True, exist_ok=True)
        (entry / name).write_bytes(native)
    build(entry, X86, BuildOptions(opt_entry=entry / "opt"), store=store)
    shown = "only whole paths find bin/ffmpeg, lib/libav.so.7: with opt_entry="
    assert shown in capsys.readouterr().err
    build(entry, X86, BuildOptions(prefix="", excludes=("a.py",)), store=store)
    assert "whole paths" not in capsys.readouterr().err


def test_opt_entry_with_the_same_path(make_entry: MakeEntry, store: LocalStore) -> None:
    """A path in both folders is refused, since it is not known which one is meant."""
    options = BuildOptions(opt_entry=make_entry({"python/a.py": "2"}, "opt"))
    with pytest.raises(EntryError, match=r"Both .* contain 'python/a\.py'"):
        build(make_entry({"a.py": "1"}), X86, options, store=store)


def test_own_excludes(make_entry: MakeEntry, store: LocalStore) -> None:
    """The user's patterns leave files out, and a pattern with "!" lets in what is left out by default."""
    entry = make_entry({"a.py": "", "tests/test_a.py": "", "docs/x.md": "", "keep.pyc": "", "drop.pyc": ""})
    options = BuildOptions(excludes=("tests", "*.md", "!keep.pyc"))
    assert names(written(build(entry, X86, options, store=store))) == {"python/a.py", "python/keep.pyc"}


def test_own_python_folder_is_noted(make_entry: MakeEntry, store: LocalStore) -> None:
    """A folder python/ inside the entry lands one level too deep, as with PythonLayerVersion, and that is said."""
    done = build(make_entry({"python/a.py": ""}), X86, store=store)
    assert names(written(done)) == {"python/python/a.py"}
    assert [(note.rule, note.remedy) for note in done.report.notes] == [
        ("wrong-folder", "Pass entry/python/ as the entry, or entry/ as opt_entry."),
    ]


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml"])
def test_own_python_folder_next_to_a_manifest(make_entry: MakeEntry, store: LocalStore, name: str) -> None:
    """The remedy does not lead to an entry without the manifest, whose distributions would be missing."""
    lock = 'lock-version = "1.0"\ncreated-by = "me"\npackages = []\n'
    files = {name: lock if name == "pylock.toml" else "# none\n", "python/a.py": ""}
    notes = build(make_entry(files), X86, store=store).report.notes
    assert [note.remedy for note in notes] == ["Move what is in entry/python/ one folder up."]


@pytest.mark.parametrize("files", [
    {"python/.gitkeep": ""}, {"python/.gitkeep": "", "python/sub/.keep": ""},
    {"python/__init__.py": "", "python/core.py": ""},
])  # fmt: skip
def test_an_empty_folder_or_a_package_called_python_is_not_noted(
    make_entry: MakeEntry, store: LocalStore, files: dict[str, str]
) -> None:
    """A folder that only a hidden file keeps, and a package that is imported by that name, are where they belong."""
    assert build(make_entry({"a.py": "", **files}), X86, store=store).report.notes == ()


def test_own_files_win(make_entry: MakeEntry, store: LocalStore) -> None:
    """An own file beats a distribution's of the same path, and that is said."""
    done = build(make_entry({"requirements.txt": "six==1.16.0\n", "six.py": "mine = 1\n"}), X86, store=store)
    with zipfile.ZipFile(written(done)) as opened:
        assert opened.read("python/six.py") == b"mine = 1\n"
    (note,) = done.report.notes
    assert note.rule == "file-overwritten"
    assert "python/six.py" in note.message


def test_source_build_when_asked_for(make_entry: MakeEntry, store: LocalStore) -> None:
    """A distribution without a wheel is refused with the ways out, and built when the user allows it."""
    entry = make_entry({"requirements.txt": "docopt==0.6.2\nsix==1.16.0\n"})
    with pytest.raises(
        DependencyError, match=r"no wheel of 'docopt' suits .*allow_source_builds=\['docopt'\].*docker=True"
    ):
        build(entry, ARM, store=store)
    done = build(entry, ARM, BuildOptions(allow_source_builds=("docopt",)), store=store)
    assert "python/docopt.py" in names(written(done))


@pytest.mark.parametrize("pins", ["docopt==0.6.2\nfpdf==1.7.2\nsix==1.16.0\n", "fpdf\nsix==1.16.0\ndocopt\n"])
def test_all_distributions_without_a_wheel_are_named_at_once(
    make_entry: MakeEntry, store: LocalStore, pins: str
) -> None:
    """The user learns of all distributions to allow or to replace in one build, and not of those that are allowed."""
    if Version(process.uv_version()) < Version("0.11.20"):
        pytest.skip("old versions of uv leave out only what others require")
    entry = make_entry({"requirements.txt": f"{pins}wget==3.2\n"})
    with pytest.raises(
        DependencyError, match=r"no wheel of 'docopt', 'fpdf', 'wget' suits .*\['docopt', 'fpdf', 'wget'\]"
    ):
        build(entry, X86, store=store)
    allowed = BuildOptions(allow_source_builds=("docopt",))
    with pytest.raises(DependencyError, match=r"no wheel of 'fpdf', 'wget' suits"):
        build(entry, X86, allowed, store=store)


def test_native_code_built_for_this_machine(make_entry: MakeEntry, store: LocalStore) -> None:
    """A source build that compiles for this machine is refused where the target is another."""
    entry = make_entry(
        {
            "requirements.txt": "./native\n",
            "native/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
            '[project]\nname = "native"\nversion = "1"\n',
            "native/setup.py": (
                "from setuptools import Extension, setup\n"
                "from setuptools.command.build_ext import build_ext\n"
                "class Faked(build_ext):\n"
                "    def build_extension(self, extension):\n"
                "        from pathlib import Path\n"
                "        path = Path(self.get_ext_fullpath(extension.name))\n"
                "        path.parent.mkdir(parents=True, exist_ok=True)\n"
                "        path.write_bytes(b'')\n"
                "setup(ext_modules=[Extension('native', [])], cmdclass={'build_ext': Faked})\n"
            ),
        }
    )
    options = BuildOptions(allow_source_builds=("native",))
    # Newer releases of uv refuse the wheel themselves, older ones install it.
    with pytest.raises(DependencyError, match=r"'?native.* Python 3\.14 on arm64"):
        build(entry, ARM, options, store=store)


def test_local_folder(make_entry: MakeEntry, store: LocalStore) -> None:
    """A local project is built when allowed, again when one of its files changes, and its folder is not copied too."""
    files = {
        "requirements.txt": "-e ./lib\n",
        "lib/pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "lib"\nversion = "1"\n',
        "lib/lib/__init__.py": "x = 1\n",
    }
    entry = make_entry(files)
    with pytest.raises(EntryError, match=r"requirements.txt, line 1 .*allow_source_builds=\['lib'\]"):
        build(entry, X86, store=store)
    options = BuildOptions(allow_source_builds=("lib",))
    first = build(entry, X86, options, store=store)
    assert "python/lib/__init__.py" in names(written(first))
    assert "python/lib/pyproject.toml" not in names(written(first))
    (entry / "lib" / "lib" / "__init__.py").write_text("x = 2\n", encoding="utf-8")
    second = build(entry, X86, options, store=store)
    with zipfile.ZipFile(written(second)) as opened:
        assert opened.read("python/lib/__init__.py") == b"x = 2\n"


@pytest.mark.parametrize("allowed", [(), ("entry",)])
def test_a_folder_without_a_project_cannot_be_installed(
    make_entry: Callable[..., Path], store: LocalStore, allowed: tuple[str, ...]
) -> None:
    """The export of uv begins with "-e .", also if it is written into another folder than the project's."""
    entry = make_entry({"main.py": "", "requirements.txt": "-e .\nsix==1.17.0\n"})
    with pytest.raises(EntryError, match=r"line 1 installs the folder .* no pyproject.toml and no setup.py\. .*emit"):
        build(entry, X86, BuildOptions(allow_source_builds=allowed), store=store)


def test_wheels_up_to_glibc_2_26(make_entry: MakeEntry, store: LocalStore) -> None:
    """For Amazon Linux 2 the newest numpy with a wheel for it is chosen; one with newer wheels only is refused."""
    target = Target("3.11", "x86_64")
    (pin,) = pins_for(make_entry({"requirements.txt": "numpy\n"}), target, store=store)
    assert pin == "numpy==2.2.6"
    with pytest.raises(DependencyError, match=r"no wheel of 'numpy' suits Python 3\.11 on x86_64 \(glibc 2\.26\)"):
        build(make_entry({"requirements.txt": "numpy==2.3.5\n"}), target, store=store)


def test_wheel_between_two_platforms_of_uv(make_entry: MakeEntry, store: LocalStore) -> None:
    """A wheel for glibc 2.24, which uv finds only when it looks for 2.28, is installed beside one for 2.17."""
    entry = make_entry({"requirements.txt": "markupsafe==3.0.3\n./demo-1.0-cp311-cp311-manylinux_2_24_x86_64.whl\n"})
    _wheel(entry, "cp311-cp311-manylinux_2_24_x86_64")
    done = build(entry, Target("3.11", "x86_64"), store=store)
    assert "demo==1.0" in done.pins
    assert "python/demo.py" in names(written(done))
    assert [name for name in names(written(done)) if name.endswith(".whl")] == []


def test_wheel_for_another_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """A local wheel that the target cannot load is refused."""
    entry = make_entry({"requirements.txt": "./demo-1.0-cp311-cp311-manylinux_2_24_x86_64.whl\n"})
    _wheel(entry, "cp311-cp311-manylinux_2_24_x86_64")
    with pytest.raises(DependencyError, match="demo"):
        build(entry, ARM, store=store)


def _wheel(folder: Path, tag: str) -> None:
    with zipfile.ZipFile(folder / f"demo-1.0-{tag}.whl", "w") as wheel:
        wheel.writestr("demo.py", "")
        wheel.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        wheel.writestr("demo-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        wheel.writestr("demo-1.0.dist-info/RECORD", "demo.py,,\ndemo-1.0.dist-info/METADATA,,\n")


def test_hashes_are_checked(make_entry: MakeEntry, store: LocalStore) -> None:
    """A hash in the manifest that the index's file does not have stops the build."""
    entry = make_entry({"requirements.txt": f"six==1.16.0 --hash=sha256:{'0' * 64}\n"})
    with pytest.raises(DependencyError, match="hash mismatch for 'six'"):
        build(entry, X86, store=store)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nosuch-distribution-of-cdk-layers==1", "the index has no distribution 'nosuch-distribution-of-cdk-layers'"),
        ("six==99", "the index has no version 'six==99'"),
        ("six==1.16.0\nsix==1.17.0", "contradict each other"),
        ("markupsafe==1.1.1", "no wheel of 'markupsafe' suits Python 3.14 on arm64"),
    ],
)
def test_what_cannot_be_met(make_entry: MakeEntry, store: LocalStore, text: str, message: str) -> None:
    """Requirements that cannot be met are reported in a sentence that begins with their manifest."""
    with pytest.raises(DependencyError, match=f"^requirements.txt: .*{re.escape(message)}"):
        build(make_entry({"requirements.txt": text}), ARM, store=store)


def test_no_such_folder(tmp_path: Path, store: LocalStore) -> None:
    """A folder that is not there is reported by its path."""
    with pytest.raises(EntryError, match=r"The entry '.*missing' does not exist"):
        build(tmp_path / "missing", X86, store=store)
    (tmp_path / "link").symlink_to("link")
    for options in (None, BuildOptions(opt_entry=tmp_path / "link")):
        entry = tmp_path / "link" if options is None else tmp_path
        with pytest.raises(EntryError, match=r"entry '.*link' cannot be read: "):
            build(entry, X86, options, store=store)


def test_a_file(make_entry: MakeEntry, store: LocalStore) -> None:
    """A file is no entry."""
    with pytest.raises(EntryError, match=r"a\.py' is a file\. Its folder is"):
        build(make_entry({"a.py": ""}) / "a.py", X86, store=store)


@pytest.mark.parametrize("files", [{}, {"a.pyc": ""}, {"requirements.txt": "# nothing\n"}])
def test_nothing_to_build(make_entry: MakeEntry, store: LocalStore, files: Mapping[str, str]) -> None:
    """An entry that brings nothing is refused, not built into an empty layer."""
    with pytest.raises(EntryError, match="There is nothing to put into an archive"):
        build(make_entry(files), X86, store=store)


def test_nothing_in_an_opt_entry(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """The folder that the user passed is named, not the empty one that stands for the entry."""
    opt = tmp_path / "tools"
    opt.mkdir()
    with pytest.raises(EntryError, match=r"archive in '.*tools': it has no files\. Put its bin/"):
        build(make_entry({}), X86, BuildOptions(opt_entry=opt), store=store)


def test_link_that_leaves_the_entry(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """A symlink to something outside the entry is refused by its name."""
    entry = make_entry({"a.py": ""})
    (tmp_path / "outside").touch()
    try:
        (entry / "b.py").symlink_to(tmp_path / "outside")
    except OSError:
        pytest.skip("this user may not make symlinks")
    with pytest.raises(EntryError, match=r"b\.py"):
        build(entry, X86, store=store)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser reads every file")
def test_unreadable_file(make_entry: MakeEntry, store: LocalStore) -> None:
    """A file that cannot be read is refused by its name."""
    entry = make_entry({"a.py": ""})
    (entry / "a.py").chmod(0)
    with pytest.raises(EntryError, match=r"a\.py"):
        build(entry, X86, store=store)


NOWHERE = {"UV_DEFAULT_INDEX": "http://user:s3cret@127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}


def test_no_network_and_nothing_cached(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """Without a network the error names the index, and nothing that is stored or printed contains its credentials."""
    entry = make_entry({"requirements.txt": "six==1.16.0\n"})
    options = BuildOptions(environment={**NOWHERE, "UV_CACHE_DIR": str(tmp_path / "uv")})
    with pytest.raises(DependencyError, match=r"http://127\.0\.0\.1:9/simple cannot be reached") as caught:
        build(entry, X86, options, store=store)
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert kept == []


def test_no_network_with_a_warm_cache(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network, what was built once is had again: pinned, or unpinned as resolved the last time."""
    pinned = make_entry({"requirements.txt": "six==1.16.0\n"})
    loose = make_entry({"requirements.txt": "six>=1.16\n"}, "loose")
    before = [build(entry, X86, store=store).digest for entry in (pinned, loose)]

    def unplugged(command: object, **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(
            [], 2, "", "error: Failed to fetch\n  cause: error sending request for url (http://x)"
        )

    monkeypatch.setattr(host, "run", unplugged)
    after = [build(entry, X86, store=store) for entry in (pinned, loose)]
    assert [done.digest for done in after] == before
    assert all(done.from_cache for done in after)


def test_credentials_do_not_shape_the_key(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks the index does not matter to the cache, which index does."""
    monkeypatch.setattr(
        host, "environ", lambda: {**os.environ, "UV_EXTRA_INDEX_URL": "https://me:one@index.invalid/simple"}
    )
    entry = make_entry({"requirements.txt": "six==1.16.0\n", "a.py": ""})
    plain = BuildOptions()
    one = recall_key(entry, plain, store, monkeypatch, "https://me:one@index.invalid/simple")
    assert recall_key(entry, plain, store, monkeypatch, "https://you:two@index.invalid/simple") == one
    assert recall_key(entry, plain, store, monkeypatch, "https://me:one@other.invalid/simple") != one


def recall_key(
    entry: Path, options: BuildOptions, store: LocalStore, monkeypatch: pytest.MonkeyPatch, index: str
) -> list[str]:
    """Return the keys that a recall looks for with an extra index."""
    asked: list[str] = []
    monkeypatch.setattr(host, "environ", lambda: {**os.environ, "UV_EXTRA_INDEX_URL": index})
    monkeypatch.setattr(store, "recall", asked.append)
    recall(entry, X86, options, store=store)
    return asked


def test_layers_bring_it_already(make_entry: MakeEntry, store: LocalStore) -> None:
    """A function of 60 MB becomes a few kB when its layers bring numpy, at whatever version satisfies it."""
    entry = make_entry({"requirements.txt": "numpy>=2\nsix==1.16.0\n", "main.py": "import numpy\n"})
    options = BuildOptions(prefix="", provided={"numpy": "2.2.6", "six": "1.17.0"})
    done = build(entry, X86, options, store=store)
    assert done.pins == ("six==1.16.0",)
    assert {"main.py", "six.py"} <= names(written(done))
    assert done.archive_bytes < 50_000


def test_what_layers_bring_does_not_fit(make_entry: MakeEntry, store: LocalStore) -> None:
    """A distribution at a version that does not satisfy the function is installed with it."""
    entry = make_entry({"requirements.txt": "idna>=3,<3.5\n"})
    done = build(entry, X86, BuildOptions(prefix="", provided={"idna": "3.10"}), store=store)
    assert done.pins == ("idna==3.4",)


def test_progress(make_entry: MakeEntry, store: LocalStore, capsys: pytest.CaptureFixture[str]) -> None:
    """A build is one line on the error output; from the cache it is silent."""
    entry = make_entry({"requirements.txt": "six==1.16.0\n"})
    build(entry, X86, store=store, label="base")
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(
        r"Built layer 'base' for Python 3\.13 on x86_64: 1 distribution, "
        r"\d+\.\d KiB unzipped, \d+\.\d KiB zipped, in \d+\.\d s\n",
        told.err,
    )
    build(entry, X86, store=store, label="base")
    assert capsys.readouterr().err == ""
