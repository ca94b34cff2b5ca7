"""Stores that other users can write, and folders of stores with unusual names."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store import location, trust
from cdk_layers.store.inventory import SCHEMA
from cdk_layers.store.local_store import LocalStore
from cdk_layers.store.write_errors import FOLDER_VARIABLE
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TARGET = Target("3.13", "x86_64")
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owners and modes of this kind")


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path | str], LocalStore]]:
    """Return a function that opens the store of a folder that the environment names."""
    location._usable.cache_clear()

    def choose(folder: Path | str) -> LocalStore:
        monkeypatch.setenv(FOLDER_VARIABLE, os.fspath(folder))
        return location.open_store()

    yield choose
    location._usable.cache_clear()


@unix
def test_new_cache_is_its_users_alone(tmp_path: Path, chosen: Callable[[Path], LocalStore]) -> None:
    """A new store is closed to other users whatever the umask, and is used again."""
    before = os.umask(0)
    try:
        assert chosen(tmp_path / "cache").folder == tmp_path / "cache"
    finally:
        os.umask(before)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    location._usable.cache_clear()
    assert chosen(tmp_path / "cache").folder == tmp_path / "cache"


@unix
@pytest.mark.parametrize("place", [".", "2", "2/artifacts"])
def test_cache_that_others_can_write_is_not_trusted(
    tmp_path: Path,
    chosen: Callable[[Path], LocalStore],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    """A store that others can write is not used, which is reported once; the user may share it on purpose."""
    folder = tmp_path / "cache"
    (folder / "2" / "artifacts").mkdir(parents=True)
    for path in (folder, folder / "2", folder / "2" / "artifacts"):
        path.chmod(0o755)
    mode = 0o777 if place == "." else 0o775
    (folder / place).chmod(mode)
    for _ in range(2):
        assert chosen(folder).folder != folder
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{mode:o}" in said
    assert f"set {trust.SHARED_VARIABLE}=1" in said
    monkeypatch.setenv(trust.SHARED_VARIABLE, "1")
    assert chosen(folder).folder == folder


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the superuser gives files away")
@pytest.mark.parametrize("place", [".", "2", "2/artifacts"])
def test_cache_of_another_user_is_not_trusted(
    tmp_path: Path, chosen: Callable[[Path], LocalStore], capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """A store of another user is not used by the superuser either."""
    folder = tmp_path / "cache"
    (folder / "2" / "artifacts").mkdir(parents=True)
    # Whatever the umask is: in a folder that is closed to others, nothing is of use to them.
    for path in (folder, folder / "2", folder / "2" / "artifacts"):
        path.chmod(0o755)
    os.chown(folder / place, 12345, 12345)
    assert chosen(folder).folder != folder
    assert "another user (id 12345)" in capsys.readouterr().err


@unix
def test_build_that_cannot_be_replaced(tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an artifact of another user can be neither read nor replaced, it is made again next to it."""

    def make(folder: Path) -> None:
        (folder / "archive.zip").write_bytes(b"x")

    other = store.folder / SCHEMA / "artifacts" / "key"
    (other / "kept").mkdir(parents=True)
    monkeypatch.setattr(LocalStore, "discard", lambda *_: None)
    entry = store.get_or_make("key", make)
    assert entry.archive.read_bytes() == b"x"
    assert entry.folder != other
    assert tmp_path.is_dir()


def test_user_that_there_is_not(chosen: Callable[[str], LocalStore]) -> None:
    """The folder of an unknown user is a BuildError of one sentence."""
    with pytest.raises(BuildError, match=rf"{FOLDER_VARIABLE} is '~nouser-here'"):
        chosen("~nouser-here")


def test_relative_cache(make_entry: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is relative to the working folder, and nothing is written into the entry."""
    entry = make_entry({"requirements.txt": "six==1.17.0\n"})
    monkeypatch.chdir(tmp_path)
    layer = build(entry, TARGET, store=LocalStore(Path("kept")))
    assert "python/six.py" in layer.contents.files
    assert (tmp_path / "kept" / "2").is_dir()
    assert [path.name for path in entry.iterdir()] == ["requirements.txt"]


@pytest.mark.parametrize("hours", [6, -6])
def test_clock_that_is_wrong(
    make_entry: Callable[..., Path], store: LocalStore, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """If the clock differs by hours from that of the file system, nothing of a running build is removed."""
    clock = host.wall_clock
    monkeypatch.setattr(host, "wall_clock", lambda: clock() + hours * 3600 + 60)
    layer = build(make_entry({"requirements.txt": "six==1.17.0\n", "a.py": ""}), TARGET, store=store)
    assert {"python/six.py", "python/a.py"} <= set(layer.contents.files)


@unix
def test_folder_of_links_to_wheels(make_entry: Callable[..., Path], store: LocalStore, tmp_path: Path) -> None:
    """A find-links folder of symlinks to wheels elsewhere is followed, and its content counts."""
    from tests.building.distributions import write_wheel  # noqa: PLC0415

    entry = make_entry({"requirements.txt": "--no-index\n--find-links ../links\ndemo==1.0\n"})
    (tmp_path / "links").mkdir()
    digests = []
    for text in ("A = 1\n", "A = 2\n"):
        wheel = write_wheel(tmp_path / "wheels", "demo", {"demo.py": text})
        (tmp_path / "links" / wheel.name).unlink(missing_ok=True)
        (tmp_path / "links" / wheel.name).symlink_to(wheel)
        digests.append(build(entry, TARGET, store=store).digest)
    assert len(set(digests)) == 2
