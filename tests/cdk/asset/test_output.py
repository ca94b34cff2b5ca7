"""Archives in the CDK's output folder under trouble: half done, shared by processes, without space."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from aws_cdk import App, AssetStaging, Stack

from cdk_layers import LayeredFunction, SharedPythonLayer
from cdk_layers.errors import BuildError
from cdk_layers.store.write_errors import FOLDER_VARIABLE
from tests.building.mounts import needs_mounts, tmpfs

APP = """
import sys
from aws_cdk import App, Stack
from cdk_layers import LayeredFunction, SharedPythonLayer
app = App(outdir=sys.argv[2])
stack = Stack(app, "S")
base = SharedPythonLayer(stack, "L", entry=sys.argv[1], compatible_runtimes=["python3.13"])
LayeredFunction(stack, "F", entry=sys.argv[1], runtime="python3.13", handler="handler.handler")
"""


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """Return a folder with code and a distribution."""
    folder = tmp_path / "entry"
    folder.mkdir()
    (folder / "handler.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    (folder / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")
    return folder


def _synthesize(entry: Path, output: Path) -> list[Path]:
    """Synthesize a layer and a function into an output folder, and return their archives."""
    # Another process would not remember what this one staged.
    AssetStaging.clear_asset_hash_cache()
    app = App(outdir=str(output))
    stack = Stack(app, "S")
    SharedPythonLayer(stack, "L", entry=entry, compatible_runtimes=["python3.13"])
    LayeredFunction(stack, "F", entry=entry, runtime="python3.13", handler="handler.handler")
    app.synth()
    return sorted(output.glob("asset.*.zip"))


def _are_whole(archives: list[Path]) -> bool:
    return len(archives) == 2 and all(zipfile.ZipFile(archive).testzip() is None for archive in archives)


def _truncate(archive: Path) -> None:
    os.truncate(archive, archive.stat().st_size // 2)


def _empty(archive: Path) -> None:
    os.truncate(archive, 0)


def test_half_an_archive_is_written_again(entry: Path, tmp_path: Path) -> None:
    """A truncated, an empty and a removed archive of a layer and of a function are whole after the next synthesis."""
    archives = _synthesize(entry, tmp_path / "cdk.out")
    whole = [archive.read_bytes() for archive in archives]
    for damage in (_truncate, _empty, Path.unlink):
        for archive in archives:
            damage(archive)
        assert [archive.read_bytes() for archive in _synthesize(entry, tmp_path / "cdk.out")] == whole


def test_synthesis_that_was_killed_while_it_wrote(entry: Path, tmp_path: Path) -> None:
    """What a killed synthesis was about to write, and a folder that it emptied, do not stop the next one."""
    output = tmp_path / "cdk.out"
    archives = _synthesize(entry, output)
    for archive in archives:
        half = output / f"{archive.stem}-building"
        half.mkdir()
        (half / "layer.zip").write_bytes(archive.read_bytes()[:100])
        archive.unlink()
        shutil.rmtree(output / archive.stem)
    assert _are_whole(_synthesize(entry, output))
    for archive in archives:
        archive.unlink()
        (output / archive.stem / "layer.zip").unlink()
    for _ in archives:
        with pytest.raises(BuildError, match=r"was empty.*synthesize again"):
            _synthesize(entry, output)
    assert _are_whole(_synthesize(entry, output))


def test_three_processes_at_once(entry: Path, tmp_path: Path) -> None:
    """The archives of an output folder are whole after processes staged them into it at once, and none of them fails.

    They end before app.synth(): the CDK reads there, unlocked, what others are writing. The CDK CLI locks the folder.
    """
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    (entry / "data.bin").write_bytes(os.urandom(3_000_000))
    command = [sys.executable, str(tmp_path / "app.py"), str(entry), str(tmp_path / "cdk.out")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate(timeout=240)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], errors
    assert _are_whole(sorted((tmp_path / "cdk.out").glob("asset.*.zip")))


@needs_mounts
def test_output_folder_without_space(entry: Path, tmp_path: Path) -> None:
    """No space in the output folder is said in those words, and the next synthesis succeeds once there is some."""
    (entry / "data.bin").write_bytes(os.urandom(3_000_000))
    with tmpfs(tmp_path / "small", "size=1m") as output:
        with pytest.raises(BuildError, match=r"Layer 'S/L': .* no space left there. Free some space"):
            _synthesize(entry, output / "cdk.out")
        subprocess.run(["mount", "-o", "remount,size=20m", output], check=True)
        assert _are_whole(_synthesize(entry, output / "cdk.out"))


def test_edits_keep_no_joined_archives(entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each edit of a function's code adds that code to the cache, and not its distributions once more."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    for number in range(4):
        (entry / "handler.py").write_text(f"A = {number}\ndef handler(event, context): ...\n", encoding="utf-8")
        stack = Stack(App(outdir=str(tmp_path / f"cdk.out{number}")), "S")
        LayeredFunction(stack, "F", entry=entry, runtime="python3.13", handler="handler.handler")
    kept = sorted(path.stat().st_size for path in (tmp_path / "cache").rglob("archive.zip"))
    assert len(kept) == 5
    assert sum(size > 5000 for size in kept) == 1
