"""Building three layers for Python 3.13 on x86_64: requests + boto3; pandas; scikit-learn, all pinned."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uv

from benchmarks.pairs import Pair, alternate, runnable, seconds_of, show
from benchmarks.programs import find_python, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS: Final = tuple(sorted((Path(__file__).parent / "layers").iterdir()))
_ROUNDS: Final = 5
_GOALS: Final = {"uv pip install --target (no archive)": 2.0, "pip install -t + zip -r": 10, "sam build": 6}
_FASTER: Final = ("pip install -t + zip -r", "sam build")
"""Whose goal is how many times as fast the library is."""

_SAM: Final = "aws-sam-cli==1.170.0"
_TEMPLATE: Final = """\
Transform: AWS::Serverless-2016-10-31
Resources:
"""
_SAM_LAYER: Final = """\
  {name}:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ContentUri: {path}}}
    Metadata: {{BuildMethod: python3.13, BuildArchitecture: x86_64}}
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs, not_run = _first_builds(folder)
        show("First build of three layers, wheels already downloaded", pairs, not_run=not_run)
        show("One line changed beside 150 MB of dependencies", _changed_line(folder))


def _first_builds(folder: Path) -> tuple[list[Pair], dict[str, str]]:
    """Return what was measured, and what could not be, with the reason."""
    _ours(folder)
    measured: dict[str, Callable[[], float]] = {
        "uv pip install --target (no archive)": partial(_bare_uv, folder),
        "pip install -t + zip -r": partial(_pip_and_zip, folder),
    }
    python = find_python("3.13")
    if python is not None:
        measured["sam build"] = partial(_sam_build, folder, _sam(folder), python)
    others, not_run = runnable(measured)
    if python is None:
        not_run["sam build"] = "it needs a Python 3.13, and none is installed"
    ours, *theirs = alternate(_ROUNDS, partial(_ours, folder), *others.values())
    pairs = [
        Pair("three layers", ours, seconds, name, _GOALS[name], faster=name in _FASTER)
        for name, seconds in zip(others, theirs, strict=True)
    ]
    return pairs, not_run


def _ours(folder: Path) -> float:
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    return _build(cache, *LAYERS)


def _build(cache: Path, *entries: Path) -> float:
    return seconds_of(
        [sys.executable, "-m", "benchmarks.one_build", *entries], environment={"CDK_LAYERS_CACHE_DIR": str(cache)}
    )


def _bare_uv(folder: Path) -> float:
    total = 0.0
    for layer in LAYERS:
        shutil.rmtree(folder / "uv", ignore_errors=True)
        total += seconds_of(
            [
                uv.find_uv_bin(), "pip", "install", "--quiet", "--target", folder / "uv", "--python-version", "3.13",
                "--python-platform", "x86_64-manylinux_2_34", "--only-binary", ":all:",
                "-r", layer / "requirements.txt",
            ]
        )  # fmt: skip
    return total


def _pip_and_zip(folder: Path) -> float:
    total = 0.0
    for layer in LAYERS:
        shutil.rmtree(folder / "pip", ignore_errors=True)
        platforms = [f"manylinux_2_{minor}_x86_64" for minor in (34, 28, 27, 24, 17, 12, 5)]
        total += seconds_of(
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--target", folder / "pip" / "python",
                "--python-version", "3.13", "--implementation", "cp", "--only-binary", ":all:",
                *(f"--platform={platform}" for platform in platforms), "-r", layer / "requirements.txt",
            ]
        )  # fmt: skip
        (folder / "pip.zip").unlink(missing_ok=True)
        total += seconds_of(_zip_command(folder), cwd=folder / "pip")
    return total


def _zip_command(folder: Path) -> list[str | Path]:
    """Return the command for `zip -r`, or one that does the same where there is no zip."""
    program = shutil.which("zip")
    if program:
        return [program, "-qr", folder / "pip.zip", "."]
    code = "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])"
    return [sys.executable, "-c", code, folder / "pip", folder / "pip"]


def _sam(folder: Path) -> list[str | Path]:
    uri = "\n".join(_SAM_LAYER.format(name=layer.name.title(), path=layer) for layer in LAYERS)
    (folder / "template.yaml").write_text(_TEMPLATE + uri)
    return [uv.find_uv_bin(), "tool", "run", "--quiet", "--from", _SAM, "sam"]


def _sam_build(folder: Path, sam: list[str | Path], python: Path) -> float:
    """Measure sam, which takes the Python of the runtime from the PATH."""
    shutil.rmtree(folder / ".aws-sam", ignore_errors=True)
    path = surroundings(python.parent)["PATH"]
    return seconds_of([*sam, "build", "--template", folder / "template.yaml"], cwd=folder, environment={"PATH": path})


def _changed_line(folder: Path) -> list[Pair]:
    entry, cache = folder / "entry", folder / "changed-cache"
    shutil.copytree(next(layer for layer in LAYERS if layer.name == "learning"), entry)
    (entry / "ours.py").write_text("VERSION = 0\n")
    first, changed = [], []
    for round_ in range(1, _ROUNDS + 1):
        shutil.rmtree(cache, ignore_errors=True)
        first.append(_seconds_inside(cache, entry))
        (entry / "ours.py").write_text(f"VERSION = {round_}\n")
        changed.append(_seconds_inside(cache, entry))
    ours, theirs = (
        [statistics.median(column) for column in zip(*seconds, strict=True)] for seconds in (changed, first)
    )
    return [
        Pair("built again", ours[0], theirs[0], "its first build", 0.15),
        Pair("built again, and its archive written to cdk.out", ours[1], theirs[1], "the same the first time", None),
    ]


def _seconds_inside(cache: Path, entry: Path) -> list[float]:
    """Return the seconds of the build alone, without the start of the interpreter around it, and with the archive."""
    report, out = cache.parent / "seconds.txt", cache.parent / "written"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    seconds_of(
        [sys.executable, "-m", "benchmarks.one_build", "--seconds-to", report, "--archives-to", out, entry],
        environment={"CDK_LAYERS_CACHE_DIR": str(cache)},
    )
    return [float(text) for text in report.read_text().split()]


if __name__ == "__main__":
    main()
