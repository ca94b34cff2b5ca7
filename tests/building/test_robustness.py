"""Whole builds under trouble: killed at any moment, many at once, without room."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.inventory import SCHEMA
from cdk_layers.store.local_store import LocalStore
from cdk_layers.store.location import open_store
from tests.building.archives_of_builds import written
from tests.building.build_worker import build_and_digest
from tests.building.mounts import needs_mounts, tmpfs
from tests.upkeep import kept

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
TARGET = Target("3.13", "x86_64")
ENTRY = {
    "requirements.txt": "six==1.17.0\nmarkupsafe==3.0.3\n",
    "company/tools.py": "import six\n" * 1000,
    "opt/bin/hello": "#!/bin/sh\n",
}
PINS = ("six==1.17.0\n", "markupsafe==3.0.3\n", "idna==3.11\n", "six==1.17.0\nidna==3.11\n")


def _run(script: str, *arguments: Path | str) -> str:
    command = [sys.executable, HERE / script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="killing a process of its own takes fork and SIGKILL")
def test_killed_at_fifty_random_points(
    make_entry: Callable[..., Path], store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No kill leaves half an entry to be seen, and the build that follows comes to the same digest."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path / "temporary"))
    entry = make_entry(ENTRY)
    for count in range(4):
        (entry / f"noise{count}").write_bytes(os.urandom(500_000))
    seen = json.loads(_run("killed_builds.py", entry, tmp_path / "killed", "50"))
    assert seen["broken"] == []
    assert seen["killed"] == 50
    assert seen["visible"] > 0
    assert seen["digest"] == build(entry, TARGET, store=store).digest


def test_eight_builds_at_once(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """Eight processes that build four entries on one cache all come to the results of builds one by one."""
    entries = [make_entry({**ENTRY, "requirements.txt": pins}, f"entry{count}") for count, pins in enumerate(PINS)]
    command = [sys.executable, os.fspath(HERE / "build_worker.py")]
    shared = os.fspath(store.folder / "shared")
    processes = [
        subprocess.Popen(
            [*command, os.fspath(entry), shared], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for entry in entries * 2
    ]
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, outputs
    assert [output for output, _ in outputs[:4]] == [output for output, _ in outputs[4:]]
    assert len({output for output, _ in outputs}) == 4
    alone = [build_and_digest(entry, LocalStore(store.folder / f"alone{n}")) for n, entry in enumerate(entries)]
    assert [output for output, _ in outputs[:4]] == alone


def test_damaged_part_is_built_again(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """When every file of the cache was damaged, a build comes to the same archive as before."""
    entry = make_entry(ENTRY)
    made = build(entry, TARGET, store=store)
    whole = written(made).read_bytes()
    for folder in ("artifacts", "memos"):
        for path in (store.folder / SCHEMA / folder).rglob("*"):
            if path.is_file() and path.stat().st_size:
                os.truncate(path, path.stat().st_size - 1)
    again = build(entry, TARGET, store=store)
    assert not again.from_cache
    assert (again.digest, written(again).read_bytes()) == (made.digest, whole)
    assert build(entry, TARGET, store=store).from_cache


@pytest.mark.parametrize("files", [ENTRY, {"a.py": "1"}], ids=["joined", "own code alone"])
def test_damaged_archive_is_made_again_where_it_goes(
    make_entry: Callable[..., Path],
    store: LocalStore,
    tmp_path: Path,
    files: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A build is found without reading its archive, which is verified, and made again, when it is used."""
    entry = make_entry(files)
    made = build(entry, TARGET, store=store)
    made.write_to(tmp_path / "whole.zip")
    archives = list((store.folder / SCHEMA / "artifacts").rglob("archive.zip"))
    assert archives
    for archive in archives:
        _flip(archive)
    found = build(entry, TARGET, store=store, label="Hub/base")
    assert found.from_cache
    capsys.readouterr()
    found.write_to(tmp_path / "placed.zip")
    assert "Built layer 'Hub/base'" in capsys.readouterr().err
    assert (tmp_path / "placed.zip").read_bytes() == (tmp_path / "whole.zip").read_bytes()
    assert written(build(entry, TARGET, store=store)).read_bytes() == (tmp_path / "whole.zip").read_bytes()


def test_damaged_archive_of_an_entry_that_has_changed(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """What was reported of a build stays true, or is an error: it is never written with other content."""
    entry = make_entry({"a.py": "1"})
    build(entry, TARGET, store=store)
    found = build(entry, TARGET, store=store)
    (entry / "a.py").write_text("2")
    (part,) = (store.folder / SCHEMA / "artifacts").glob("part-*/archive.zip")
    _flip(part)
    with pytest.raises(BuildError, match="has changed since this run found the build"):
        written(found)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@needs_mounts
@pytest.mark.parametrize("size", ["60k", "240k", "420k"])
def test_disk_that_is_full(make_entry: Callable[..., Path], tmp_path: Path, size: str) -> None:
    """Wherever a build runs out of room, while installing or while packing, it says so and leaves nothing half."""
    entry = make_entry({"requirements.txt": "orjson==3.11.4\nsix==1.17.0\n"})
    with tmpfs(tmp_path / "disk", f"size={size}") as disk:
        with pytest.raises(BuildError, match=r"(?i)(no|out of) (room|space)|disk is full"):
            build(entry, TARGET, store=LocalStore(disk / "cache"))
        assert (kept(disk / "cache", "artifacts"), kept(disk / "cache", "scratch")) == ([], [])
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        assert build(entry, TARGET, store=LocalStore(disk / "cache")).pins == ("orjson==3.11.4", "six==1.17.0")


def test_no_temporary_folder(
    make_entry: Callable[..., Path], store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any folder for temporary files, as in a container that is read-only, builds and the store say so."""
    entry = make_entry({"requirements.txt": "six==1.17.0\n", "a.py": ""})
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [os.fspath(tmp_path / "missing")])
    with pytest.raises(BuildError, match=r"No usable temporary directory found in .*missing.*TMPDIR"):
        build(entry, TARGET, store=store)
    (tmp_path / "file").touch()
    monkeypatch.setenv("CDK_LAYERS_CACHE_DIR", os.fspath(tmp_path / "file"))
    with pytest.raises(BuildError, match=r"file' cannot be written .*temporary folder either: No usable"):
        open_store()


@needs_mounts
def test_temporary_folder_without_space(
    make_entry: Callable[..., Path], store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full outside of the cache is said with the file that found no space, and nothing is kept."""
    entry = make_entry({"requirements.txt": "six>=1.17,<1.18\n" + "# pad\n" * 10, "a.py": ""})
    with tmpfs(tmp_path / "full", "size=4k") as full:
        (full / "ballast").write_bytes(b"x" * 4096)
        monkeypatch.setattr(tempfile, "tempdir", os.fspath(full))
        with pytest.raises(BuildError, match=rf"no space left for temporary files at '{re.escape(str(full))}.*TMPDIR"):
            build(entry, TARGET, store=store)
    assert kept(store.folder, "artifacts") == []
