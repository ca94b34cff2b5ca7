"""Paths that several distributions contain."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building import installation, shared_paths
from cdk_layers.building.builds import build
from cdk_layers.building.uv import process
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from tests.building.archives_of_builds import written
from tests.building.distributions import write_wheel
from tests.upkeep import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from cdk_layers.building.tidying import Installed

TARGET = Target("3.13", "x86_64")
BOTH = "--no-index\n--find-links ../wheels\nzoo==1.0\nalpha==1.0\n"
NAMES = ("zoo", "alpha", "Middle_One")


@pytest.fixture
def entry(make_entry: Callable[..., Path]) -> Path:
    """Return an entry that installs three local distributions with files in common."""
    for name in NAMES:
        own = "" if name == "alpha" else f"A = {name!r}\n"
        files = {
            f"{name.lower()}.py": "",
            "NOTICE": name,
            "parts/__init__.py": "",
            "parts/same.py": own,
            "parts/deep.py": name,
        }
        files |= {f"parts/data{number}.py": name for number in range(3)}
        write_wheel(_wheels(make_entry), name, files | {f"{name}-1.0.data/scripts/run": f"#!python\nprint({name!r})\n"})
    return make_entry({"requirements.txt": f"{BOTH}middle-one==1.0\n"})


def _wheels(make_entry: Callable[..., Path]) -> Path:
    return make_entry({}, "wheels")


def test_last_name_wins_in_every_build(entry: Path, tmp_path: Path) -> None:
    """Three builds with fresh caches come to one digest, with the files of the distribution whose name sorts last."""
    builds = [build(entry, TARGET, store=LocalStore(tmp_path / f"cache{number}")) for number in range(3)]
    assert len({one.digest for one in builds}) == 1
    with zipfile.ZipFile(written(builds[0])) as opened:
        found = {name.removeprefix("python/"): opened.read(name).decode() for name in opened.namelist()}
    assert (found["parts/same.py"], found["parts/deep.py"], found["parts/__init__.py"]) == ("A = 'zoo'\n", "zoo", "")
    assert found["bin/run"] == "#!/usr/bin/env python3\nprint('zoo')\n"


def test_who_overwrote_whom_is_noted(entry: Path, store: LocalStore) -> None:
    """A note names the winner, the others and the files that differ, also when the build comes from the cache."""
    (entry / "handler.py").write_text("", encoding="utf-8")
    made, found = (build(entry, TARGET, store=store) for _ in range(2))
    assert found.from_cache
    for one in (made, found):
        (note,) = one.report.notes
        assert note.rule == "file-overwritten"
        assert note.message.startswith(
            "zoo and alpha and middle-one contain different files at bin/run, parts/data0.py, parts/data1.py, "
            "parts/data2.py, parts/deep.py and 1 more. The archive contains those of zoo"
        )


@pytest.mark.parametrize("bytes_of_loser", ["A = 'alpha'\n", ""])
def test_winner_is_installed_whatever_is_there(
    make_entry: Callable[..., Path],
    store: LocalStore,
    monkeypatch: pytest.MonkeyPatch,
    bytes_of_loser: str,
) -> None:
    """The bytes are the winner's although the installer left the other distribution's, or half a file."""
    for name in ("alpha", "zoo"):
        write_wheel(_wheels(make_entry), name, {"shared/__init__.py": f"A = {name!r}\n"})
    entry = make_entry({"requirements.txt": BOTH})
    use_last = shared_paths.use_last

    def spoil_and_use_last(
        tree: Path, distributions: Iterable[Installed], install_alone: Callable[[str], Path]
    ) -> object:
        (tree / "shared/__init__.py").unlink()
        (tree / "shared/__init__.py").write_text(bytes_of_loser, encoding="utf-8")
        return use_last(tree, distributions, install_alone)

    monkeypatch.setattr(installation, "use_last", spoil_and_use_last)
    with zipfile.ZipFile(written(build(entry, TARGET, store=store))) as opened:
        assert opened.read("python/shared/__init__.py") == b"A = 'zoo'\n"


def test_winner_is_not_refreshed(entry: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The winner is installed alone without uv's --reinstall, which implies --refresh: it is in the cache already."""
    real = process.pip
    runs: list[list[str | Path]] = []

    def record(arguments: list[str | Path], **options: Any) -> object:
        runs.append(arguments)
        return real(arguments, **options)

    monkeypatch.setattr(process, "pip", record)
    build(entry, TARGET, store=store)
    assert len(runs) > 1
    assert [arguments for arguments in runs if "--reinstall" in arguments] == []


def test_same_bytes_are_no_news(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """Distributions that contain the same file leave no note."""
    for name in ("alpha", "zoo"):
        write_wheel(_wheels(make_entry), name, {"shared/__init__.py": "# both\n"})
    entry = make_entry({"requirements.txt": BOTH})
    assert build(entry, TARGET, store=store).report.notes == ()


def test_parts_without_their_shared_files_are_not_used_again(
    make_entry: Callable[..., Path], store: LocalStore
) -> None:
    """The part of a distribution that lost its program to another one is not a part of builds without that one."""
    for name in ("alpha", "zoo"):
        write_wheel(_wheels(make_entry), name, {f"{name}-1.0.data/scripts/run": f"#!python\nprint({name!r})\n"})
    build(make_entry({"requirements.txt": BOTH}), TARGET, store=store)
    alone = make_entry({"requirements.txt": BOTH.replace("zoo==1.0\n", "")}, "alone")
    with zipfile.ZipFile(written(build(alone, TARGET, store=store))) as opened:
        assert opened.read("python/bin/run").endswith(b"print('alpha')\n")


def test_missing_pins(make_entry: Callable[..., Path], store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that lacks a pin, or has another version of it, is an error and is not kept."""
    for name in ("alpha", "zoo"):
        write_wheel(_wheels(make_entry), name, {f"{name}.py": ""})
    entry = make_entry({"requirements.txt": BOTH})
    real = process.pip

    def lose(arguments: list[str | Path], **options: Any) -> object:
        done = real(arguments, **options)
        if "install" in arguments:
            tree = next(one for one in arguments if getattr(one, "name", "") == "tree")
            (tree / "zoo-1.0.dist-info" / "METADATA").unlink()  # type: ignore[operator]
        return done

    monkeypatch.setattr(process, "pip", lose)
    with pytest.raises(BuildError, match=r"did not install zoo==1\.0 .*Installed: alpha 1\.0"):
        build(entry, TARGET, store=store)
    assert kept(store.folder, "artifacts") == []
