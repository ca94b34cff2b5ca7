"""Files that something has changed in the cache of uv, and which layers must not contain."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from tests.building.archives_of_builds import written
from tests.building.distributions import write_wheel
from tests.building.local_index import served, write_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n"


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[LocalStore]:
    """Return new stores, one after the other."""
    return (LocalStore(tmp_path / f"cache{number}") for number in range(9))


@pytest.fixture
def entry(make_entry: MakeEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an entry whose two distributions come from an index, and are in uv's cache."""
    wheels = [
        write_wheel(tmp_path / "main", "trusted", {"trusted/ca.pem": CERTIFICATE, "both/same.py": "of = 'trusted'\n"}),
        write_wheel(tmp_path / "main", "other", {"other.py": "x = 1\n", "both/same.py": "of = 1\n"}),
    ]
    write_index(tmp_path, "main", wheels)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with served(tmp_path) as address:
        yield make_entry({"requirements.txt": f"--index-url {address}/main/simple\ntrusted==1.0\nother==1.0\n"})


def _append(tmp_path: Path, name: str) -> None:
    (path,) = (tmp_path / "uv").rglob(name)
    with path.open("a", encoding="utf-8") as file:
        file.write("corporate\n")


def _read(archive: Path, name: str) -> str:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(f"python/{name}").decode()


def test_changed_file_is_installed_again(
    entry: Path, stores: Iterator[LocalStore], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A certificate that something appended in uv's cache is not in the layer, and one line says what to do."""
    before = build(entry, X86, store=next(stores))
    assert "uv's cache" not in capfd.readouterr().err
    _append(tmp_path, "ca.pem")

    after = build(entry, X86, store=next(stores))

    assert _read(written(after), "trusted/ca.pem") == CERTIFICATE
    assert after.digest == before.digest
    (line,) = (line for line in capfd.readouterr().err.splitlines() if "uv's cache" in line)
    assert "Files of 'trusted' in uv's cache were changed or removed, such as 'trusted/ca.pem'." in line
    assert line.endswith("uv cache clean trusted")


def test_removed_file_is_installed_again(entry: Path, stores: Iterator[LocalStore], tmp_path: Path) -> None:
    """A layer never lacks a file that something removed from uv's cache."""
    before = build(entry, X86, store=next(stores))
    (path,) = (tmp_path / "uv").rglob("other.py")
    path.unlink()

    assert build(entry, X86, store=next(stores)).digest == before.digest


def test_changed_distribution_with_shared_paths(entry: Path, stores: Iterator[LocalStore], tmp_path: Path) -> None:
    """A path of two distributions is no sign of a change, and comes from the unchanged wheel of the last of them."""
    before = build(entry, X86, store=next(stores))
    for name in ("ca.pem", "other.py"):
        _append(tmp_path, name)
    cached = [*(tmp_path / "uv").rglob("same.py")]
    assert len(cached) == 2
    for path in cached:
        path.write_text("changed = 1\n")

    after = build(entry, X86, store=next(stores))

    assert _read(written(after), "both/same.py") == "of = 'trusted'\n"
    assert after.digest == before.digest


def test_without_the_index_it_is_an_error(
    entry: Path, stores: Iterator[LocalStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be installed without the cache ends the build, with the command that cleans the cache."""
    build(entry, X86, store=next(stores))
    _append(tmp_path, "ca.pem")
    monkeypatch.setenv("UV_OFFLINE", "1")

    with pytest.raises(BuildError, match=r"such as 'trusted/ca\.pem'.*uv cache clean trusted"):
        build(entry, X86, store=next(stores))


def test_wheel_with_a_wrong_record(
    make_entry: MakeEntry, stores: Iterator[LocalStore], capfd: pytest.CaptureFixture[str]
) -> None:
    """The size in a wheel's own RECORD may be wrong, or a file that is not there: nothing was changed or reported."""
    record = "odd.py,,999\nodd/absent.py,,1\nodd-1.0.dist-info/RECORD,,\n"
    wheel = write_wheel(make_entry({}, "wheels"), "odd", record=record)
    entry = make_entry({"requirements.txt": f"./{wheel.name}\n", wheel.name: ""})
    (entry / wheel.name).write_bytes(wheel.read_bytes())

    layer = build(entry, X86, store=next(stores))

    assert _read(written(layer), "odd.py") == "x = 1\n"
    assert "uv's cache" not in capfd.readouterr().err


def test_wheel_with_a_wrong_record_next_to_a_changed_one(
    entry: Path, stores: Iterator[LocalStore], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only the distribution whose files were changed in the cache is reported."""
    wheel = write_wheel(entry, "odd", record="odd.py,,999\nodd-1.0.dist-info/RECORD,,\n")
    with (entry / "requirements.txt").open("a") as file:
        file.write(f"./{wheel.name}\n")
    build(entry, X86, store=next(stores))
    assert "uv's cache" not in capfd.readouterr().err
    _append(tmp_path, "ca.pem")

    build(entry, X86, store=next(stores))

    (line,) = (line for line in capfd.readouterr().err.splitlines() if "uv's cache" in line)
    assert "odd" not in line
