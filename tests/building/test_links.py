"""Symlinks and names in an entry."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.archives.members import collect
from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

TARGET = Target("3.13", "x86_64")


@pytest.fixture
def opt_entry(make_entry: Callable[..., Path]) -> Path:
    """Return a folder with a library under three names."""
    folder = make_entry({"lib/libfoo.so.1.2": "x" * 2048}, "opt")
    (folder / "lib" / "libfoo.so.1").symlink_to("libfoo.so.1.2")
    (folder / "lib" / "libfoo.so").symlink_to("libfoo.so.1")
    return folder


def test_copies_are_noted(make_entry: Callable[..., Path], store: LocalStore, opt_entry: Path) -> None:
    """A library under three names is packed three times, and a note says what that takes."""
    layer = build(make_entry({"a.py": ""}), TARGET, BuildOptions(opt_entry=opt_entry), store=store)
    assert layer.contents.unzipped_bytes == 3 * 2048
    (note,) = layer.report.notes
    assert note.rule == "copied-link"
    assert "take 4.0 KiB more: lib/libfoo.so = lib/libfoo.so.1 = lib/libfoo.so.1.2." in note.message


@pytest.mark.parametrize(("count", "noted"), [(1024**2 - 1, 0), (1024**2, 1)])
def test_small_copies_are_no_news(make_entry: Callable[..., Path], store: LocalStore, count: int, noted: int) -> None:
    """Copies of other files are worth a note from 1 MiB."""
    entry = make_entry({"data/a.bin": "x" * count})
    (entry / "more").symlink_to("data")
    assert len(build(entry, TARGET, store=store).report.notes) == noted


def test_links_outside_are_followed_when_asked_for(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """`follow_links` packs what links outside lead to; without it they are an error that names it."""
    make_entry({"shared/tools.py": "A = 1\n", "one.py": ""}, "common")
    entry = make_entry({"a.py": ""})
    (entry / "shared").symlink_to("../common/shared")
    (entry / "one.py").symlink_to("../common/one.py")
    with pytest.raises(EntryError, match="follow_links=True"):
        build(entry, TARGET, store=store)
    layer = build(entry, TARGET, BuildOptions(follow_links=True), store=store)
    assert set(layer.contents.files) == {"python/a.py", "python/one.py", "python/shared/tools.py"}


def test_circle_outside_is_refused(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A link that leads back through a folder outside is an error, not endless."""
    common = make_entry({"a.py": ""}, "common")
    entry = make_entry({"a.py": ""})
    (entry / "out").symlink_to(common)
    (common / "back").symlink_to(common)
    with pytest.raises(EntryError, match="leads back into itself"):
        build(entry, TARGET, BuildOptions(follow_links=True), store=store)


def test_opt_entry_that_installs_nothing(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A manifest in the opt_entry, and an empty one, are noted."""
    entry = make_entry({"a.py": ""})
    manifest = make_entry({"requirements.txt": "six==1.17.0\n"}, "manifest")
    (note,) = build(entry, TARGET, BuildOptions(opt_entry=manifest), store=store).report.notes
    assert (note.rule, "installs nothing" in note.message) == ("ignored-manifest", True)
    (note,) = build(entry, TARGET, BuildOptions(opt_entry=make_entry({}, "empty")), store=store).report.notes
    assert (note.rule, "is empty" in note.message, note.is_warning) == ("wrong-folder", True, True)


@pytest.mark.parametrize(("files", "noted"), [
    ({"python/requirements.txt": "six\n", "python/shared/__init__.py": ""}, ["python/requirements.txt"]),
    ({"requirements.txt": "six\n", "python/uv.lock": "version = 1\n"}, ["requirements.txt", "python/uv.lock"]),
    ({"python/requirements.txt": "six\n", "python/six-1.17.0.dist-info/METADATA": "", "python/six.py": ""}, []),
    ({
        "requirements.txt": "six\n", "python/lib/python3.13/site-packages/six-1.17.0.dist-info/METADATA": "",
    }, []),
])  # fmt: skip
def test_manifests_of_an_opt_entry(
    make_entry: Callable[..., Path], store: LocalStore, files: dict[str, str], noted: list[str]
) -> None:
    """Manifests in its python/ are noted too, unless the user has installed distributions there already."""
    folder = make_entry(files, "layer")
    notes = build(make_entry({}, "empty"), TARGET, BuildOptions(opt_entry=folder), store=store).report.notes
    assert [note.message.split(" in the opt_entry")[0] for note in notes] == noted
    assert all(f"Pass layer/{name.rpartition('/')[0]}" in note.remedy for name, note in zip(noted, notes, strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_name_that_is_not_utf8(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A file or folder name that is no UTF-8 is an error that shows it, and can be excluded."""
    entry = make_entry({"a.py": ""})
    (entry / os.fsdecode(b"caf\xe9.txt")).touch()
    with pytest.raises(EntryError, match=r"'caf\\\\xe9\.txt'.*not UTF-8.*Rename it"):
        build(entry, TARGET, store=store)
    assert build(entry, TARGET, BuildOptions(excludes=("caf*",)), store=store).contents.files.keys() == {"python/a.py"}
    (entry / os.fsdecode(b"caf\xe9.txt")).unlink()
    (entry / os.fsdecode(b"\xff")).mkdir()
    with pytest.raises(EntryError, match=r"\\xff.*not UTF-8"):
        collect(entry)


@pytest.mark.skipif(sys.platform != "linux", reason="locales of other systems are not bytes")
@pytest.mark.parametrize("utf8", ["0", "1"])
def test_names_under_the_posix_locale(make_entry: Callable[..., Path], store: LocalStore, utf8: str) -> None:
    """A name beyond ASCII comes to the same archive whatever the locale of the process is."""
    entry = make_entry({"größe.py": "", "数据/a.txt": "", "requirements.txt": "six==1.17.0\n"})
    code = (
        "import sys; from pathlib import Path; from cdk_layers.building.builds import build; "
        "from cdk_layers.store.local_store import LocalStore; from cdk_layers.lambda_service.target import Target; "
        "print(build(Path(sys.argv[1]), Target('3.13', 'x86_64'), store=LocalStore(Path(sys.argv[2]))).digest)"
    )
    environment = {**os.environ, "LC_ALL": "POSIX", "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(entry), str(store.folder / "posix")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == build(entry, TARGET, store=store).digest, done.stderr


@pytest.mark.skipif(os.sep == "\\", reason="a backslash divides folders there")
def test_backslash_in_a_name(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A name with a backslash, which unpacks as a folder elsewhere, is an error."""
    entry = make_entry({"a\\b.py": ""})
    with pytest.raises(EntryError, match=r"backslash.*Rename it"):
        build(entry, TARGET, store=store)
